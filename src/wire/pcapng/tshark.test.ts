import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireProgram } from '../../testing/programs.js';
import { serializeHttp } from '../http/index.js';
import { TCP_FLAG, tcpSegment, udpDatagram } from '../ip/index.js';
import { serializeRtp } from '../rtp/index.js';
import { serializeStun, shortTermKey } from '../stun/index.js';
import { encodeRecords } from '../tls-record/index.js';
import { encodeFrame, OPCODE, upgradeRequest, upgradeResponse } from '../websocket/index.js';
import { LINKTYPE_RAW, type PcapngBlock, serializePcapng } from './index.js';

const tshark = requireProgram('tshark');
const utf8 = (text: string) => new TextEncoder().encode(text);
const CHECKSUM_PREFERENCES = ['ip.check_checksum', 'udp.check_checksum', 'tcp.check_checksum'].flatMap(
  (name) => ['-o', `${name}:TRUE`],
);

/** One row a frame, one column a field, as an independent dissector reads the file. */
function fields(file: string, names: readonly string[], ...more: readonly string[]): string[][] {
  const wanted = names.flatMap((name) => ['-e', name]);
  const out = execFileSync(
    tshark as string,
    ['-r', file, ...CHECKSUM_PREFERENCES, ...more, '-T', 'fields', '-E', 'separator=|', ...wanted],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('|'));
}

