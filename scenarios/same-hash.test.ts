import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../src/explore/index.js';
import { hashTrace, type Trace } from '../src/trace/index.js';
import { scenarios } from './index.js';

/**
 * The hashes of all scenarios with their defaults. A change here is a change that users notice: look at the ladders before
 * you accept it.
 */
const HASHES: Readonly<Record<string, string>> = {};

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));

const hashIn = (node: string, scenario: string): string =>
  execFileSync(node, [main, 'run', scenario, '--hash'], { encoding: 'utf8' }).trim();

const hashHere = (name: string): string => {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(name);
  return hashTrace(runScenario(scenario).trace as Trace);
};

describe('the same scenario and tape give the same trace', () => {
  it.each(scenarios.map(({ name }) => name))('%s: twice in one process, and as asserted', (name) => {
    expect(hashHere(name)).toBe(hashHere(name));
    expect(hashHere(name)).toBe(HASHES[name]);
  });

  it.each(scenarios.map(({ name }) => name))('%s: in another process', (name) => {
    expect(existsSync(main), 'npm run build comes first').toBe(true);
    expect(hashIn(process.execPath, name)).toBe(HASHES[name]);
  });

  for (const version of ['22', '24']) {
    const node = process.env[`IMSLAB_NODE_${version}`];
    if (node === undefined) {
      const message = `IMSLAB_NODE_${version} does not name a Node ${version}`;
      if (process.env.IMSLAB_REQUIRE_TOOLS !== undefined) throw new Error(message);
      console.log(`skipped: Node ${version} not installed (${message})`);
    }
    it.skipIf(node === undefined).each(scenarios.map(({ name }) => name))(
      `%s: under Node ${version}`,
      (name) => {
        expect(hashIn(node ?? '', name)).toBe(HASHES[name]);
      },
    );
  }
});
