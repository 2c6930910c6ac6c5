import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { URI_PARAM } from './grammar.js';
import {
  canAnswer,
  escapeUri,
  parseAccessNetwork,
  parseAuthParams,
  parseChargingFunctionAddresses,
  parseChargingVector,
  parseCredentials,
  parseEvent,
  parseFeatureCaps,
  parseIdentity,
  parseMediaType,
  parseNameAddr,
  parsePrivacy,
  parseRAck,
  parseReason,
  parseReplaces,
  parseRetryAfter,
  parseSessionExpires,
  parseSip,
  parseSipDate,
  parseSubscriptionState,
  parseValued,
  parseVia,
  parseVisitedNetworks,
  parseWarning,
  quote,
  SipHeaders,
  type SipMessage,
  SipRequest,
  SipResponse,
  SipStreamParser,
  type StreamItem,
  serializeCredentials,
  serializeNameAddr,
  serializeSip,
  serializeVia,
  unescapeUri,
  unquote,
  validateSip,
} from './index.js';

const corpus = ['rfc4475', 'jssip'].flatMap((folder) => {
  const url = new URL(`./fixtures/${folder}/`, import.meta.url);
  const names = readdirSync(url).filter((file) => !file.endsWith('.md'));
  return names.map((name) => new Uint8Array(readFileSync(new URL(name, url))));
});

/** Everything that may be asked of bytes from outside. */
function useAll(bytes: Uint8Array): void {
  for (const framing of ['datagram', 'websocket'] as const) {
    const parsed = parseSip(bytes, { framing });
    if (!parsed.ok) {
      expect(parsed.error.offset).toBeLessThanOrEqual(bytes.length);
      continue;
    }
    const message = parsed.value;
    validateSip(message);
    canAnswer(message);
    message.vias();
    message.contacts();
    message.expires();
    for (const { name } of message.headers) message.headers.list(name);
    const written = serializeSip(message);
    const again = parseSip(written);
    expect(again.ok).toBe(true);
    if (again.ok) expect(meaning(again.value)).toEqual(meaning(message));
  }
}

function meaning(message: SipMessage): unknown {
  const start = message.kind === 'request' ? [message.method, message.uri] : [message.status, message.reason];
  const fields = [...message.headers].filter(({ name }) => !/^(content-length|l)$/i.test(name));
  return [...start, ...fields.flatMap(({ name, value }) => [name, value]), [...message.body].join(' ')];
}

const mutated = fc
  .tuple(
    fc.nat(corpus.length - 1),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'\0\t\r\n "%,/:;<=>?@\\a0\x80\xff'), fc.nat(2)), {
      maxLength: 8,
    }),
    fc.nat(4000),
  )
  .map(([index, edits, end]) => {
    const bytes = [...(corpus[index] as Uint8Array)];
    for (const [at, character, kind] of edits) {
      const code = character.charCodeAt(0);
      bytes.splice(at % (bytes.length + 1), kind === 0 ? 0 : kind, ...(kind === 2 ? [] : [code]));
    }
    return Uint8Array.from(end < 1000 ? bytes.slice(0, end) : bytes);
  });

describe('bytes from outside never make the codec throw', () => {
  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), useAll), { numRuns: 1000 });
  });

  it('real and torture messages, changed and cut; what parses means the same after being written', () => {
    fc.assert(fc.property(mutated, useAll), { numRuns: 3000 });
  });

  it('every truncation of a torture message', () => {
    for (const bytes of corpus.slice(0, 10)) {
      for (let length = 0; length < bytes.length; length++) useAll(bytes.subarray(0, length));
    }
  });

  it('streams, however they are cut', () => {
    const kinds = (items: StreamItem[]): string[] =>
      items
        .filter(({ kind }) => kind === 'message' || kind === 'error')
        .map((item) => (item.kind === 'message' ? JSON.stringify(meaning(item.message)) : item.kind));
    const cuts = fc.array(fc.nat(2000), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(mutated, { minLength: 1, maxLength: 3 }), cuts, (parts, cutsAt) => {
        const stream = Uint8Array.from(parts.flatMap((part) => [...part]));
        const parser = new SipStreamParser();
        const bounds = [0, ...cutsAt.map((cut) => Math.min(cut, stream.length)), stream.length].sort(
          (a, b) => a - b,
        );
        const items = bounds.slice(1).flatMap((end, i) => parser.push(stream.slice(bounds[i], end)));
        expect(kinds(items)).toEqual(kinds(new SipStreamParser().push(stream)));
      }),
      { numRuns: 1500 },
    );
  });

  it('any text in any value parser', () => {
    const parsers: ((text: string) => unknown)[] = [
      parseAccessNetwork,
      parseAuthParams,
      parseChargingVector,
      parseCredentials,
      parseEvent,
      parseFeatureCaps,
      parseIdentity,
      parseMediaType,
      parseNameAddr,
      parsePrivacy,
      parseRAck,
      parseReason,
      parseReplaces,
      parseRetryAfter,
      parseSessionExpires,
      parseSipDate,
      parseSubscriptionState,
      parseValued,
      parseVia,
      parseWarning,
      (text) => parseVisitedNetworks([text]),
      (text) => parseChargingFunctionAddresses([text]),
    ];
    const pieces = fc.constantFrom(
      'a',
      '"',
      '\\',
      '<',
      '>',
      ';',
      ',',
      '=',
      ' ',
      '\t',
      '/',
      ':',
      '1',
      '(',
      ')',
      '*',
      '[',
      ']',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 16 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        for (const parse of parsers) parse(value);
      }),
      { numRuns: 3000 },
    );
  });
});

