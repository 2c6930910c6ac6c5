import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HttpHeader,
  type HttpMessage,
  HttpRequestParser,
  HttpResponseParser,
  hasToken,
  header,
  headerElements,
  httpRequest,
  httpResponse,
  keepsAlive,
  parseHttpRequest,
  parseHttpResponse,
  serializeHttp,
  validateHttp,
} from './index.js';

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (data: Uint8Array) => String.fromCharCode(...data);
const request = (raw: string) => {
  const read = parseHttpRequest(bytes(raw));
  if (!read.ok) throw new Error(read.error.what);
  return read.value;
};
const refusal = (raw: string, limits = {}) => {
  const parser = new HttpRequestParser({ limits });
  return parser.push(bytes(raw)).error ?? parser.finish().error;
};

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const token = fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 12 });
const isFraming = (name: string) => /^(content-length|transfer-encoding|connection|upgrade)$/i.test(name);
const value = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  })
  .map((raw) => raw.replace(/^[ \t]+|[ \t]+$/g, ''));
const headers: fc.Arbitrary<HttpHeader[]> = fc.array(
  fc.record({ name: token.filter((name) => !isFraming(name)), value }),
  {
    maxLength: 5,
  },
);
const body = fc.uint8Array({ maxLength: 60 });
const target = fc.string({ unit: fc.constantFrom(...'/abc?=&%20.~-'), minLength: 1 });
const chunked = { name: 'Transfer-Encoding', value: 'chunked' };
const anyRequest = fc
  .record({
    method: token.filter((name) => name !== 'CONNECT'),
    target,
    headers,
    body,
    chunks: fc.boolean(),
    trailers: headers,
  })
  .map(({ method, target, headers, body, chunks, trailers }) => {
    const built = httpRequest({ method, target, headers: chunks ? [...headers, chunked] : headers, body });
    return chunks && trailers.length > 0 ? { ...built, trailers } : built;
  });
const anyResponse = fc
  .record({ status: fc.integer({ min: 200, max: 599 }), reason: value, headers, body, chunks: fc.boolean() })
  .map(({ chunks, headers, body, ...rest }) => {
    const bodyless = rest.status === 204 || rest.status === 304;
    return httpResponse({
      ...rest,
      headers: chunks && !bodyless ? [...headers, chunked] : headers,
      body: bodyless ? new Uint8Array(0) : body,
    });
  });

/** Feeds the bytes in pieces cut at the given places. */
function inPieces(data: Uint8Array, cuts: readonly number[], push: (piece: Uint8Array) => void): void {
  const places = [...new Set(cuts.map((cut) => cut % (data.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const place of [...places, data.length]) {
    push(data.slice(from, place));
    from = place;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('HTTP messages', () => {
  it('come back from their bytes as they were, one by one', () => {
    fc.assert(
      fc.property(anyRequest, (message) => {
        expect(parseHttpRequest(serializeHttp(message))).toEqual({ ok: true, value: message });
      }),
    );
    fc.assert(
      fc.property(anyResponse, (message) => {
        expect(parseHttpResponse(serializeHttp(message))).toEqual({ ok: true, value: message });
      }),
    );
  });

  it('come back from a stream cut anywhere, each with its offsets', () => {
    const check = <M extends HttpMessage>(
      messages: readonly M[],
      cuts: readonly number[],
      parser: {
        push(chunk: Uint8Array): {
          messages: readonly { message: M; start: number; end: number }[];
          error?: unknown;
        };
      },
    ) => {
      const parts = messages.map(serializeHttp);
      let end = 1000;
      const expected = messages.map((message, i) => {
        const start = end;
        end += (parts[i] as Uint8Array).length;
        return { message, start, end };
      });
      const seen: unknown[] = [];
      inPieces(concat(parts), cuts, (piece) => {
        const result = parser.push(piece);
        expect(result.error).toBeUndefined();
        seen.push(...result.messages);
      });
      expect(seen).toEqual(expected);
    };
    const cuts = fc.array(fc.nat(2000), { maxLength: 10 });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 4 }), cuts, (all, places) =>
        check(all, places, new HttpRequestParser({ start: 1000 })),
      ),
    );
    fc.assert(
      fc.property(fc.array(anyResponse, { maxLength: 4 }), cuts, (all, places) =>
        check(all, places, new HttpResponseParser({ start: 1000 })),
      ),
    );
  });

  it('never make the parsers throw: random, truncated and mutated bytes give messages or one error', () => {
    const mutated = fc
      .tuple(anyRequest, fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 4 }), fc.nat(500))
      .map(([message, changes, length]) => {
        const data = serializeHttp(message);
        for (const [at, to] of changes) data[at % data.length] = to;
        return data.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (data) => {
        for (const parser of [new HttpRequestParser(), new HttpResponseParser()]) {
          const { error } = parser.push(data);
          if (error) expect(error.offset).toBeLessThanOrEqual(data.length);
          parser.finish();
          if (error) expect(parser.push(bytes('GET / HTTP/1.1\r\n\r\n'))).toEqual({ messages: [] });
        }
        parseHttpRequest(data);
        parseHttpResponse(data);
      }),
      { numRuns: 500 },
    );
  });

  it('get their framing where it is needed (RFC 9110 8.6)', () => {
    expect(text(serializeHttp(httpRequest({ method: 'GET', target: '/', headers: { Host: 'a' } })))).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    expect(text(serializeHttp(httpRequest({ method: 'POST', target: '/t', body: 'x=1' })))).toBe(
      'POST /t HTTP/1.1\r\nContent-Length: 3\r\n\r\nx=1',
    );
    expect(text(serializeHttp(httpResponse({ status: 204 })))).toBe('HTTP/1.1 204 No Content\r\n\r\n');
    expect(text(serializeHttp(httpResponse({ status: 404 })))).toBe(
      'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it('cannot be made to carry another message in a field (RFC 9110 5.5)', () => {
    const evil = (headers: HttpHeader[]) => serializeHttp(httpResponse({ status: 200, headers }));
    expect(() => evil([{ name: 'Location', value: 'a\r\nSet-Cookie: b' }])).toThrow(RangeError);
    expect(() => evil([{ name: 'A\nB', value: '' }])).toThrow(RangeError);
    expect(() => evil([{ name: 'A', value: '☎' }])).toThrow(RangeError);
    expect(() => serializeHttp(httpRequest({ method: 'GET', target: '/\r\nA: b' }))).toThrow(RangeError);
  });
});

