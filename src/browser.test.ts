import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The built library runs where there is no Node, such as in a browser. */

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'dist/src/index.js');

/** What an AMD wrapper asks its loader for; no module. */
const AMD = new Set(['require', 'exports', 'module']);

/** Everything that is imported from a built file on, through files and packages: module or file, and the first that wants it. */
function importedFrom(start: string): Map<string, string> {
  const wantedBy = new Map([[start, '']]);
  for (const file of wantedBy.keys()) {
    if (isBuiltin(file)) continue;
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (AMD.has(fileName)) continue;
      const target = createRequire(file).resolve(fileName);
      if (!wantedBy.has(target)) wantedBy.set(target, relative(root, file));
    }
  }
  return wantedBy;
}

/**
 * Takes away the globals that no browser has, then imports the library, runs a call and
 * prints its verdict and hash.
 */
const WITHOUT_NODE = `
  const { argv, stdout } = process;
  const gone = ['process', 'Buffer', 'global', 'setImmediate', 'clearImmediate', 'require', 'module'];
  for (const name of gone) delete globalThis[name];
  const { findScenario, hashTrace, renderPcapng, renderSvg, renderText, runScenario } = await import(argv[1]);
  const { verdict, error, trace } = runScenario(findScenario('call/wic-to-ims-ue'));
  const written = [renderText(trace), renderSvg(trace), renderPcapng(trace)].every(({ length }) => length > 1000);
  const left = gone.filter((name) => name in globalThis);
  stdout.write([error ?? verdict, written, left.length, hashTrace(trace)].join(' '));
`;

const WITH_NODE = `
  const { findScenario, hashTrace, runScenario } = await import(process.argv[1]);
  process.stdout.write('pass true 0 ' + hashTrace(runScenario(findScenario('call/wic-to-ims-ue')).trace));
`;

function node(script: string, ...flags: readonly string[]): string {
  const args = [
    '--no-warnings',
    ...flags,
    '--input-type=module',
    '--eval',
    script,
    pathToFileURL(entry).href,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return stdout + stderr;
}

describe('the library in a browser', () => {
  it('imports no Node built-in, itself or through its dependencies', () => {
    const wantedBy = importedFrom(entry);
    expect([...wantedBy.keys()].filter((file) => file.includes('sdp-transform'))).not.toEqual([]);
    expect([...wantedBy].filter(([file]) => isBuiltin(file))).toEqual([]);
    // the same walk finds those of the command
    expect([...importedFrom(join(root, 'dist/src/cli/main.js')).keys()]).toContain('node:fs');
  });

  // bundlers take the condition `module`; under `import` alone xstate gives Node a wrapper round CommonJS, which asks for process
  it('runs a call without the globals of Node, with the same trace', () => {
    expect(node(WITHOUT_NODE, '--conditions=module')).toBe(node(WITH_NODE));
  });
});
