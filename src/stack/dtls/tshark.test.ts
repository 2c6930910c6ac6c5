import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../crypto/index.js';
import { requireProgram } from '../../testing/index.js';
import { udpDatagram } from '../../wire/ip/index.js';
import {
  LINKTYPE_RAW,
  type PcapngBlock,
  SECRETS_TLS_KEY_LOG,
  serializePcapng,
} from '../../wire/pcapng/index.js';
import { connect, type DtlsTestbed, dtlsTestbed, settle, type TestbedOptions } from './testbed.js';

const tshark = requireProgram('tshark');

/** Everything that was sent, with the secrets of the client's key log in the file. */
function capture({ sent, client }: DtlsTestbed, withSecrets = true): Uint8Array {
  const ends = { client: { ip: '10.0.0.1', port: 40_000 }, server: { ip: '10.0.0.2', port: 40_002 } };
  const blocks: PcapngBlock[] = [
    { type: 'section' },
    { type: 'interface', linkType: LINKTYPE_RAW, name: 'access' },
  ];
  if (withSecrets) {
    const data = toUtf8(`${client.keyLog.join('\n')}\n`);
    blocks.push({ type: 'secrets', secretsType: SECRETS_TLS_KEY_LOG, data });
  }
  for (const { from, atMs, bytes } of sent) {
    const [src, dst] = from === 'client' ? [ends.client, ends.server] : [ends.server, ends.client];
    const data = udpDatagram({ src, dst, payload: bytes });
    blocks.push({ type: 'packet', interfaceId: 0, timestampUs: atMs * 1000, data });
  }
  return serializePcapng(blocks);
}

function dissect(file: Uint8Array, fields: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
  try {
    writeFileSync(join(folder, 'c.pcapng'), file);
    const wanted = fields.flatMap((field) => ['-e', field]);
    const options = ['-n', '-2', '-r', 'c.pcapng', '-d', 'udp.port==40002,dtls', '-T', 'fields', ...wanted];
    const output = execFileSync(tshark as string, options, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    return output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(options: TestbedOptions = {}): DtlsTestbed {
  const bed = connect(dtlsTestbed(options));
  bed.client.endpoint.sendData(toUtf8('from the client'));
  bed.server.endpoint.sendData(toUtf8('from the server'));
  settle(bed);
  bed.client.endpoint.close();
  settle(bed);
  return bed;
}

const hex = (text: string) => Buffer.from(text).toString('hex');

describe.skipIf(tshark === undefined)('tshark', () => {
  it('finds nothing wrong in a handshake and decrypts Finished, data and alerts with the key log', () => {
    const rows = dissect(capture(run()), [
      'dtls.handshake.type',
      'dtls.app_data',
      'dtls.alert_message.desc',
      '_ws.expert.message',
      '_ws.malformed',
      'data.data',
    ]);
    expect(rows.map(([types]) => types)).toEqual(['1', '2,11,12,13,14', '11,16,15,20', '20', '', '', '', '']);
    expect(rows.slice(4, 6).map((row) => row[5] ?? '')).toEqual([
      hex('from the client'),
      hex('from the server'),
    ]);
    // close_notify of both
    expect(rows.slice(6).map((row) => row[2])).toEqual(['0', '0']);
    expect(rows.flatMap((row) => [row[3], row[4]]).filter((one) => one)).toEqual([]);
  });

  it('decrypts nothing without the key log', () => {
    const rows = dissect(capture(run(), false), ['dtls.handshake.type', 'data.data']);
    expect(rows[3]?.[0]).not.toBe('20');
    expect(rows.map((row) => row[1] ?? '').join('')).toBe('');
  });

  it.each([
    ['P-256', { client: { curves: ['secp256r1'] } }],
    ['a cookie', { server: { cookie: true } }],
    ['no extended master secret', { client: { extendedMasterSecret: false } }],
    ['fragments', { both: { mtu: 256 } }],
  ] as [string, TestbedOptions][])('decrypts a handshake with %s', (_name, options) => {
    const rows = dissect(capture(run(options)), ['data.data', '_ws.expert.message', '_ws.malformed']);
    expect(rows.map(([data]) => data).filter((one) => one)).toEqual([
      hex('from the client'),
      hex('from the server'),
    ]);
    expect(rows.flatMap((row) => row.slice(1)).filter((one) => one)).toEqual([]);
  });
});
