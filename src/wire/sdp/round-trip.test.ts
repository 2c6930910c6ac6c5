import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addAttribute,
  checkAnswer,
  choosePort,
  parseSdp,
  removeAttributes,
  type SessionDescription,
  serializeSdp,
  validateSdp,
} from './index.js';

const folder = fileURLToPath(new URL('./fixtures/chromium/', import.meta.url));
const list = (sub: string) =>
  readdirSync(folder + sub)
    .filter((name) => name.endsWith('.sdp'))
    .map((name) => sub + name);
const browser = list('');
const accept = list('accept/');
const read = (name: string) => readFileSync(folder + name, 'utf8');

function parse(text: string): SessionDescription {
  const result = parseSdp(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

describe('real descriptions', () => {
  test('the fixtures are there', () => {
    expect(browser.length).toBe(40);
    expect(accept.length).toBe(105);
  });

  test.each([...browser, ...accept])('%s is written back line by line, in its order', (name) => {
    const text = read(name);
    const sdp = parse(text);
    const lines = text.split(/\r?\n/).filter((line) => line !== '');
    expect(serializeSdp(sdp)).toBe(lines.map((line) => `${line}\r\n`).join(''));
    expect(structuredClone(sdp)).toEqual(sdp);
    expect(sdp.order).toBe(undefined);
    expect(JSON.parse(JSON.stringify(sdp))).toEqual(sdp);
  });

  test.each(browser)('nothing is found wrong with %s', (name) => {
    expect(validateSdp(parse(read(name)))).toEqual([]);
  });

  test.each(browser.filter((name) => name.includes('offer')))('the answer of a browser fits %s', (name) => {
    const answer = parse(read(name.replace('offer', 'answer')));
    expect(answer.media.length).toBeGreaterThan(0);
    expect(checkAnswer(parse(read(name)), answer)).toEqual([]);
  });

  test.each(accept.filter((name) => name.includes('chromium-answer')))('%s fits its offer', (name) => {
    expect(checkAnswer(parse(read(name.replace('chromium-answer', 'offer'))), parse(read(name)))).toEqual([]);
  });
});

// What the rest of IMS writes and sdp-transform would lose, sort or turn into numbers.
const awkward = [
  'v=0',
  'o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1',
  's= ',
  'i=a seminar',
  'u=http://example.com/x',
  'e=j.doe@example.com (Jane Doe)',
  'p=+1 617 555-6011',
  'c=IN IP4 233.252.0.1/127/3',
  'b=X-YZ:128',
  'b=AS:64',
  't=3724394400 3724398000',
  'r=604800 3600 0 90000',
  'z=3730928400 -1h 3749680800 0',
  'a=group:BUNDLE 0 1',
  'a=ice-lite',
  'a=tls-id:89J2LRATQ3ULA24G9AHWVR31VJWSLB68',
  'm=audio 49170/2 UDP/TLS/RTP/SAVPF 111 0',
  'i=media title',
  'c=IN IP6 2001:db8::1',
  'b=AS:64',
  'b=TIAS:50780',
  'b=RS:0',
  'b=RR:2000',
  'a=rtcp-mux',
  'a=ice-ufrag:1234',
  'a=ice-pwd:0123456789012345678901',
  'a=fingerprint:sha-256 AA:BB',
  'a=fingerprint:SHA-1 CC:DD',
  'a=candidate:1 1 TCP 2128609279 10.0.1.1 9 typ host tcptype active generation 0 ufrag x network-cost 999',
  'a=candidate:1 2 UDP 1 host.example 5 typ srflx raddr 10.0.0.5 rport 9 x-new thing',
  'a=curr:qos local none',
  'a=des:qos mandatory local sendrecv',
  'a=conf:qos remote sendrecv',
  'a=3ge2ae:requested',
  'a=tra-contact:IN IP6 2001:db8:a::10',
  'a=tra-m-line:audio 30000 UDP/TLS/RTP/SAVPF 111 0 126',
  'a=tra-att:fmtp:111 minptime=10;useinbandfec=1',
  'a=sendrecv',
  'a=rtpmap:111 opus/48000/2',
  'a=X-Mixed-Case: leading space and: colons',
  'a=empty:',
  'a=sendrecv',
  'm=application 10001 UDP/DTLS/SCTP webrtc-datachannel',
  'a=sctp-port:5000',
  'a=dcmap:2 label="a;b",subprotocol="msrp",ordered=false',
  'a=dcsa:2 accept-types:text/plain',
  'm=message 2855 TCP/TLS/MSRP *',
  'a=path:msrps://a.example:2855/s;tcp',
  'a=setup:actpass',
].map((line) => `${line}\r\n`);

describe('made-up descriptions', () => {
  test('everything IMS adds is written back, and needs no stored order', () => {
    const sdp = parse(awkward.join(''));
    expect(serializeSdp(sdp)).toBe(awkward.join(''));
    expect([sdp.order, ...sdp.media.map(({ order }) => order)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('lines out of order, repeated, unknown or ill-formed are written back where they stood', () => {
    const text = `s=x\r\nv=0\r\nq=?\r\no=- 1 18446744073709551615 IN IP4 a\r\no=bad\r\nt=0 0\r\na=x\r\nc=IN IP4 a\r\nm=audio 9 RTP/AVP 0\r\na=1\r\nb=AS:x\r\nc=IN IP4 b\r\na=2\r\nb=AS:1\r\nc=IN IP4 c\r\nv=1\r\n`;
    const sdp = parse(text);
    expect(serializeSdp(sdp)).toBe(text);
    expect(sdp.otherLines.map(({ type }) => type)).toEqual(['q', 'o', 'o']);
  });

  test('any text of lines is written back as it was', () => {
    const chars = fc.constantFrom(...'vosiuepcbtrzkaaax');
    const value = fc.oneof(
      fc.constantFrom('IN IP4 a', 'AS:1', '0 0', '0', '- 1 1 IN IP4 a', 'x', 'x:y', 'x:', ''),
      fc.string().map((text) => text.replace(/[\r\n]/g, '')),
    );
    const line = fc.tuple(chars, value).map(([type, text]) => `${type}=${text}\r\n`);
    const section = fc.array(line, { maxLength: 12 }).map((lines) => lines.join(''));
    const document = fc.tuple(section, fc.array(section, { maxLength: 3 })).map(([session, media]) => {
      return session + media.map((text) => `m=audio 5 RTP/AVP 0 8\r\n${text}`).join('');
    });
    fc.assert(
      fc.property(document, (text) => {
        expect(serializeSdp(parse(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('parse(serialize(x)) is x for values', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9.-]{1,8}$/);
    const connection = fc.record({ netType: word, addrType: word, address: word });
    const attribute = fc.record(
      { name: word, value: fc.string().map((text) => text.replace(/[\r\n]/g, '')) },
      { requiredKeys: ['name'] },
    );
    const shared = {
      bandwidth: fc.array(fc.record({ type: word, value: fc.nat() }), { maxLength: 3 }),
      attributes: fc.array(attribute, { maxLength: 6 }),
      otherLines: fc.constant([]),
    };
    const port = fc.integer({ min: choosePort - 1, max: 65535 });
    const media = fc.record(
      { media: word, port, portCount: fc.nat(), proto: word, formats: fc.array(word), connection, ...shared },
      { requiredKeys: ['media', 'port', 'proto', 'formats', 'bandwidth', 'attributes', 'otherLines'] },
    );
    const number = fc.maxSafeNat();
    const origin = fc.record({
      ...{
        username: word,
        sessionId: word,
        sessionVersion: number,
        netType: word,
        addrType: word,
        address: word,
      },
    });
    const sdp = fc.record(
      {
        version: fc.nat(),
        origin,
        name: word,
        connection,
        timing: fc.array(fc.record({ start: number, stop: number }), { maxLength: 2 }),
        media: fc.array(media, { maxLength: 3 }),
        ...shared,
      },
      { requiredKeys: ['timing', 'media', 'bandwidth', 'attributes', 'otherLines'] },
    );
    fc.assert(
      fc.property(sdp, (value) => {
        expect(parseSdp(serializeSdp(value))).toEqual({ ok: true, value });
      }),
    );
  });

  test('an edited description that was out of order is written in the order of RFC 8866', () => {
    const sdp = parse('v=0\r\ns=-\r\na=x\r\na=y\r\nc=IN IP4 a\r\n');
    expect(sdp.order).toBe('vsaac');
    expect(serializeSdp(addAttribute(sdp, 'z'))).toBe('v=0\r\ns=-\r\nc=IN IP4 a\r\na=x\r\na=y\r\na=z\r\n');
    expect(serializeSdp(removeAttributes(sdp, ['x']))).toBe('v=0\r\ns=-\r\nc=IN IP4 a\r\na=y\r\n');
  });
});

describe('errors', () => {
  test('a line that is no line of SDP is refused at its byte', () => {
    expect(parseSdp('v=0\r\ns=é\r\nnonsense\r\n')).toEqual({
      ok: false,
      error: { what: 'not a line of SDP', offset: 11, expected: 'a letter and =' },
    });
    expect(parseSdp(new TextEncoder().encode('v=0\n\ns=-\n'))).toMatchObject({
      ok: false,
      error: { offset: 4 },
    });
    expect(parseSdp('\r\n')).toMatchObject({ ok: true });
  });

  test.each(['audio', 'audio x RTP/AVP 0', 'audio 070 RTP/AVP 0', 'audio 5/x RTP/AVP 0'])(
    'm=%s is refused',
    (value) => {
      expect(parseSdp(`v=0\r\nm=${value}\r\n`)).toMatchObject({ ok: false, error: { offset: 5 } });
    },
  );

  test('no input makes the parser or the validator throw', () => {
    const run = (input: string | Uint8Array) => {
      const result = parseSdp(input);
      if (result.ok) {
        validateSdp(result.value);
        checkAnswer(result.value, result.value);
        serializeSdp(result.value);
      }
    };
    const base = read('audio-video.offer.sdp');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), run));
    const at = fc.nat(base.length - 1);
    fc.assert(
      fc.property(at, at, fc.string(), (from, length, put) =>
        run(base.slice(0, from) + put + base.slice(from + (length % 40))),
      ),
      { numRuns: 500 },
    );
  });
});
