import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requireProgram } from '../testing/index.js';
import type { TcpFields, Trace } from '../trace/index.js';
import { type IpPacket, parseIpPacket } from '../wire/ip/index.js';
import { type EnhancedPacket, type PcapngBlock, parsePcapng } from '../wire/pcapng/index.js';
import { encodeRecords } from '../wire/tls-record/index.js';
import { SampleTrace, sampleCall } from './fixtures/sample-trace.js';
import { simulatedExchange } from './fixtures/simulated-exchange.js';
import { type PcapngOptions, renderPcapng } from './render-pcapng.js';
import { cleartextPort } from './tls-cleartext.js';

const decoder = new TextDecoder();

function blocksOf(trace: Trace, options?: PcapngOptions): readonly PcapngBlock[] {
  const read = parsePcapng(renderPcapng(trace, options));
  if (!read.ok) throw new Error(read.error.what);
  return read.value;
}

type Captured = EnhancedPacket & { readonly ip: IpPacket };

function packetsOf(trace: Trace, options?: PcapngOptions): Captured[] {
  return blocksOf(trace, options)
    .filter((block) => block.type === 'packet')
    .map((block) => {
      const ip = parseIpPacket(block.data);
      if (!ip.ok) throw new Error(ip.error.what);
      return { ...block, ip: ip.value };
    });
}

/** One direction of a TCP connection put together from a capture. Positions count octets from `first`, SYN left out. */
interface Stream {
  /** Sequence number of the first byte. */
  readonly first: number;
  readonly bytes: number[];
  readonly ahead: Map<number, Uint8Array>;
  /** Position of the FIN, which may have come before data that stand in front of it. */
  fin: number | undefined;
  /** Whether an acknowledgement spoke of bytes, or a FIN, that the capture had not shown by then. */
  acknowledgedUnseen: boolean;
}

/** The directions of the TCP connections of a capture, by `source:port>destination:port`. */
function streamsOf(packets: readonly Captured[]): Map<string, Stream> {
  const streams = new Map<string, Stream>();
  for (const { ip } of packets) {
    const { transport } = ip;
    if (transport.protocol !== 'tcp') continue;
    const { seq, ack, flags, payload } = transport;
    const from = `${ip.src}:${transport.srcPort}`;
    const to = `${ip.dst}:${transport.dstPort}`;
    const key = `${from}>${to}`;
    let stream = streams.get(key);
    if (stream === undefined) {
      const first = seq + (flags & 2 ? 1 : 0);
      stream = { first, bytes: [], ahead: new Map(), fin: undefined, acknowledgedUnseen: false };
      streams.set(key, stream);
    }
    const start = (seq - stream.first) | 0;
    if (payload.length > 0) stream.ahead.set(start, payload);
    if (flags & 1) stream.fin = start + payload.length;
    for (let more = true; more; ) {
      more = false;
      for (const [at, part] of stream.ahead) {
        if (at > stream.bytes.length || at + part.length <= stream.bytes.length) continue;
        stream.bytes.push(...part.subarray(stream.bytes.length - at));
        more = true;
      }
    }
    const back = streams.get(`${to}>${from}`);
    if (flags & 16 && back !== undefined) {
      const seen = back.bytes.length + (back.fin === back.bytes.length ? 1 : 0);
      if (((ack - back.first) | 0) > seen) back.acknowledgedUnseen = true;
    }
  }
  return streams;
}

/** Where application data stands in a stream of TLS records, found by their headers alone (RFC 5246 6.2.1). */
function applicationPositions(bytes: readonly number[]): number[] {
  const positions: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + (((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0));
    if (bytes[at] === 23) for (let i = at + 5; i < Math.min(end, bytes.length); i++) positions.push(i);
    at = end;
  }
  return positions;
}

/** The application data sent, up to the first octet that never arrived. Other records may have been lost for good. */
function arrivedData(sent: Stream, arrived: Stream): number[] {
  const has = new Uint8Array(sent.bytes.length);
  for (const [at, part] of arrived.ahead) has.fill(1, at, at + part.length);
  const positions = applicationPositions(sent.bytes);
  const missing = positions.findIndex((at) => has[at] === 0);
  return positions.slice(0, missing < 0 ? undefined : missing).map((at) => sent.bytes[at] ?? 0);
}

