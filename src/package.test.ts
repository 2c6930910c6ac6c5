import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What users install is what they need, and works without the repository around it. */

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Half as much again as it was when this was written; more than that deserves a look. */
const MOST_PACKED_BYTES = 2_000_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let folder: string;
let packed: Packed;
let paths: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imslab-package-'));
  // without its scripts, one of which would remove what other tests are using
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const listing = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  [packed] = JSON.parse(listing) as [Packed];
  paths = packed.files.map(({ path }) => path);
  install();
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Unpacks the package and links its command as npm does, with its dependencies and no others beside it. */
function install(): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'imslab'));
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  symlinkSync(join('..', 'imslab', manifest.bin.imslab ?? ''), join(modules, '.bin/imslab'));
  chmodSync(join(modules, '.bin/imslab'), 0o755);
  writeFileSync(join(folder, 'package.json'), '{ "name": "user-of-imslab", "private": true }');
}

const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: folder, encoding: 'utf8' });

/** Modules that some test imports and nothing else does, by their paths from the root. */
function testHelpers(): string[] {
  const byTests = new Set<string>();
  const byOthers = new Set<string>();
  for (const top of ['src', 'models', 'scenarios']) {
    for (const name of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const path = join(top, name);
      const importers = path.endsWith('.test.ts') ? byTests : byOthers;
      for (const { fileName } of ts.preProcessFile(readFileSync(join(root, path), 'utf8')).importedFiles) {
        if (!fileName.startsWith('.')) continue;
        const target = relative(root, resolve(root, dirname(path), fileName.replace(/\.js$/, '.ts')));
        importers.add(target.split(sep).join('/'));
      }
    }
  }
  return [...byTests].filter(
    (path) => !byOthers.has(path) && !/(?:^|\/)index\.ts$|^src\/testing\//.test(path),
  );
}

describe('the package', () => {
  it('holds the library, the command, their sources and documents', () => {
    for (const path of ['dist/src/index.js', 'dist/src/index.d.ts', 'dist/src/cli/main.js', 'src/index.ts']) {
      expect(paths).toContain(path);
    }
    expect(paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'docs/guide.md', 'package.json']));
  });

  it('holds nothing that only tests, measurements or builds need', () => {
    const wanted =
      /^(?:dist\/(?:src|models|scenarios)\/.+\.(?:js|js\.map|d\.ts)|(?:src|models|scenarios)\/.+\.ts|docs\/[^/]+\.md)$/;
    const top = ['README.md', 'LICENSE', 'package.json'];
    expect(paths.filter((path) => !wanted.test(path) && !top.includes(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.|testbed|fixtures|\/testing\/|\/bench\//.test(path))).toEqual([]);
  });

  it('holds no module that only tests import', () => {
    expect(testHelpers().filter((path) => paths.includes(path))).toEqual([]);
  });

  it('is no larger than it should be', () => {
    expect(packed.size).toBeLessThan(MOST_PACKED_BYTES);
  });

  it('has sources where its source maps say', () => {
    const map = JSON.parse(
      readFileSync(join(folder, 'node_modules/imslab/dist/src/index.js.map'), 'utf8'),
    ) as {
      readonly sources: readonly string[];
    };
    for (const source of map.sources) {
      expect(existsSync(join(folder, 'node_modules/imslab/dist/src', source)), source).toBe(true);
    }
  });
});

describe('the installed package', () => {
  it('is imported by an ES module and runs a call', () => {
    const script = `
      import { findScenario, hashTrace, renderPcapng, renderSvg, runScenario } from 'imslab';
      const { verdict, trace } = runScenario(findScenario('call/wic-to-ims-ue'));
      console.log(verdict, hashTrace(trace).length, renderSvg(trace).length > 1000, renderPcapng(trace).length > 1000);
    `;
    const { stdout, stderr } = run(process.execPath, '--input-type=module', '--eval', script);
    expect(stdout + stderr).toBe('pass 64 true true\n');
  });

  it('is required by a CommonJS module', () => {
    const script = "console.log(require('imslab').findScenario('call/wic-to-ims-ue').name)";
    // Node 20 to 22 call require() of an ES module experimental
    const { stdout, stderr } = run(
      process.execPath,
      '--no-warnings',
      '--input-type=commonjs',
      '--eval',
      script,
    );
    expect(stdout + stderr).toBe('call/wic-to-ims-ue\n');
  });

  it('has the command', () => {
    const { bin } = manifest;
    expect(readFileSync(join(folder, 'node_modules/imslab', bin.imslab ?? ''), 'utf8')).toMatch(
      /^#!\/usr\/bin\/env node\n/,
    );
    expect(run('npx', '--no', '--', 'imslab', 'list').stdout).toContain('registration/web-authentication');
    expect(run('npx', '--no', '--', 'imslab', '--version').stdout).toBe(`${manifest.version}\n`);
    const registration = run('npx', '--no', '--', 'imslab', 'run', 'registration/web-authentication');
    expect(registration.stdout).toMatch(/\nregistration\/web-authentication: all expectations hold .*\n$/);
    expect(registration.status).toBe(0);
  });

  it.each([
    ['NodeNext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['Bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])('has types for module resolution %s, without those of Node', (_, module, moduleResolution) => {
    const file = join(folder, 'user.mts');
    writeFileSync(
      file,
      `import { Coverage, defineScenario, exercised, findScenario, models, parseTape, renderMermaid, renderPcapng, renderStatechart,
         type RequirementId, requirement, type RunResult, runScenario, seededChoices, tapeChoices, webAccess } from 'imslab';
       const tape = parseTape('ue>p-cscf#0=drop');
       if (typeof tape === 'string') throw new Error(tape);
       const result: RunResult = runScenario(findScenario('a'), { choices: tapeChoices(tape, seededChoices(1)) });
       // @ts-expect-error a run without a trace has none
       renderMermaid(result.trace);
       export const bytes: Uint8Array = result.trace === undefined ? new Uint8Array() : renderPcapng(result.trace);
       export const ids: RequirementId[] = result.trace === undefined ? [] : [...exercised(result.trace).keys()];
       export const texts: string[] = (models.wic ?? []).map(renderStatechart).concat(requirement('24371-6.4.2-04').behaviour);
       export const times: number[] = (result.trace?.of('packet.sent') ?? []).map(({ at, body }) => at + body.packet.index);
       // @ts-expect-error there is no such kind of event
       result.trace?.of('packet.lost');
       new Coverage().add('a', result.trace!);
       export const own = defineScenario({
         name: 'own', title: '', clauses: [], description: '', topology: webAccess({ wics: 1, ues: 0 }),
         *script({ world, until }) {
           const alice = world.wics[0]!;
           alice.open();
           yield until('registered', () => alice.wic.registered);
           // @ts-expect-error entities have types of their own
           alice.open('page');
         },
       });
      `,
    );
    const program = ts.createProgram([file], {
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      module,
      moduleResolution,
      strict: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: [],
    });
    const ours = ts.getPreEmitDiagnostics(program).filter((one) => !one.file?.fileName.includes('/xstate/'));
    const texts = ours.map(
      ({ file: at, messageText }) => `${at?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
    expect(texts).toEqual([]);
    expect(program.getSourceFiles().filter(({ fileName }) => fileName.includes('@types/'))).toEqual([]);
  });
});