const token = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~]{1,8}$/);
const line = fc.stringMatching(/^[ -~]{0,20}$/).map((text) => text.trim());
const unicode = fc.string({ unit: 'grapheme', maxLength: 12 });
const headers = fc
  .array(
    fc.tuple(
      fc.oneof(token, fc.constantFrom('Via', 'v', 'Contact', 'Route', 'X-Any')),
      fc.oneof(line, unicode),
    ),
  )
  .map((fields) => new SipHeaders(fields.filter(([name]) => !/^(content-length|l)$/i.test(name))));
const body = fc.uint8Array({ maxLength: 40 });
const requests = fc
  .tuple(token, fc.stringMatching(/^[!-~]{1,20}$/), headers, body)
  .filter(([method]) => !/^SIP\//i.test(method))
  .map((parts) => new SipRequest(...parts));
const responses = fc
  .tuple(fc.integer({ min: 100, max: 699 }), line, headers, body)
  .map((parts) => new SipResponse(...parts));

describe('what is written is what is read', () => {
  it('messages', () => {
    fc.assert(
      fc.property(fc.oneof(requests, responses), (message: SipMessage) => {
        const parsed = parseSip(serializeSip(message));
        expect(parsed.ok && meaning(parsed.value)).toEqual(meaning(message));
        expect(parsed.ok && parsed.value.defects).toEqual([]);
        const [item] = new SipStreamParser().push(serializeSip(message));
        expect(item?.kind === 'message' && meaning(item.message)).toEqual(meaning(message));
      }),
      { numRuns: 1500 },
    );
  });

  const params = fc.array(
    fc.tuple(token, fc.option(fc.oneof(token, unicode.map(quote)), { nil: undefined })),
    {
      maxLength: 4,
    },
  );
  const suffix = params.map((list) =>
    list.map(([name, raw]) => (raw === undefined ? `;${name}` : `;${name}=${raw}`)).join(''),
  );

  it('addresses, Vias and credentials', () => {
    fc.assert(
      fc.property(token, unicode, suffix, params, (name, display, parameters, list) => {
        const address = parseNameAddr(`${quote(display)} <sip:${name}@h>${parameters}`);
        expect(address.ok && parseNameAddr(serializeNameAddr(address.value))).toEqual(address);
        expect(address.ok && address.value.display).toBe(display.replace(/[\r\n]+/g, ' '));
        const via = parseVia(`SIP/2.0/${name} h:1${parameters}`);
        expect(via.ok && serializeVia(via.value)).toBe(`SIP/2.0/${name} h:1${parameters}`);
        const pairs = list.map(([key, raw]) => `${key}=${raw ?? '""'}`).join(', ');
        const credentials = parseCredentials(`Digest x=y, ${pairs}`);
        expect(credentials.ok && parseCredentials(serializeCredentials(credentials.value))).toEqual(
          credentials,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('quoted and escaped text', () => {
    fc.assert(
      fc.property(unicode, (text) => {
        expect(unquote(quote(text))).toBe(text.replace(/[\r\n]+/g, ' '));
        expect(unescapeUri(escapeUri(text, URI_PARAM))).toBe(text);
      }),
    );
  });
});
