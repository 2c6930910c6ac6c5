import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HttpHeader,
  httpRequest,
  parseHttpRequest,
  parseHttpResponse,
  serializeHttp,
} from '../http/index.js';
import vectors from './fixtures/websocket.json' with { type: 'json' };
import {
  acceptKey,
  CLOSE_CODE,
  checkUpgradeRequest,
  checkUpgradeResponse,
  decodeClose,
  encodeClose,
  encodeFrame,
  FrameParser,
  OPCODE,
  upgradeRefusalResponse,
  upgradeRequest,
  upgradeResponse,
  validateFrame,
  type WebSocketFrame,
  WebSocketReceiver,
  webSocketKey,
} from './index.js';

const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const utf8 = (text: string) => new TextEncoder().encode(text);
const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const key = fromHex('37fa213d');
const frame = (
  opcode: number,
  payload: Uint8Array | string,
  more: Partial<WebSocketFrame> = {},
): WebSocketFrame => ({
  fin: true,
  rsv: 0,
  opcode,
  payload: typeof payload === 'string' ? utf8(payload) : payload,
  ...more,
});
const atServer = (...frames: WebSocketFrame[]) =>
  new WebSocketReceiver({ side: 'server' }).push(
    concat(frames.map((one) => encodeFrame({ ...one, maskingKey: key }))),
  );

const anyFrame: fc.Arbitrary<WebSocketFrame> = fc
  .record({
    fin: fc.boolean(),
    rsv: fc.nat(7),
    opcode: fc.nat(15),
    maskingKey: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(0, 125, 126, 127, 65535, 65536).map((length) => new Uint8Array(length).fill(7)),
    ),
  })
  .map(({ maskingKey, ...rest }) => (maskingKey ? { ...rest, maskingKey } : rest));

describe('the opening handshake', () => {
  const nonce = utf8('the sample nonce');

  it('answers the key of RFC 6455 1.3', () => {
    expect(webSocketKey(nonce)).toBe(vectors.accept.key);
    expect(acceptKey(vectors.accept.key)).toBe(vectors.accept.accept);
  });

  it('agrees over real bytes on a subprotocol', () => {
    const sent = { key: webSocketKey(nonce), protocols: ['msrp', 'sip'] };
    const raw = serializeHttp(
      upgradeRequest({ host: 'epcscf.example', origin: 'https://wwsf.example', ...sent }),
    );
    const request = parseHttpRequest(raw);
    const offer = request.ok && checkUpgradeRequest(request.value);
    expect(offer).toEqual({ ok: true, value: { ...sent, target: '/', origin: 'https://wwsf.example' } });
    const response = parseHttpResponse(serializeHttp(upgradeResponse({ key: sent.key, protocol: 'sip' })));
    expect(response.ok && checkUpgradeResponse(response.value, sent)).toEqual({
      ok: true,
      value: { protocol: 'sip' },
    });
  });

  it('is refused by the server with the status that RFC 6455 4.2.1 and 4.4 owe', () => {
    const good = upgradeRequest({ host: 'h', key: vectors.accept.key });
    const change = (name: string, value?: string): HttpHeader[] =>
      good.headers.flatMap((field) =>
        field.name !== name ? [field] : value === undefined ? [] : [{ name, value }],
      );
    const status = (request: typeof good) => {
      const checked = checkUpgradeRequest(request);
      return checked.ok ? 101 : upgradeRefusalResponse(checked.error).status;
    };
    expect(status(good)).toBe(101);
    expect(status({ ...good, headers: change('Connection', 'keep-alive, UPGRADE') })).toBe(101);
    expect(status({ ...good, method: 'POST' })).toBe(405);
    expect(status({ ...good, version: '1.0' })).toBe(400);
    expect(status({ ...good, headers: change('Host') })).toBe(400);
    expect(status({ ...good, headers: change('Upgrade', 'h2c') })).toBe(426);
    expect(status({ ...good, headers: change('Connection', 'close') })).toBe(400);
    expect(status({ ...good, headers: change('Sec-WebSocket-Version', '8') })).toBe(426);
    expect(status({ ...good, headers: change('Sec-WebSocket-Key', 'c2hvcnQ=') })).toBe(400);
    expect(status({ ...good, headers: change('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZR==') })).toBe(400);
    expect(status({ ...good, headers: change('Sec-WebSocket-Key') })).toBe(400);
    expect(status(httpRequest({ method: 'GET', target: '/' }))).toBe(400);
  });

  it('is failed by the client on any response that does not answer it (RFC 6455 4.1)', () => {
    const sent = { key: vectors.accept.key, protocols: ['sip'] };
    const good = upgradeResponse({ key: sent.key, protocol: 'sip' });
    const ok = (response: typeof good) => checkUpgradeResponse(response, sent).ok;
    const replaced = (name: string, value: string) => ({
      ...good,
      headers: [...good.headers.filter((field) => field.name !== name), { name, value }],
    });
    expect(ok(good)).toBe(true);
    expect(ok(upgradeResponse({ key: sent.key }))).toBe(true);
    expect(ok({ ...good, status: 200 })).toBe(false);
    expect(ok(replaced('Upgrade', 'other'))).toBe(false);
    expect(ok(replaced('Connection', 'close'))).toBe(false);
    expect(ok(replaced('Sec-WebSocket-Accept', acceptKey('other')))).toBe(false);
    expect(ok(replaced('Sec-WebSocket-Protocol', 'msrp'))).toBe(false);
    expect(ok(replaced('Sec-WebSocket-Extensions', 'permessage-deflate'))).toBe(false);
  });
});

