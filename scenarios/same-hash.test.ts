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
  'registration/web-authentication': 'd0a600dc0fd64314dbb21657fb8b600fb6920a32311582220c7c325b47d64c3e',
  'registration/deregistration': 'c9cee0e78e4a50ab1b4c1949ce168d81f38d5747ce2e223b9ed2fe4491b67baf',
  'call/wic-to-ims-ue': '923f4a101b610b1aa78ee1dfd146cf2ffe67626927aca47722a7ff6413de02fb',
  'call/ims-ue-to-wic': 'b0050c6b2edd71b8e22692a569811a8369dfcbc3ffb2e8c2a37ffe295dc449e4',
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