describe('a capture', () => {
  it('has an interface a realm and names for the addresses, the host name last', () => {
    const blocks = blocksOf(simulatedExchange());
    expect(blocks.slice(0, 4)).toMatchObject([
      { type: 'section', userApplication: 'imslab' },
      { type: 'interface', linkType: 101, name: 'access' },
      { type: 'interface', linkType: 101, name: 'core' },
      {
        type: 'names',
        records: [
          { ip: '198.51.100.1', names: ['alice'] },
          { ip: '198.51.100.2', names: ['www.home1.net', 'wwsf'] },
          { ip: '198.51.100.3', names: ['ep.home1.net', 'ep-cscf'] },
          { ip: '2001:db8::3', names: ['ep.home1.net', 'ep-cscf'] },
          { ip: '2001:db8::4', names: ['s-cscf'] },
        ],
      },
    ]);
  });

  it('has every delivered packet at the time and as often as it arrived, or every packet once as it was sent', () => {
    const trace = sampleCall();
    const delivered = packetsOf(trace);
    expect(delivered.map(({ timestampUs }) => timestampUs)).toEqual(
      trace.of('packet.delivered').map(({ at }) => at),
    );
    const sent = packetsOf(trace, { include: 'sent' });
    expect(sent.map(({ timestampUs }) => timestampUs)).toEqual(trace.of('packet.sent').map(({ at }) => at));
    // Two are lost, one arrives twice.
    expect(sent.length - delivered.length).toBe(1);
    for (const { ip } of [...sent, ...delivered]) expect(ip.findings).toEqual([]);
  });

  it('numbers the IPv4 packets of a host in the order they were sent', () => {
    const packets = packetsOf(sampleCall(), { include: 'sent' });
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
      const numbers = packets.filter(({ ip }) => ip.src === address).map(({ ip }) => ip.identification);
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }
  });

  it('says in comments who sent to whom and which requirements were met in the same breath', () => {
    const sample = new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('ep-cscf', 'eP-CSCF', '10.0.0.2');
    const cause = sample.event('alice', { kind: 'timer', afterUs: 5 });
    sample.event('alice', { kind: 'requirement', ids: ['24371-6.2.2-03'] }, cause);
    sample.event('ep-cscf', { kind: 'requirement', ids: ['24371-9-01'] }, cause);
    sample.message('alice', 'ep-cscf', 'REGISTER', { cause });
    sample.datagram('alice', 'ep-cscf', Uint8Array.of(1), { cause });
    sample.event('alice', { kind: 'requirement', ids: ['24371-6.2.2-04', '24371-6.2.2-03'] }, cause);
    sample.message('alice', 'ep-cscf', 'REGISTER');
    sample.event('alice', { kind: 'requirement', ids: ['24371-9-02'] });
    expect(packetsOf(sample.end()).map(({ comment }) => comment)).toEqual([
      'alice > ep-cscf; 24371-6.2.2-03, 24371-6.2.2-04',
      'alice > ep-cscf; 24371-6.2.2-03, 24371-6.2.2-04',
      'alice > ep-cscf',
    ]);
    const comments = packetsOf(simulatedExchange()).map(({ comment }) => comment);
    expect(comments).toContain('ep-cscf > s-cscf; 24371-6.2.2-03, 24371-6.2.2-04');
  });

  it('leaves out what cannot be a packet', () => {
    const sample = new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('six', 'UE', '2001:db8::1');
    sample.datagram('alice', 'six', Uint8Array.of(1));
    sample.datagram('alice', 'alice', new Uint8Array(70_000));
    sample.datagram('alice', 'alice', Uint8Array.of(1));
    expect(packetsOf(sample.end(), { include: 'sent' })).toHaveLength(1);
  });
});

