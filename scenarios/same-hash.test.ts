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
const HASHES: Readonly<Record<string, string>> = {
  'registration/web-authentication': 'bebd9b1a32cbe218cb211cf139f63e2b186179fc26cd637d3191e62d7783bfb2',
  'registration/deregistration': '871b429618414be0aad4b88353eb945279d2fe869d557a76e427ba573e09cfcf',
  'call/wic-to-ims-ue': 'bb0d3ad5ae191e92eeab833a782db55ea91e4e84efbb8c4801f014b491e95601',
  'call/ims-ue-to-wic': '212c2fe6667df33c052018ce82f796b27c16a68736d328dc9eb5c3d2c3ccdb9f',
};

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
