import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPcapng, renderText } from '../src/render/index.js';
import { turnTestbed } from '../src/stack/turn/testbed.js';
import { requireProgram } from '../src/testing/programs.js';
import type { Trace } from '../src/trace/index.js';

const tshark = requireProgram('tshark');
/** Folder with a judge that nobody here wrote; the continuous integration may have it. */
const judges = process.env.IMSLAB_JUDGES;

/** A client behind a translator that relays by indication and by channel, over UDP and then over TCP. */
function relayedTraffic(): Trace {
  const bed = turnTestbed({ nat: { portPreservation: false } });
  for (const transport of ['udp', 'tcp'] as const) {
    const relay = bed.allocate({ transport });
    relay.send('\u0001\u0001\u0000\u0000!\u0012¤B', bed.peer.local);
    bed.run();
    for (const word of ['media', 'media 2', 'media 33']) {
      relay.send(word, bed.peer.local);
      bed.run(20);
      bed.peer.send(word, relay.relayed);
      bed.run(20);
    }
    relay.allocation.close();
    bed.run();
  }
  return bed.kernel.trace as Trace;
}

const trace = relayedTraffic();

it('shows requests over TCP as arrows that arrive, though a translator changes their addresses', () => {
  const text = renderText(trace);
  expect(text).toContain('TURN Allocate request');
  expect(text).toContain('TURN ChannelBind response');
  expect(text).not.toMatch(/lost|not read|under way/);
});

describe.skipIf(tshark === undefined)('tshark on a capture with a translator and TURN', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imslab-turn-'));
  const file = join(folder, 'turn.pcapng');
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(() => writeFileSync(file, renderPcapng(trace)));

  const ask = (...args: string[]): string[] =>
    execFileSync(tshark ?? '', ['-n', '-r', file, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\n')
      .filter((line) => line !== '');

  it('finds nothing malformed and every checksum right, on both sides of the translator', () => {
    const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
    const bad =
      '_ws.malformed || _ws.expert.severity == 8388608 || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0';
    expect(ask(...checks, '-Y', bad)).toEqual([]);
    expect(ask('-Y', 'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment')).toEqual([]);
    const sides = (realm: string): string[] =>
      ask('-Y', `frame.interface_name == "${realm}" && ip.src == 192.168.1.2`);
    expect(sides('home').length).toBeGreaterThan(20);
    expect(sides('net')).toEqual([]);
  });

  it('reads every TURN message and what is in it, over UDP and TCP', () => {
    const fields = (filter: string, field: string): string[] =>
      ask('-Y', `${filter} && frame.interface_name == "home"`, '-T', 'fields', '-e', field);
    for (const transport of ['udp', 'tcp']) {
      const methods = fields(`${transport} && stun.type`, 'stun.type.method').join(',').split(',');
      const count = (method: string): number => methods.filter((one) => one === method).length;
      // Allocate twice each way; CreatePermission, ChannelBind and Refresh once (RFC 8656 17).
      expect([count('0x0003'), count('0x0008'), count('0x0009'), count('0x0004')]).toEqual([4, 2, 2, 2]);
      // The check goes by indication (Send, 6); so does what is sent while the channel is being bound.
      expect(count('0x0006')).toBeGreaterThan(0);
      const channels = fields(`${transport} && stun.channel`, 'stun.channel').join(',').split(',');
      expect(new Set(channels)).toEqual(new Set(['0x4000']));
      expect(channels.length).toBeGreaterThan(3);
    }
    expect(new Set(fields('stun.att.type == 0x8002', 'stun.att.pw_alg').join(',').split(','))).toEqual(
      new Set(['1', '2']),
    );
  });

  it.skipIf(judges === undefined)('finds nothing strange in it, as the judge sees it', () => {
    const judge = join(judges ?? '', 'tshark-judge');
    const verdict = spawnSync(process.execPath, [judge, file, '--strict', '--require', 'stun'], {
      encoding: 'utf8',
    });
    expect(`${verdict.status} ${verdict.stdout}`).toMatch(/^0 /);
  });
});