describe.skipIf(tshark === undefined)('tshark agrees', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'imslab-pcapng-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const write = (name: string, blocks: readonly PcapngBlock[]): string => {
    const file = join(directory, name);
    writeFileSync(file, serializePcapng(blocks));
    return file;
  };
  const head: readonly PcapngBlock[] = [
    { type: 'section', userApplication: 'imslab', comment: 'a section' },
    { type: 'interface', linkType: LINKTYPE_RAW, name: 'W2' },
    { type: 'interface', linkType: LINKTYPE_RAW, name: 'W3', description: 'media' },
    {
      type: 'names',
      records: [
        { ip: '192.0.2.1', names: ['wic.example'] },
        { ip: '2001:db8::2', names: ['epcscf.example', 'alias.example'] },
      ],
    },
  ];

  it('with UDP and TCP over IPv4 and IPv6: times, interfaces, comments, names, good checksums', () => {
    const v4 = { src: { ip: '192.0.2.1', port: 40000 }, dst: { ip: '192.0.2.2', port: 9 } };
    const v6 = { src: { ip: '2001:db8::1', port: 40000 }, dst: { ip: '2001:db8::2', port: 9 } };
    const segment = { seq: 1000, ack: 2000, window: 65535 };
    const data = [
      udpDatagram({ ...v4, payload: utf8('abc'), identification: 7 }),
      udpDatagram({ ...v6, payload: utf8('abcd'), trafficClass: 0xb8, flowLabel: 0xabcde }),
      tcpSegment({ ...v4, ...segment, flags: TCP_FLAG.syn, mss: 1460, payload: new Uint8Array(0) }),
      tcpSegment({ ...v6, ...segment, flags: TCP_FLAG.psh | TCP_FLAG.ack, payload: utf8('odd') }),
    ];
    const file = write('transports.pcapng', [
      ...head,
      ...data.map(
        (packet, i): PcapngBlock => ({
          type: 'packet',
          interfaceId: i % 2,
          timestampUs: 1_700_000_000_000_000 + i * 1_000_001,
          data: packet,
          ...(i === 1 && { comment: 'dropped: ☎' }),
        }),
      ),
    ]);
    const names = [
      'frame.time_epoch',
      'frame.interface_name',
      'frame.comment',
      'frame.protocols',
      'ip.checksum.status',
      'udp.checksum.status',
      'tcp.checksum.status',
      'ip.id',
      'ipv6.flow',
      'tcp.options.mss_val',
      'tcp.len',
      'frame.len',
    ];
    const rows = fields(file, names);
    // Checksum status 1 is "good".
    expect(rows).toEqual([
      ['1700000000.000000000', 'W2', '', 'raw:ip:udp:data', '1', '1', '', '0x0007', '', '', '', '31'],
      [
        '1700000001.000001000',
        'W3',
        'dropped: ☎',
        'raw:ipv6:udp:data',
        '',
        '1',
        '',
        '',
        '0x0abcde',
        '',
        '',
        '52',
      ],
      ['1700000002.000002000', 'W2', '', 'raw:ip:tcp', '1', '', '1', '0x0000', '', '1460', '0', '44'],
      ['1700000003.000003000', 'W3', '', 'raw:ipv6:tcp:data', '', '', '1', '', '0x000000', '', '3', '63'],
    ]);
    const hosts = fields(file, ['ip.src_host', 'ipv6.dst_host'], '-N', 'n');
    // Of several names the dissector shows the last.
    expect([hosts[0]?.[0], hosts[1]?.[1]]).toEqual(['wic.example', 'alias.example']);
  });

  it('with the protocols of this folder: HTTP upgrade, WebSocket, STUN, RTP, TLS records, nothing malformed', () => {
    const client = { ip: '192.0.2.1', port: 40000 };
    const server = { ip: '192.0.2.2', port: 80 };
    const secure = { ip: '192.0.2.2', port: 443 };
    const blocks: PcapngBlock[] = [];
    const add = (data: Uint8Array) =>
      blocks.push({ type: 'packet', interfaceId: 0, timestampUs: 1_000_000 + blocks.length * 1000, data });
    const next = new Map<string, number>();
    const stream = (
      src: typeof client,
      dst: typeof client,
      payload: Uint8Array,
      flags: number = TCP_FLAG.ack,
    ) => {
      const [forth, back] = [`${src.port} ${dst.port}`, `${dst.port} ${src.port}`];
      const seq = next.get(forth) ?? 1;
      add(tcpSegment({ src, dst, seq, ack: next.get(back) ?? 0, flags, window: 65535, payload }));
      next.set(forth, seq + payload.length + (flags & TCP_FLAG.syn ? 1 : 0));
    };
    const open = (to: typeof client) => {
      stream(client, to, new Uint8Array(0), TCP_FLAG.syn);
      stream(to, client, new Uint8Array(0), TCP_FLAG.syn | TCP_FLAG.ack);
    };
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const maskingKey = Uint8Array.of(1, 2, 3, 4);
    open(server);
    stream(
      client,
      server,
      serializeHttp(upgradeRequest({ host: 'epcscf.example', key, protocols: ['chat'] })),
    );
    stream(server, client, serializeHttp(upgradeResponse({ key, protocol: 'chat' })));
    const message = { fin: true, rsv: 0, opcode: OPCODE.text, payload: utf8('hello ☎') };
    stream(client, server, encodeFrame({ ...message, maskingKey }));
    stream(server, client, encodeFrame({ ...message, payload: utf8('x'.repeat(300)) }));
    open(secure);
    stream(
      client,
      secure,
      encodeRecords({ type: 'clientHello', serverName: 'waf.example', alpn: ['http/1.1'] }),
    );
    stream(
      secure,
      client,
      encodeRecords({ type: 'serverHello', certificateNames: ['waf.example'], alpn: 'http/1.1' }),
    );
    stream(client, secure, encodeRecords({ type: 'applicationData', data: utf8('GET / HTTP/1.1\r\n\r\n') }));
    stream(secure, client, encodeRecords({ type: 'alert', level: 'warning', description: 0 }));
    const media = { src: { ip: '192.0.2.1', port: 3478 }, dst: { ip: '192.0.2.2', port: 3478 } };
    const request = serializeStun(
      {
        class: 'request',
        method: 1,
        transactionId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        attributes: [
          { name: 'USERNAME', text: 'abcd:efgh' },
          { name: 'PRIORITY', value: 2130706431 },
          { name: 'XOR-MAPPED-ADDRESS', ip: '2001:db8::5', port: 1234 },
        ],
      },
      { integrityKey: shortTermKey('secret'), fingerprint: true },
    );
    add(udpDatagram({ ...media, payload: request }));
    const rtp = serializeRtp({
      marker: true,
      payloadType: 111,
      sequenceNumber: 5,
      timestamp: 960,
      ssrc: 77,
      csrcs: [],
      extension: { profile: 0xbede, data: Uint8Array.of(0x10, 0xff, 0, 0) },
      payload: Uint8Array.of(1, 2, 3),
      paddingBytes: 4,
    });
    add(
      udpDatagram({
        src: { ip: '192.0.2.1', port: 5004 },
        dst: { ip: '192.0.2.2', port: 5004 },
        payload: rtp,
      }),
    );
    const file = write('protocols.pcapng', [...head, ...blocks]);
    const rtpPort = ['-d', 'udp.port==5004,rtp'];
    const column = (name: string) =>
      fields(file, [name], ...rtpPort)
        .map(([value]) => value ?? '')
        .filter((value) => value !== '');
    expect(column('_ws.malformed')).toEqual([]);
    expect(column('http.sec_websocket_accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    expect(column('websocket.payload_length')).toEqual(['9', '126']);
    expect(column('websocket.payload_length_ext_16')).toEqual(['300']);
    expect(column('tls.record.content_type')).toEqual(['22', '22', '23', '21']);
    expect(column('tls.handshake.extensions_server_name')).toEqual(['waf.example']);
    expect(column('tls.handshake.extensions_alpn_str')).toEqual(['http/1.1', 'http/1.1']);
    expect(column('stun.att.username')).toEqual(['abcd:efgh']);
    expect(column('stun.att.ipv6-xord').length + column('stun.att.ipv6').length).toBeGreaterThan(0);
    expect(column('stun.att.crc32.status')).toEqual(['1']);
    expect(column('rtp.ssrc')).toEqual(['0x0000004d']);
    expect(column('rtp.payload')).toEqual(['010203']);
    expect(column('rtp.padding.count')).toEqual(['4']);
  });
});