describe('TLS in a capture', () => {
  const records = (...texts: string[]): Uint8Array =>
    Uint8Array.from(
      texts.flatMap((text) => [
        ...(text === 'hello'
          ? encodeRecords({ type: 'clientHello', serverName: 'x' })
          : encodeRecords({ type: 'applicationData', data: new TextEncoder().encode(text) })),
      ]),
    );

  /** A connection from port 50000 to 443 by hand; `steps` are sender, relative sequence and acknowledgement, bytes. */
  function connection(
    steps: readonly (readonly ['c' | 's', seq: number, ack: number, flags: number, data?: Uint8Array])[],
    port = 443,
  ): Trace {
    const sample = new SampleTrace().host('c', 'WIC', '10.0.0.1').host('s', 'eP-CSCF', '10.0.0.2');
    // Sequence numbers that wrap round soon.
    const base = { c: 0xffff_fff0, s: 1000 };
    steps.forEach(([sender, seq, ack, flags, data = new Uint8Array(0)], index) => {
      const receiver = sender === 'c' ? 's' : 'c';
      const tcp: TcpFields = {
        seq: (base[sender] + seq) >>> 0,
        ack: flags & 16 ? (base[receiver] + ack) >>> 0 : 0,
        flags,
        window: 65535,
      };
      const ports = sender === 'c' ? { srcPort: 50_000, dstPort: port } : { srcPort: port, dstPort: 50_000 };
      sample.at(index * 1000);
      const packet = sample.packet(sender, receiver, data, { tcp, ...ports, secure: true });
      sample.event(receiver, { kind: 'packet.delivered', packet }, packet);
    });
    return sample.end();
  }

  const shown = (trace: Trace): string[] =>
    packetsOf(trace).map(({ ip: { transport } }) => {
      if (transport.protocol !== 'tcp') return 'not TCP';
      const client = transport.srcPort === 50_000;
      const [seq, ack] = client ? [0xffff_fff0, 1000] : [1000, 0xffff_fff0];
      const text = decoder.decode(transport.payload);
      const acks = transport.flags & 16 ? (transport.ack - ack) >>> 0 : '-';
      return `${client ? 'c' : 's'} ${(transport.seq - seq) >>> 0} ${acks} ${transport.flags} ${text}`.trimEnd();
    });

  it('leaves application data alone in sequence numbers, and nothing but what opens, closes, acknowledges or says', () => {
    const hello = records('hello');
    const [h, get] = [hello.length, records('GET')];
    const trace = connection([
      ['c', 0, 0, 2],
      ['s', 0, 1, 18],
      ['c', 1, 1, 16],
      ['c', 1, 1, 24, hello],
      ['s', 1, 1 + h, 16],
      ['s', 1, 1 + h, 24, hello],
      // A record and the beginning of the next in one segment, its rest in another.
      ['c', 1 + h, 1 + h, 24, Uint8Array.from([...get, ...get.subarray(0, 6)])],
      ['c', 1 + h + get.length + 6, 1 + h, 24, get.subarray(6)],
      ['s', 1 + h, 1 + h + get.length + 6, 16],
      ['s', 1 + h, 1 + h + 2 * get.length, 16],
      ['s', 1 + h, 1 + h + 2 * get.length, 16],
      ['c', 1 + h + 2 * get.length, 1 + h, 17],
      ['s', 1 + h, 2 + h + 2 * get.length, 17],
      ['c', 2 + h + 2 * get.length, 2 + h, 16],
    ]);
    expect(shown(trace)).toEqual([
      'c 0 - 2',
      's 0 1 18',
      'c 1 1 16',
      // Five octets of header say nothing; the sixth is the G of the second GET.
      'c 1 1 24 GETG',
      'c 5 1 24 ET',
      's 1 5 16',
      's 1 7 16',
      'c 7 1 17',
      's 1 8 17',
      'c 8 2 16',
    ]);
    const { comment, ip } = packetsOf(trace)[0] ?? {};
    expect(comment).toBe('c > s; TLS decrypted: port 443 shown as 80');
    expect(ip?.transport).toMatchObject({ srcPort: 50_000, dstPort: 80 });
  });

  it('shows as it is where it stops making sense', () => {
    const trace = connection([
      ['c', 0, 0, 2],
      ['c', 1, 0, 8, records('GET')],
      ['c', 1 + records('GET').length, 0, 8, new TextEncoder().encode('plain text')],
    ]);
    expect(shown(trace)).toEqual(['c 0 - 2', 'c 1 - 8 GET', 'c 4 - 8 plain text']);
  });

  it('is another connection when the ports are used again', () => {
    const trace = connection([
      ['c', 0, 0, 2],
      ['c', 1, 0, 8, records('hello', 'one')],
      ['c', 5000, 0, 2],
      ['c', 5001, 0, 8, records('hello', 'two')],
    ]);
    expect(shown(trace)).toEqual(['c 0 - 2', 'c 1 - 8 one', 'c 5000 - 2', 'c 5001 - 8 two']);
  });

  it('shows the server on the port of the cleartext service', () => {
    expect([443, 5061, 8443, 60_000].map(cleartextPort)).toEqual([80, 5060, 18_443, 50_000]);
  });

  it('is what the records held, without a gap and without an acknowledgement of the unseen, under faults too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(0, 0.05, 0.15), (seed, rate) => {
        const trace = simulatedExchange(seed, { loss: rate, duplication: rate, reordering: rate });
        const sent = streamsOf(packetsOf(trace, { include: 'sent', decrypt: false }));
        const raw = streamsOf(packetsOf(trace, { decrypt: false }));
        const clear = streamsOf(packetsOf(trace));
        expect(clear.size).toBe(raw.size);
        for (const [key, arrived] of raw) {
          const stream = clear.get(key.replace(':443', ':80').replace(':5061', ':5060'));
          expect(stream?.bytes).toEqual(arrivedData(sent.get(key) as Stream, arrived));
          expect(stream?.acknowledgedUnseen).toBe(false);
        }
      }),
      { numRuns: 25 },
    );
  });
});

