import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireProgram } from '../../testing/index.js';
import { cxMessages } from './fixtures/messages.js';
import { type Avp, avpName, commandName, type DiameterMessage, serializeDiameter } from './index.js';

const tshark = requireProgram('tshark');
const text2pcap = requireProgram('text2pcap');

/** What tshark says of each message, sent in a TCP segment of its own. */
function dissect(messages: readonly DiameterMessage[], output: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
  try {
    const dump = messages.map((message) => {
      const bytes = [...serializeDiameter(message)].map((byte) => byte.toString(16).padStart(2, '0'));
      return `000000 ${bytes.join(' ')}\n`;
    });
    writeFileSync(join(folder, 'dump'), dump.join('\n'));
    execFileSync(text2pcap as string, ['-q', '-T', '40000,3868', 'dump', 'pcap'], {
      cwd: folder,
      stdio: 'pipe',
    });
    return execFileSync(tshark as string, ['-r', 'pcap', ...output], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function namesIn(avps: readonly Avp[]): string[] {
  return avps.flatMap((one) => [
    avpName(one),
    ...(Array.isArray(one.value) ? namesIn(one.value as Avp[]) : []),
  ]);
}

test.skipIf(tshark === undefined || text2pcap === undefined)(
  'tshark reads every message as it was meant',
  () => {
    const fields = [
      'diameter.cmd.code',
      'diameter.applicationId',
      'diameter.hopbyhopid',
      'diameter.flags.request',
    ];
    const rows = dissect(cxMessages, [
      ...[
        '-T',
        'fields',
        ...[...fields, '_ws.expert.message', '_ws.malformed'].flatMap((field) => ['-e', field]),
      ],
    ]).split('\n');
    for (const [index, message] of cxMessages.entries()) {
      const [code, application, hopByHop, request, expert, malformed] = (rows[index] ?? '').split('\t');
      expect([code, application, Number(hopByHop), request]).toEqual([
        ...[
          `${message.command}`,
          `${message.applicationId}`,
          message.hopByHop,
          message.flags & 0x80 ? '1' : '0',
        ],
      ]);
      expect([expert, malformed]).toEqual(['', '']);
    }
  },
);

test.skipIf(tshark === undefined || text2pcap === undefined)(
  'tshark names the same AVPs in the same order, also in groups',
  () => {
    const packets = dissect(cxMessages, ['-V', '-O', 'diameter'])
      .split(/^Frame \d/m)
      .slice(1);
    expect(packets.length).toBe(cxMessages.length);
    for (const [index, message] of cxMessages.entries()) {
      const told = [...(packets[index] ?? '').matchAll(/^ +AVP: (?:3GPP-|Cx-)?([\w-]+)\((\d+)\)/gm)].map(
        ([, name]) => name,
      );
      expect(told, commandName(message)).toEqual(
        namesIn(message.avps).map((name) => name.replace('QoP', 'Qop')),
      );
    }
  },
);
