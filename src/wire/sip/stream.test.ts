import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSip, SipStreamParser, type StreamItem, serializeSip, validateSip } from './index.js';

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

const options =
  'OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nContent-Length: 3\r\n\r\nabc';
const response = 'SIP/2.0 200 OK\r\nl:0\r\n\r\n';

function summary(items: readonly StreamItem[]): string[] {
  return items.map((item) => {
    if (item.kind === 'error') return `error at ${item.error.offset}`;
    if (item.kind !== 'message') return `${item.kind} to ${item.end}`;
    const { message } = item;
    const start = message.kind === 'request' ? message.method : message.status;
    return `${start} ${new TextDecoder().decode(message.body)} to ${item.end}`;
  });
}

describe('a SIP byte stream', () => {
  it('is divided by Content-Length, with the offset after each item', () => {
    const length = options.length;
    expect(summary(new SipStreamParser().push(bytes(`${options}${response}\r\n\r\n\r\n`)))).toEqual([
      `OPTIONS abc to ${length}`,
      `200  to ${length + response.length}`,
      `ping to ${length + response.length + 4}`,
      `pong to ${length + response.length + 6}`,
    ]);
  });

  it('gives the same items however it is cut', () => {
    const stream = bytes(`${options}\r\n\r\n${response}${options}`);
    const whole = summary(new SipStreamParser().push(stream)).filter((item) => !item.startsWith('p'));
    for (let cut = 1; cut < stream.length; cut++) {
      const parser = new SipStreamParser();
      const items = [...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))];
      // A ping cut in two arrives as two CRLFs: which of the two it was cannot be told any more.
      expect(
        summary(items).filter((item) => !item.startsWith('p')),
        `cut at ${cut}`,
      ).toEqual(whole);
    }
    const parser = new SipStreamParser();
    const one = [...stream].flatMap((byte) => parser.push(Uint8Array.of(byte)));
    expect(summary(one).filter((item) => !item.startsWith('p'))).toEqual(whole);
  });

  it('knows pings and pongs by the end it is at, also when they come in pieces (RFC 5626 3.5.1)', () => {
    const items = (expects: 'ping' | 'pong' | undefined, ...pieces: string[]): string[] => {
      const parser = new SipStreamParser(expects === undefined ? {} : { expects });
      return summary(pieces.flatMap((piece) => parser.push(bytes(piece))));
    };
    expect(items('ping', '\r', '\n', '\r', '\n')).toEqual(['ping to 4']);
    expect(items('ping', '\r\n', '\r\n', '\r\n')).toEqual(['ping to 4']);
    expect(items('ping', '\r\n', response)).toEqual(['pong to 2', `200  to ${response.length + 2}`]);
    expect(items('pong', '\r\n\r\n')).toEqual(['pong to 2', 'pong to 4']);
    expect(items('pong', '\r\n\r')).toEqual(['pong to 2']);
    expect(items(undefined, '\r\n')).toEqual(['pong to 2']);
    expect(items(undefined, '\r\n\r', '\n')).toEqual(['ping to 4']);
  });

  it('holds every message of a real client and of the torture set that has a Content-Length', () => {
    for (const folder of ['jssip', 'rfc4475']) {
      const url = new URL(`./fixtures/${folder}/`, import.meta.url);
      const written: Uint8Array[] = [];
      for (const name of readdirSync(url).filter((file) => !file.endsWith('.md'))) {
        const parsed = parseSip(new Uint8Array(readFileSync(new URL(name, url))));
        if (parsed.ok && validateSip(parsed.value).every(({ status }) => status === 0)) {
          written.push(serializeSip(parsed.value));
        }
      }
      expect(written.length).toBeGreaterThan(20);
      const parser = new SipStreamParser();
      const items = written.flatMap((each) => parser.push(each));
      expect(items.map((item) => item.kind)).toEqual(written.map(() => 'message'));
      expect(items.map((item) => (item.kind === 'message' ? serializeSip(item.message) : item))).toEqual(
        written,
      );
    }
  });

  it('ends with an error at the offset of what cannot be a message, after what came before it', () => {
    expect(summary(new SipStreamParser().push(bytes(`${response}nonsense\r\n\r\n${response}`)))).toEqual([
      `200  to ${response.length}`,
      `error at ${response.length}`,
    ]);
    expect(summary(new SipStreamParser().push(bytes('\rx')))).toEqual(['error at 1']);
  });

  it('without a usable Content-Length gives the message to answer, then the error', () => {
    const parser = new SipStreamParser();
    const items = parser.push(bytes('INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c\r\n\r\nv=0'));
    expect(items.map((item) => item.kind)).toEqual(['message', 'error']);
    const [item] = items;
    const named =
      item?.kind === 'message' && validateSip(item.message).find(({ where }) => where === 'Content-Length');
    expect(named).toMatchObject({ status: 400 });
    expect(parser.push(bytes(response))).toEqual([]);
  });

  it('is bounded: a head or a body above the limit ends it', () => {
    const parser = new SipStreamParser({ head: 100, body: 10 });
    expect(summary(parser.push(bytes(response)))).toEqual(['200  to 23']);
    const body = new SipStreamParser({ body: 2 }).push(bytes(options));
    expect(body.map((item) => item.kind)).toEqual(['message', 'error']);
    expect(body[0]?.kind === 'message' && body[0].message.defects[0]?.status).toBe(413);
    let fed = 0;
    for (; fed < 1000 && !parser.closed; fed++) parser.push(bytes('X'));
    expect(fed).toBe(101);
  });
});