describe('header fields', () => {
  it('are found in any case, in order, and as lists', () => {
    const { headers } = request('GET / HTTP/1.1\r\nAccept: a, b\r\nHOST:h\r\naccept:  ,c \r\n\r\n');
    expect(header(headers, 'Host')).toBe('h');
    expect(header(headers, 'accept')).toBe('a, b');
    expect(headerElements(headers, 'Accept')).toEqual(['a', 'b', 'c']);
    expect(hasToken(headers, 'ACCEPT', 'C')).toBe(true);
    expect(header(headers, 'absent')).toBeUndefined();
  });

  it('say whether the connection stays open (RFC 9112 9.3)', () => {
    expect(keepsAlive(request('GET / HTTP/1.1\r\n\r\n'))).toBe(true);
    expect(keepsAlive(request('GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n'))).toBe(false);
    expect(keepsAlive(request('GET / HTTP/1.0\r\n\r\n'))).toBe(false);
    expect(keepsAlive(request('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'))).toBe(true);
  });

  it('are read over folded lines as one with spaces (RFC 9112 5.2)', () => {
    expect(request('GET / HTTP/1.1\r\nA: b\r\n\t c\r\n\r\n').headers).toEqual([{ name: 'A', value: 'b c' }]);
  });
});

describe('the request parser', () => {
  it('skips empty lines before a request and takes bare LF (RFC 9112 2.2)', () => {
    expect(request('\r\n\nGET /a HTTP/1.1\nHost: h\n\n')).toMatchObject({
      target: '/a',
      headers: [{ name: 'Host', value: 'h' }],
    });
  });

  it('decodes chunks, their extensions and trailers (RFC 9112 7.1)', () => {
    const raw =
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;a="b"\r\nWiki\r\n5\r\npedia\r\n0\r\nX: y\r\n\r\n';
    const message = request(raw);
    expect(text(message.body)).toBe('Wikipedia');
    expect(message.trailers).toEqual([{ name: 'X', value: 'y' }]);
  });

  it('refuses what would let two readers disagree about the framing', () => {
    const post = 'POST / HTTP/1.1\r\n';
    const cases: readonly (readonly [string, number, string])[] = [
      [`${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400, 'Content-Length values differ'],
      [`${post}Content-Length: +1\r\n\r\n`, 400, 'Content-Length is not a number'],
      [`${post}Content-Length : 1\r\n\r\n`, 400, 'field line without a field name and colon'],
      [
        `${post}Transfer-Encoding: chunked, gzip\r\n\r\n`,
        400,
        'the last transfer coding of a request is not chunked',
      ],
      [`${post}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501, 'transfer coding gzip is not supported'],
      [`${post}Transfer-Encoding: chunked\r\n\r\nx\r\n`, 400, 'chunk size is not a number'],
      [`${post}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, 400, 'chunk is longer than its size'],
      [`${post}A: b\rc\r\n\r\n`, 400, 'bare CR or NUL in a line'],
      [`${post} A: b\r\n\r\n`, 400, 'field section begins with whitespace'],
      ['GET  / HTTP/1.1\r\n\r\n', 400, 'not a request line'],
      ['GET / HTTX/1.1\r\n\r\n', 400, 'not an HTTP version'],
      [`${post}Content-Length: 5\r\n\r\nabc`, 400, 'connection closed inside an HTTP message'],
    ];
    for (const [raw, status, what] of cases) expect(refusal(raw), raw).toMatchObject({ status, what });
    expect(refusal(`${post}Content-Length: 1, 1\r\n\r\na`)).toBeUndefined();
  });

  it('holds no more than its limits', () => {
    expect(refusal(`GET /${'a'.repeat(100)}`, { lineBytes: 50 })).toMatchObject({ status: 414 });
    expect(refusal(`GET / HTTP/1.1\r\nA: ${'a'.repeat(100)}`, { lineBytes: 50 })).toMatchObject({
      status: 431,
    });
    expect(refusal('GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n', { fields: 2 })).toMatchObject({
      status: 431,
    });
    expect(refusal('POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n', { bodyBytes: 8 })).toMatchObject({
      status: 413,
    });
    const chunks = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\n';
    expect(refusal(chunks, { bodyBytes: 8 })).toMatchObject({ status: 413 });
  });

  it('waits behind a request for an upgrade: the rest goes to the next protocol, or on as HTTP', () => {
    const upgrade = 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    const next = 'GET /a HTTP/1.1\r\n\r\n';
    const declined = new HttpRequestParser();
    expect(declined.push(bytes(upgrade + next)).messages).toHaveLength(1);
    expect(declined.paused).toBe(true);
    expect(declined.push(bytes(next)).messages).toEqual([]);
    expect(declined.resume().messages.map(({ message }) => message.target)).toEqual(['/a', '/a']);
    const accepted = new HttpRequestParser({ start: 7 });
    accepted.push(bytes(`${upgrade}rest`));
    expect(accepted.takeRest()).toEqual({ bytes: bytes('rest'), offset: 7 + upgrade.length });
    expect(accepted.resume().messages).toEqual([]);
  });
});

describe('the response parser', () => {
  it('knows the responses without a body (RFC 9112 6.3)', () => {
    const parser = new HttpResponseParser();
    parser.expect('HEAD');
    parser.expect('GET');
    parser.expect('GET');
    const raw =
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n' +
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\na';
    const { messages } = parser.push(bytes(raw));
    expect(messages.map(({ message }) => [message.status, message.body.length])).toEqual([
      [103, 0],
      [200, 0],
      [304, 0],
      [200, 1],
    ]);
  });

  it('leaves the bytes behind a 101 and behind a tunnel to the next protocol', () => {
    const raw = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
    const parser = new HttpResponseParser();
    expect(parser.push(bytes(`${raw}\x81\x00`)).messages[0]?.end).toBe(raw.length);
    expect(parser.takeRest()).toEqual({ bytes: Uint8Array.of(0x81, 0), offset: raw.length });
    const tunnel = new HttpResponseParser();
    tunnel.expect('CONNECT');
    expect(tunnel.push(bytes('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc')).messages).toHaveLength(1);
    expect(text(tunnel.takeRest().bytes)).toBe('abc');
  });

  it('ends a body of unknown length with the connection', () => {
    const parser = new HttpResponseParser();
    expect(parser.push(bytes('HTTP/1.1 200 OK\r\n\r\nab')).messages).toEqual([]);
    parser.push(bytes('cd'));
    expect(parser.finish().messages.map(({ message, end }) => [text(message.body), end])).toEqual([
      ['abcd', 23],
    ]);
  });
});

describe('the validator', () => {
  it('finds what the parser lets pass', () => {
    const rules = (raw: string) => validateHttp(request(raw)).map(({ rule }) => rule);
    expect(rules('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toEqual([]);
    expect(rules('GET / HTTP/1.1\r\n\r\n')).toEqual(['RFC 9112 3.2']);
    expect(rules('GET / HTTP/2.0\r\n\r\n')).toEqual(['RFC 9112 2.3']);
    expect(
      rules('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n'),
    ).toEqual(['RFC 9112 6.2']);
    expect(validateHttp(httpResponse({ status: 600 })).map(({ rule }) => rule)).toEqual(['RFC 9110 15']);
  });
});