describe('frames', () => {
  it('are the bytes of RFC 6455 5.7', () => {
    const [plain, masked] = vectors.frames;
    expect(toHex(encodeFrame(frame(OPCODE.text, 'Hello')))).toBe(plain?.hex);
    expect(toHex(encodeFrame(frame(OPCODE.text, 'Hello', { maskingKey: key })))).toBe(masked?.hex);
  });

  it('come back from a stream cut anywhere, each with its offsets', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 4 }), fc.integer({ min: 1, max: 5000 }), (frames, size) => {
        const parts = frames.map(encodeFrame);
        let end = 300;
        const expected = frames.map((one, i) => {
          const start = end;
          end += (parts[i] as Uint8Array).length;
          return { frame: one, start, end };
        });
        const stream = concat(parts);
        const parser = new FrameParser({ start: 300 });
        const seen: unknown[] = [];
        for (let at = 0; at < stream.length; at += size)
          seen.push(...parser.push(stream.slice(at, at + size)).frames);
        expect(seen).toEqual(expected);
        expect(parser.offset).toBe(end);
      }),
      { numRuns: 50 },
    );
  });

  it('are refused when their length is not in the shortest form, or beyond 2^63, or beyond the limit (RFC 6455 5.2)', () => {
    const closeCode = (hex: string, maxPayloadBytes = 1 << 20) =>
      new FrameParser({ maxPayloadBytes }).push(fromHex(hex)).error?.closeCode;
    expect(closeCode('827e007d')).toBe(1002);
    expect(closeCode('827e007e')).toBeUndefined();
    expect(closeCode('827f000000000000ffff')).toBe(1002);
    expect(closeCode('827f0000000000010000')).toBeUndefined();
    expect(closeCode('827f8000000000010000')).toBe(1002);
    expect(closeCode('827f0000000000200000')).toBe(1009);
    expect(closeCode('8205', 4)).toBe(1009);
  });

  it('are judged by the rules of RFC 6455 5.1, 5.2 and 5.5', () => {
    const where = (one: WebSocketFrame, side: 'client' | 'server' = 'client') =>
      validateFrame(one, side).map((finding) => finding.where);
    expect(where(frame(OPCODE.text, 'a'))).toEqual([]);
    expect(where(frame(OPCODE.text, 'a', { maskingKey: key }), 'server')).toEqual([]);
    expect(where(frame(OPCODE.text, 'a', { maskingKey: key }))).toEqual(['MASK']);
    expect(where(frame(OPCODE.text, 'a'), 'server')).toEqual(['MASK']);
    expect(where(frame(OPCODE.text, 'a', { rsv: 4 }))).toEqual(['RSV']);
    for (const opcode of [3, 7, 11, 15]) expect(where(frame(opcode, ''))).toEqual(['opcode']);
    expect(where(frame(OPCODE.ping, '', { fin: false }))).toEqual(['FIN']);
    expect(where(frame(OPCODE.ping, 'a'.repeat(126)))).toEqual(['payload length']);
    expect(where(frame(OPCODE.ping, 'a'.repeat(125)))).toEqual([]);
  });
});

