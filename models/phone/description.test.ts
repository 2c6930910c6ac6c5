import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkAnswer, groups, hasAttribute, parseSdp, validateSdp } from '../../src/wire/sdp/index.js';
import { chooseLine, makeAnswer, makeOffer, remoteEnd } from './description.js';
import { plainProfile, webRtcProfile } from './index.js';

const FOLDER = 'src/wire/sdp/fixtures/chromium';
const author = {
  sessionId: '42',
  fingerprint: `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
};
const end = { local: { ip: '198.51.100.5', port: 50_000 }, ice: { ufrag: 'ufra', pwd: 'p'.repeat(22) } };

function read(text: string) {
  const parsed = parseSdp(new TextEncoder().encode(text));
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

const offers = readdirSync(FOLDER, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('offer.sdp'))
  .map((name) => ({ name, offer: read(readFileSync(`${FOLDER}/${name}`, 'utf8')) }));

describe('an answer of a phone', () => {
  it.each(offers)(
    'fits $name, takes one line of it and refuses the others, and bundles nothing',
    ({ offer }) => {
      const choice = chooseLine(offer, webRtcProfile('access'));
      if (choice === undefined) {
        const servable = offer.media.some(
          ({ media, proto }) => media === 'audio' && proto === 'UDP/TLS/RTP/SAVPF',
        );
        const described =
          /a=fingerprint/.test(JSON.stringify(offer.media)) || hasAttribute(offer, 'fingerprint');
        expect(servable && described && offer.media.some((line) => hasAttribute(line, 'ice-pwd'))).toBe(
          false,
        );
        return;
      }
      const answer = makeAnswer(offer, choice, author, end, 0);
      expect(checkAnswer(offer, answer)).toEqual([]);
      expect(validateSdp(answer)).toEqual([]);
      expect(groups(answer)).toEqual([]);
      expect(answer.media.map(({ port }) => port)).toEqual(
        offer.media.map((_, index) => (index === choice.index ? 50_000 : 0)),
      );
    },
  );

  it('was made for most of those offers', () => {
    const taken = offers.filter(({ offer }) => chooseLine(offer, webRtcProfile('access')) !== undefined);
    expect(taken.length).toBeGreaterThan(offers.length / 2);
  });
});

describe('an offer of a phone', () => {
  it('has nothing that a validator objects to, with either profile and either family of addresses', () => {
    const plain = makeOffer(plainProfile('core', ['PCMU', 'PCMA', 'AMR-WB', 'telephone-event']), author, {
      local: { ip: '2001:db8:c::30', port: 41_000 },
    });
    expect(validateSdp(plain)).toEqual([]);
    expect(plain.media[0]?.proto).toBe('RTP/AVP');
    expect(plain.media[0]?.connection?.addrType).toBe('IP6');
    expect(validateSdp(makeOffer(webRtcProfile('access'), author, end))).toEqual([]);
  });
});

describe('the far end of a line', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';
  const farEnd = (lines: string) => {
    const description = read(`${head}${lines}`);
    const line = description.media[0];
    return line && remoteEnd(description, line, 'IP4');
  };

  it('is its best UDP candidate of the first component in the own family', () => {
    const candidates = [
      '1 1 UDP 100 192.0.2.7 4000 typ host',
      '2 1 udp 300 192.0.2.8 4002 typ host',
      '3 1 TCP 900 192.0.2.9 9 typ host tcptype active',
      '4 2 UDP 800 192.0.2.10 4003 typ host',
      '5 1 UDP 700 2001:db8::1 4004 typ host',
    ];
    const lines = candidates.map((one) => `a=candidate:${one}\r\n`).join('');
    expect(farEnd(`m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n${lines}`)).toEqual({
      ip: '192.0.2.8',
      port: 4002,
    });
  });

  it('is its connection data without candidates, and nowhere on hold of old or with trickle ICE', () => {
    expect(farEnd('m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n')).toEqual({
      ip: '192.0.2.7',
      port: 4000,
    });
    expect(farEnd('m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n')).toBeUndefined();
    expect(farEnd('m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n')).toBeUndefined();
    expect(farEnd('m=audio 4000 RTP/AVP 0\r\n')).toBeUndefined();
  });
});
