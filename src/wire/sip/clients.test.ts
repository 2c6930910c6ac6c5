import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Core } from 'sip.js';
import { describe, expect, it } from 'vitest';
import {
  type NameAddr,
  parseSip,
  parseUri,
  type SipMessage,
  serializeSip,
  unescapeUri,
  validateSip,
} from './index.js';

function read(folder: string): Map<string, Uint8Array> {
  const url = new URL(`./fixtures/${folder}/`, import.meta.url);
  const names = readdirSync(url).filter((file) => !file.endsWith('.md'));
  return new Map(names.sort().map((name) => [name, new Uint8Array(readFileSync(new URL(name, url)))]));
}

const clients = read('jssip');
const torture = read('rfc4475');

function parse(bytes: Uint8Array): SipMessage {
  const parsed = parseSip(bytes);
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

describe('what JsSIP in Chromium sends', () => {
  it('is 54 messages', () => {
    expect(clients.size).toBe(54);
  });

  it.each([...clients.keys()])('%s parses without findings and is written back byte for byte', (name) => {
    const bytes = clients.get(name) as Uint8Array;
    const parsed = parseSip(bytes, { framing: 'websocket' });
    expect(parsed.ok && validateSip(parsed.value)).toEqual([]);
    expect(parsed.ok && serializeSip(parsed.value)).toEqual(bytes);
  });
});

interface PeerUri {
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
}
interface PeerAddress {
  readonly uri: PeerUri;
  getParam(name: string): string | null | undefined;
}
interface PeerVia {
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly branch?: string;
}
interface PeerMessage {
  readonly method?: string;
  readonly ruri?: { toString(): string };
  readonly status_code?: number;
  readonly statusCode?: number;
  readonly body?: string;
  getHeader(name: string): string | undefined;
  getHeaders(name: string): string[];
  parseHeader(name: string, index?: number): unknown;
}
type Peer = (text: string) => PeerMessage | undefined;

const quiet = { log() {}, debug() {}, warn() {}, error() {} };
const jssip = createRequire(import.meta.url)('jssip/lib/Parser.js') as {
  parseMessage(text: string, userAgent: unknown): PeerMessage | undefined;
};
const peers: Readonly<Record<string, Peer>> = {
  jssip: (text) => jssip.parseMessage(text, undefined),
  'sip.js': (text) =>
    Core.Parser.parseMessage(text, quiet as unknown as Core.Logger) as unknown as PeerMessage,
};

type Fields = Record<string, string>;

function address(value: NameAddr | undefined): string {
  if (value === undefined) return 'none';
  const uri = parseUri(value.uri);
  if (!uri.ok || uri.value.kind !== 'sip') return value.uri;
  return text(uri.value, value.params.get('tag'));
}

function text(uri: PeerUri, tag: string | null | undefined): string {
  const user = uri.user === undefined || uri.user === '' ? '' : `${unescapeUri(uri.user)}@`;
  return `${user}${uri.host.toLowerCase()}:${uri.port ?? ''} tag=${tag ?? ''}`;
}

function via(value: PeerVia): string {
  return `${value.transport.toUpperCase()} ${value.host.toLowerCase()}:${value.port ?? ''} ${value.branch ?? ''}`;
}

function ours(message: SipMessage): Fields {
  const fields: Fields = {
    start: message.kind === 'request' ? message.method : String(message.status),
    from: address(message.from()),
    to: address(message.to()),
    'call-id': message.callId() ?? 'none',
    cseq: `${message.cseq()?.sequence} ${message.cseq()?.method}`,
    body: new TextDecoder().decode(message.body),
  };
  if (message.kind === 'request') fields.uri = unescapeUri(message.uri).toLowerCase();
  // The peers look into one Via of a field only, so that a comma list is compared by its number of fields.
  const lines = message.headers.all('via');
  if (message.vias().length !== lines.length) fields.vias = String(lines.length);
  else {
    message.vias().forEach((each, i) => {
      fields[`via ${i}`] = via({ ...each, branch: each.params.get('branch') ?? '' } as PeerVia);
    });
  }
  message.contacts().forEach((contact, i) => {
    fields[`contact ${i}`] = address(contact);
  });
  return fields;
}

function theirs(message: PeerMessage, wanted: readonly string[]): Fields {
  const fields: Fields = {
    // Their responses also have a method, that of the CSeq.
    start: String(message.status_code ?? message.statusCode ?? message.method),
    uri: message.ruri === undefined ? '' : unescapeUri(message.ruri.toString()).toLowerCase(),
    'call-id': message.getHeader('call-id') ?? 'none',
    body: message.body ?? '',
    vias: String(message.getHeaders('via').length),
  };
  const cseq = message.parseHeader('cseq') as { value: number; method: string } | undefined;
  fields.cseq = `${cseq?.value} ${cseq?.method}`;
  for (const name of wanted) {
    const [kind = '', index = '0'] = name.split(' ');
    if (kind !== 'via' && kind !== 'contact' && kind !== 'from' && kind !== 'to') continue;
    const parsed = message.parseHeader(kind, Number(index));
    if (parsed === undefined) continue;
    if (kind === 'via') fields[name] = via(parsed as PeerVia);
    else fields[name] = text((parsed as PeerAddress).uri, (parsed as PeerAddress).getParam('tag'));
  }
  return fields;
}

describe('JsSIP and SIP.js', () => {
  const table: string[] = [];

  function compare(name: string, bytes: Uint8Array): number {
    const mine = ours(parse(bytes));
    const input = new TextDecoder().decode(bytes);
    const answers: Fields[] = [];
    const readers: string[] = [];
    for (const [peer, read] of Object.entries(peers)) {
      let message: PeerMessage | undefined;
      try {
        message = read(input);
      } catch {
        message = undefined;
      }
      if (message === undefined) continue;
      readers.push(peer);
      answers.push(theirs(message, Object.keys(mine)));
    }
    if (readers.length === 0) {
      table.push(`${name}: no peer reads it`);
      return 0;
    }
    for (const [field, value] of Object.entries(mine)) {
      const given = answers.map((answer) => answer[field]);
      expect(given, `${name}: ${field}`).toContain(value);
    }
    table.push(`${name}: ${Object.keys(mine).length} fields agree with ${readers.join(' or ')}`);
    return Object.keys(mine).length;
  }

  it('agree on the valid torture messages they can read, field by field', () => {
    const valid = [
      'wsinv intmeth esc01 escnull esc02 lwsdisp longreq dblreq semiuri transports mpart01 unreason noreason',
      'bext01 invut regaut01 bcast zeromf cparam01 cparam02 regescrt sdp01 inv2543',
    ].flatMap((line) => line.split(' '));
    const compared = valid.filter(
      (name) => compare(`${name}.dat`, torture.get(`${name}.dat`) as Uint8Array) > 0,
    );
    console.info(
      `${table.join('\n')}\n${compared.length} of ${valid.length} valid torture messages compared`,
    );
    expect(compared.length).toBeGreaterThanOrEqual(20);
  });

  it('agree on every message of a real client', () => {
    let fields = 0;
    for (const [name, bytes] of clients) {
      const count = compare(name, bytes);
      expect(count, name).toBeGreaterThan(0);
      fields += count;
    }
    console.info(`${clients.size} messages of JsSIP compared, ${fields} fields`);
  });
});