describe('the receiver', () => {
  it('joins fragments, with control frames between them (RFC 6455 5.4)', () => {
    const bytes = utf8('☎ call');
    const { events, error } = atServer(
      frame(OPCODE.text, bytes.slice(0, 1), { fin: false }),
      frame(OPCODE.ping, 'p'),
      frame(OPCODE.continuation, bytes.slice(1, 2), { fin: false }),
      frame(OPCODE.continuation, bytes.slice(2)),
      frame(OPCODE.binary, bytes),
      frame(OPCODE.pong, ''),
    );
    expect(error).toBeUndefined();
    expect(events.map(({ kind }) => kind)).toEqual(['ping', 'text', 'binary', 'pong']);
    expect(events[1]).toEqual({ kind: 'text', text: '☎ call', data: bytes, end: 7 + 7 + 7 + 6 + 6 });
    expect(events[2]).toMatchObject({ data: bytes });
  });

  it('fails the connection with the code of RFC 6455 7.4.1', () => {
    const code = (...frames: WebSocketFrame[]) => atServer(...frames).error?.closeCode;
    expect(code(frame(OPCODE.continuation, 'a'))).toBe(1002);
    expect(code(frame(OPCODE.text, 'a', { fin: false }), frame(OPCODE.text, 'b'))).toBe(1002);
    expect(code(frame(OPCODE.text, Uint8Array.of(0xc3, 0x28)))).toBe(1007);
    expect(code(frame(OPCODE.text, 'a', { rsv: 1 }))).toBe(1002);
    expect(code(frame(OPCODE.close, Uint8Array.of(3)))).toBe(1002);
    expect(code(frame(OPCODE.close, Uint8Array.of(0x03, 0xed)))).toBe(1002);
    expect(code(frame(OPCODE.close, Uint8Array.of(0x03, 0xe8, 0xff)))).toBe(1007);
    const third = new Uint8Array(400_000);
    const whole = [frame(OPCODE.binary, third, { fin: false }), frame(OPCODE.continuation, third)];
    expect(code(...whole, ...whole)).toBeUndefined();
    const half = new Uint8Array(600_000);
    expect(code(frame(OPCODE.binary, half, { fin: false }), frame(OPCODE.continuation, half))).toBe(1009);
    const unmasked = new WebSocketReceiver({ side: 'server' }).push(encodeFrame(frame(OPCODE.text, 'a')));
    expect(unmasked.error).toMatchObject({ closeCode: 1002, offset: 0 });
  });

  it('delivers what came before an error, and nothing after a Close or an error', () => {
    const failed = atServer(frame(OPCODE.text, 'a'), frame(3, ''), frame(OPCODE.text, 'b'));
    expect(failed.events).toHaveLength(1);
    expect(failed.error?.offset).toBe(7);
    const receiver = new WebSocketReceiver({ side: 'client' });
    const close = encodeFrame(
      frame(OPCODE.close, encodeClose({ code: CLOSE_CODE.goingAway, reason: 'bye' })),
    );
    const { events } = receiver.push(concat([close, encodeFrame(frame(OPCODE.text, 'late'))]));
    expect(events).toEqual([{ kind: 'close', code: 1001, reason: 'bye', end: close.length }]);
    expect(receiver.push(encodeFrame(frame(OPCODE.text, 'later')))).toEqual({ events: [] });
  });

  it('never throws, whatever the bytes', () => {
    const mutated = fc
      .tuple(
        fc.array(anyFrame, { maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(50), fc.nat(255)), { maxLength: 4 }),
      )
      .map(([frames, changes]) => {
        const data = concat(frames.map(encodeFrame)).slice(0, 1000);
        for (const [at, to] of changes) if (at < data.length) data[at] = to;
        return data;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated), fc.boolean(), (data, server) => {
        const { error } = new WebSocketReceiver({ side: server ? 'server' : 'client' }).push(data);
        if (error) expect(error.offset).toBeLessThan(data.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Close payloads', () => {
  it('come back from their bytes', () => {
    const codes = fc.oneof(
      fc.constantFrom(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011),
      fc.integer({ min: 3000, max: 4999 }),
    );
    fc.assert(
      fc.property(codes, fc.string({ unit: 'grapheme', maxLength: 20 }), (code, reason) => {
        fc.pre(utf8(reason).length <= 123);
        expect(decodeClose(encodeClose({ code, reason }))).toEqual({ ok: true, value: { code, reason } });
      }),
    );
    expect(decodeClose(encodeClose({ reason: '' }))).toEqual({ ok: true, value: { reason: '' } });
  });

  it('keep a long reason within a control frame, cut at a character', () => {
    const payload = encodeClose({ code: 1000, reason: '☎'.repeat(42) });
    expect(payload.length).toBe(2 + 41 * 3);
    expect(decodeClose(payload)).toMatchObject({ ok: true });
    expect(encodeClose({ code: 1000, reason: `a${'☎'.repeat(42)}` }).length).toBe(2 + 1 + 40 * 3);
  });
});
