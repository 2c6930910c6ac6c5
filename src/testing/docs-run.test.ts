import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What the documents tell a reader to type works as they say, with the built package. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/src/cli/main.js');

/** A stretch of code in a document. */
interface Block {
  /** Path and line of the first line of code. */
  readonly at: string;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a text. */
function blocksOf(path: string, text: string): Block[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = '', 2: code = '' }) => ({
      at: `${path}:${text.slice(0, index).split('\n').length + 1}`,
      language,
      code,
    }),
  );
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const documents = ['README.md', 'docs/guide.md', 'docs/media-matrix.md'];

/** Blocks in the comments of the library, without the margin of asterisks. */
const commented = ['src/index.ts', 'src/kernel/choice.ts']
  .concat(
    ['src/explore', 'src/trace', 'src/render', 'src/spec'].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
    ),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .flatMap((path) => blocksOf(path, read(path).replace(/^ *\* ?/gm, '')));

const snippets = [...documents.flatMap((path) => blocksOf(path, read(path))), ...commented].filter(
  ({ language }) => language === 'ts',
);

const commands = blocksOf('README.md', read('README.md'))
  .filter(({ language }) => language === 'sh')
  .flatMap(({ code }) => code.split('\n'))
  .filter((line) => line.startsWith('npx imslab '));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imslab-docs-'));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/imslab'), 'junction');
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'offer.sdp'),
    readFileSync(join(root, 'src/wire/sdp/fixtures/chromium/audio-only.offer.sdp')),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is wrong with the types of some files, as the compiler says it. */
function typeErrors(files: readonly string[]): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** What a snippet says that it prints. */
const promised = (code: string): string[] =>
  [...code.matchAll(/\/\/ => (.*)$/gm)].map(([, text = '']) => text);

describe('docs-run', () => {
  it('finds the commands and snippets', () => {
    expect(commands.length).toBeGreaterThan(6);
    expect(snippets.filter(({ at }) => at.startsWith('README.md')).length).toBeGreaterThan(0);
    expect(snippets.filter(({ at }) => at.startsWith('docs/guide.md')).length).toBeGreaterThan(4);
    expect(commented.length).toBeGreaterThan(6);
  });

  it.each(commands)('%s', (line) => {
    const command = line.replace(/^npx imslab/, `'${process.execPath}' '${main}'`);
    const { status, stdout, stderr } = spawnSync(command, { shell: true, cwd: folder, encoding: 'utf8' });
    expect(`${status} ${stderr}`).toBe('0 ');
    expect(stdout).not.toBe('');
  });

  it('loses the packet that README.md says', () => {
    const options = ['--fault', 'ue>p-cscf#3=drop', '--format', 'text'];
    const { stdout } = spawnSync(process.execPath, [main, 'run', 'call/wic-to-ims-ue', ...options], {
      encoding: 'utf8',
    });
    expect(read('README.md')).toContain(
      "--fault 'ue>p-cscf#3=drop' # lose the phone's 200 to its first NOTIFY",
    );
    expect(stdout).toContain('200 OK (NOTIFY) (lost: fault)');
  });

  it('compiles every snippet', () => {
    const files = snippets.map(({ code }, index) => {
      const file = join(folder, `snippet-${index}.ts`);
      writeFileSync(file, code);
      return file;
    });
    expect(typeErrors(files)).toEqual([]);
  });

  it.each(snippets)('runs $at', ({ code }) => {
    const file = join(folder, 'snippet.js');
    const { target, module } = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    writeFileSync(file, ts.transpileModule(code, { compilerOptions: { target, module } }).outputText);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    expect(`${status} ${stderr}`).toBe('0 ');
    const lines = stdout.split('\n');
    for (const text of promised(code)) expect(lines).toContain(text);
  });

  it('links only to files that exist', () => {
    for (const path of [...documents, 'docs/architecture.md', 'docs/dependencies.md']) {
      for (const [, target = ''] of read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(
          () => readFileSync(new URL(target, `file://${join(root, path)}`)),
          `${path}: ${target}`,
        ).not.toThrow();
      }
    }
  });
});
