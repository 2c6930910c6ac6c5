import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { execute } from './program.js';

const folder = mkdtempSync(join(tmpdir(), 'imslab-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function imslab(...args: string[]): { status: number; out: string; err: string } {
  let out = '';
  let err = '';
  const output = {
    write: (text: string) => {
      out += text;
    },
    color: false,
  };
  const status = execute(args, output, '0.0.0', (text) => {
    err += text;
  });
  return { status, out, err };
}

describe('imslab', () => {
  it('lists every scenario with title and clauses', () => {
    const { status, out } = imslab('list');
    expect(status).toBe(0);
    expect(out).toMatch(/^registration\/web-authentication .*\(6\.1, 6\.2\.2/m);
    expect(JSON.parse(imslab('list', '--json').out)).toHaveLength(out.trim().split('\n').length);
  });

  it('runs a scenario, shows a ladder of at most 100 columns, and writes what it is asked for', () => {
    const out = join(folder, 'out');
    const run = imslab(
      'run',
      'registration/web-authentication',
      '--format',
      'text,svg,mermaid,pcapng,ndjson',
      '--out',
      out,
    );
    expect(run.status).toBe(0);
    expect(run.out).toContain('REGISTER sip:home1.net');
    expect(
      Math.max(
        ...run.out
          .split('\n')
          .filter((line) => !line.startsWith('wrote'))
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    for (const suffix of ['svg', 'mmd', 'pcapng', 'ndjson']) {
      const file = join(out, `registration-web-authentication.${suffix}`);
      expect(run.out).toContain(`wrote ${file}`);
      expect(readFileSync(file).length).toBeGreaterThan(1000);
    }
  });

  it('writes the secrets of DTLS as a key log beside what else it writes, and wants a folder for it', () => {
    const out = join(folder, 'secrets');
    const run = imslab('run', 'call/wic-to-ims-ue', '--format', 'pcapng', '--keylog', '--out', out);
    expect(run.status).toBe(0);
    const file = join(out, 'call-wic-to-ims-ue.keys');
    expect(run.out).toContain(`wrote ${file}`);
    expect(readFileSync(file, 'utf8')).toMatch(/^(CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n)+$/);
    const without = imslab('run', 'call/wic-to-ims-ue', '--keylog');
    expect([without.status, without.err]).toEqual([2, expect.stringContaining('--out')]);
  });

  it('prints the same hash for the same seed and another for another', () => {
    const hash = (seed: string): string =>
      imslab('run', 'registration/web-authentication', '--seed', seed, '--hash').out;
    expect(hash('1')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(hash('1')).toBe(hash('1'));
    expect(hash('2')).not.toBe(hash('1'));
  });

  it('shows a requirement with what exercises it', () => {
    const { status, out } = imslab('show', '24371-6.4.2-04');
    expect(status).toBe(0);
    expect(out).toContain('auth-done');
    expect(out).toContain('registration/web-authentication');
  });

  it('prints statecharts', () => {
    const { status, out } = imslab('model', 'ep-cscf');
    expect(status).toBe(0);
    expect(out).toContain('stateDiagram-v2');
    expect(out).toContain('gateway.reserved');
  });

  it('takes settings and faults, from files too', () => {
    const profile = join(folder, 'profile');
    writeFileSync(profile, 'rfc8898');
    const set = ['--set', `wic.bearerProfile=@${profile}`];
    const { status, out } = imslab('run', 'registration/web-authentication', ...set, '--format', 'ndjson');
    expect(status).toBe(0);
    expect(out).toContain('Authorization: Bearer ey');
    const faulty = imslab(
      'run',
      'registration/web-authentication',
      '--fault',
      'ep-cscf>i-cscf#0=drop',
      '--json',
    );
    expect(JSON.parse(faulty.out)).toMatchObject({ verdict: 'pass', tape: 'ep-cscf>i-cscf#0=1' });
  });

  it('exits 1 when an expectation does not hold, with the tape that repeats it', () => {
    const lost = Array.from({ length: 12 }, (_, i) => `ep-cscf>i-cscf#${i}=drop`).join(',');
    const { status, out } = imslab('run', 'registration/web-authentication', '--tape', lost);
    expect(status).toBe(1);
    expect(out).toContain("'alice is registered' did not come true");
    expect(out).toContain('--tape');
  });

  it.each([
    [['run', 'registration/web-authentification'], "did you mean 'registration/web-authentication'?"],
    [['run', 'call/wic-to-ims-ue', '--set', 'wic.barerProfile=x'], "did you mean 'bearerProfile'?"],
    [['run', 'call/wic-to-ims-ue', '--set', 'wick.offer=x'], "did you mean 'wic'?"],
    [['run', 'call/wic-to-ims-ue', '--set', 'wic.bearerProfile=x'], 'rfc6750, rfc8898'],
    [['run', 'call/wic-to-ims-ue', '--set', 'nonsense'], 'entity.option=value'],
    [['run', 'call/wic-to-ims-ue', '--seed', 'one'], '--seed'],
    [['run', 'call/wic-to-ims-ue', '--fault', 'drop'], 'point#index=choice'],
    [['run', 'call/wic-to-ims-ue', '--format', 'swg'], "did you mean 'svg'?"],
    [['run', 'call/wic-to-ims-ue', '--format', 'pcapng'], '--out'],
    [['run', 'call/wic-to-ims-ue', '--tape', '@/no/such/file'], 'cannot read'],
    [['show', '24371-6.4.2-99'], "did you mean '24371-6.4.2-"],
    [['model', 'epcscf'], "did you mean 'ep-cscf'?"],
    [['coverage', '--clause', '99'], '--clause 6.4'],
    [['rnu'], 'run'],
    [['run', '--sede', '3'], '--seed'],
    [[], 'Usage'],
  ])('%j is a usage error with a hint', (args, hint) => {
    const { status, err } = imslab(...args);
    expect(status).toBe(2);
    expect(err).toContain(hint);
  });
});