const tshark = requireProgram('tshark');

describe.skipIf(tshark === undefined)('tshark', () => {
  /** What tshark makes of a capture, in columns separated by tabs. */
  function dissect(trace: Trace, fields: readonly string[], options: PcapngOptions = {}): string[][] {
    const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
    try {
      const file = join(folder, 'run.pcapng');
      writeFileSync(file, renderPcapng(trace, options));
      const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
      const more = ['-o', 'tcp.reassemble_out_of_order:TRUE', '-T', 'fields'];
      const args = ['-n', '-r', file, ...checks, ...more, ...fields.flatMap((field) => ['-e', field])];
      const text = execFileSync(tshark ?? '', args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split('\t'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const FIELDS = [
    'frame.comment',
    'http.request.method',
    'http.response.code',
    'websocket.opcode',
    'sip.CSeq.method',
    'sip.Status-Code',
    'stun.type',
    'tcp.analysis.lost_segment',
    'tcp.analysis.ack_lost_segment',
    '_ws.malformed',
    'ip.checksum.status',
    'udp.checksum.status',
    'tcp.checksum.status',
  ] as const;

  function column(rows: readonly string[][], field: (typeof FIELDS)[number]): string[] {
    return rows.flatMap((row) => row[FIELDS.indexOf(field)] || []);
  }

  it('finds HTTP, WebSocket and SIP inside TLS, no missing segment and no bad checksum', () => {
    const rows = dissect(simulatedExchange(), FIELDS);
    expect(column(rows, 'http.request.method')).toEqual(['GET', 'GET']);
    expect(column(rows, 'http.response.code').sort()).toEqual(['101', '200']);
    expect(column(rows, 'websocket.opcode')).toEqual(['1', '1']);
    expect(column(rows, 'sip.CSeq.method')).toEqual(['OPTIONS', 'REGISTER', 'REGISTER', 'REGISTER']);
    expect(column(rows, 'sip.Status-Code')).toEqual(['200']);
    expect(column(rows, 'stun.type')).toHaveLength(6);
    for (const field of [
      'tcp.analysis.lost_segment',
      'tcp.analysis.ack_lost_segment',
      '_ws.malformed',
    ] as const) {
      expect(column(rows, field)).toEqual([]);
    }
    for (const field of ['ip.checksum.status', 'udp.checksum.status', 'tcp.checksum.status'] as const) {
      expect(new Set(column(rows, field))).toEqual(new Set(['1']));
    }
    expect(column(rows, 'frame.comment')).toContain('alice > wwsf; TLS decrypted: port 443 shown as 80');
  });

  it('finds every message in spite of loss, duplicates and reordering', () => {
    const trace = simulatedExchange(3, { loss: 0.1, duplication: 0.1, reordering: 0.1 });
    const rows = dissect(trace, FIELDS);
    expect(new Set(column(rows, 'http.request.method'))).toEqual(new Set(['GET']));
    expect(column(rows, 'sip.CSeq.method').sort()).toEqual(['OPTIONS', 'REGISTER', 'REGISTER', 'REGISTER']);
    expect(column(rows, 'tcp.analysis.ack_lost_segment')).toEqual([]);
    expect(column(rows, '_ws.malformed')).toEqual([]);
  });

  it('sees TLS where nothing is decrypted', () => {
    const rows = dissect(simulatedExchange(), ['tls.handshake.type', 'tls.app_data'], { decrypt: false });
    expect(rows.filter(([handshake]) => handshake === '1')).toHaveLength(3);
  });
});
