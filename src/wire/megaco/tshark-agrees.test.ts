import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireProgram } from '../../testing/index.js';
import { addRequest, iqMessages } from './fixtures/messages.js';
import { type MegacoMessage, serializeMegaco } from './index.js';

const tshark = requireProgram('tshark');
const text2pcap = requireProgram('text2pcap');

/** What tshark says of each message, sent in a UDP datagram of its own. */
function dissect(messages: readonly MegacoMessage[], output: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'imslab-'));
  try {
    const dump = messages.map((message) => {
      const bytes = [...new TextEncoder().encode(serializeMegaco(message))];
      return `000000 ${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}\n`;
    });
    writeFileSync(join(folder, 'dump'), dump.join('\n'));
    execFileSync(text2pcap as string, ['-q', '-u', '2944,2944', 'dump', 'pcap'], {
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

const contextNumbers: Readonly<Record<string, string>> = { $: '4294967294', '*': '4294967295', '-': '0' };

/** One message a transaction: tshark reads no further than the first. */
const messages = iqMessages.flatMap((message) => {
  if (message.error !== undefined) return [message];
  return message.transactions.map((transaction) => ({ ...message, transactions: [transaction] }));
});

test.skipIf(tshark === undefined || text2pcap === undefined)(
  'tshark reads every message as it was meant',
  () => {
    const fields = ['megaco.version', 'megaco.transid', 'megaco.context', 'megaco.command', 'megaco.termid'];
    const all = [...fields, '_ws.expert.message', '_ws.malformed'].flatMap((field) => ['-e', field]);
    const rows = dissect(messages, ['-T', 'fields', ...all]).split('\n');
    expect(rows.length).toBe(messages.length + 1);
    for (const [index, message] of messages.entries()) {
      const [version, id, contexts, commands, terminations, expert, malformed] = (rows[index] ?? '').split(
        '\t',
      );
      const [transaction] = message.transactions;
      expect([version, expert, malformed]).toEqual(['3', '', '']);
      if (transaction === undefined || transaction.kind === 'TransactionResponseAck') continue;
      expect(id).toBe(`${transaction.id}`);
      if (transaction.kind === 'Pending') continue;
      const told = transaction.actions.flatMap((action) => action.commands);
      // tshark counts a context's priority among its commands
      expect((commands ?? '').replace('Priority,', '')).toBe(told.map(({ name }) => name).join());
      const ids = told.map(({ terminationId }) => (terminationId === '*' ? 'WildCard all' : terminationId));
      // tshark takes the priority of a context for a command, and its number for a termination
      expect((terminations ?? '').replace(/^3,/, '')).toBe(ids.join());
      const [action] = transaction.actions;
      const context = action === undefined ? '' : `${contextNumbers[action.context] ?? action.context}`;
      expect((contexts ?? '').split(',')[0]).toBe(context);
    }
  },
);

test.skipIf(tshark === undefined || text2pcap === undefined)(
  'tshark finds the lines of SDP, with their wildcards',
  () => {
    const text = dissect([addRequest], ['-V', '-O', 'megaco,sdp']);
    expect(text).toContain('Media Port: $');
    expect(text).toContain('Media Attribute (a): fingerprint:sha-256 $');
    expect(text).toContain('IP Realm Identifier: "access"');
    expect(text.match(/Session Description Protocol Version/g)?.length).toBe(3);
  },
);
