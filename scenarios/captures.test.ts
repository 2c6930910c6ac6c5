import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../src/explore/index.js';
import { renderPcapng } from '../src/render/index.js';
import { requireProgram } from '../src/testing/programs.js';
import type { Trace } from '../src/trace/index.js';
import { scenarios } from './index.js';

const tshark = requireProgram('tshark');
/** Folder with a judge that nobody here wrote; the continuous integration may have it. */
const judges = process.env.IMSLAB_JUDGES;

const folder = mkdtempSync(join(tmpdir(), 'imslab-captures-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string): string => join(folder, `${name.replaceAll('/', '-')}.pcapng`);

/** The lines that tshark prints about a capture. */
function ask(file: string, ...args: string[]): string[] {
  const output = execFileSync(tshark ?? '', ['-n', '-r', file, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  });
  return output.split('\n').filter((line) => line !== '');
}

describe.skipIf(tshark === undefined)('tshark on the capture of', () => {
  beforeAll(() => {
    for (const scenario of scenarios) {
      const { trace } = runScenario(scenario);
      writeFileSync(fileOf(scenario.name), renderPcapng(trace as Trace));
    }
  });

  it.each(scenarios.map(({ name }) => name))(
    '%s: nothing malformed, no bad checksum, no expert error',
    (name) => {
      const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
      // 8388608 is the severity of errors
      const bad =
        '_ws.malformed || _ws.expert.severity == 8388608 || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0';
      expect(ask(fileOf(name), ...checks, '-Y', bad)).toEqual([]);
      expect(ask(fileOf(name), '-Y', 'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment')).toEqual(
        [],
      );
    },
  );

  it.each(scenarios.map(({ name }) => name))(
    '%s: every protocol is dissected, and nothing is left as data',
    (name) => {
      const seen = new Set(
        ask(fileOf(name), '-T', 'fields', '-e', 'frame.protocols').flatMap((line) => line.split(':')),
      );
      const wanted = ['http', 'websocket', 'sip', 'diameter'];
      if (name.startsWith('call/')) wanted.push('sdp', 'megaco', 'stun');
      for (const protocol of wanted) expect(seen, protocol).toContain(protocol);
    },
  );

  it.each(['call/wic-to-ims-ue', 'call/ims-ue-to-wic'])(
    '%s: each audio leg is an RTP stream without loss',
    (name) => {
      const rows = ask(
        fileOf(name),
        '-o',
        'rtp.heuristic_rtp:TRUE',
        '--enable-heuristic',
        'rtp_udp',
        '-q',
        '-z',
        'rtp,streams',
      ).filter((line) => /0x[0-9A-Fa-f]{8}/.test(line));
      // two directions, each on the access and on the core side
      expect(rows).toHaveLength(4);
      for (const row of rows) {
        expect(row).toMatch(/g711U/);
        expect(row).toMatch(/ 0 \(0\.0%\)/);
      }
    },
  );

  it.skipIf(judges === undefined).each(scenarios.map(({ name }) => name))('%s: the judge agrees', (name) => {
    const required = ['http', 'websocket', 'sip', 'diameter'];
    if (name.startsWith('call/')) required.push('sdp', 'megaco', 'stun', 'rtp>=400');
    const verdict = spawnSync(
      process.execPath,
      [
        join(judges ?? '', 'tshark-judge'),
        fileOf(name),
        '--strict',
        ...required.flatMap((one) => ['--require', one]),
      ],
      { encoding: 'utf8' },
    );
    expect(`${verdict.status} ${verdict.stdout}`).toMatch(/^0 /);
  });
});
