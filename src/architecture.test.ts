import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/**
 * Holds the house in order: the arrows between folders, what may be impure, and the shape of files and folders. The reasons are in
 * docs/architecture.md. Every complaint names file, line, what was found and the rule.
 */

/** What a folder may import besides itself. A folder that is not here belongs to no layer and is refused. */
const arrows: Readonly<Record<string, readonly string[] | 'anything'>> = {
  crypto: [],
  spec: [],
  trace: [],
  wire: ['crypto'],
  media: ['wire', 'crypto'],
  kernel: ['trace'],
  network: ['kernel', 'trace', 'wire', 'crypto'],
  stack: ['media', 'network', 'kernel', 'trace', 'wire', 'crypto'],
  explore: ['stack', 'media', 'network', 'kernel', 'trace', 'wire', 'crypto', 'spec'],
  models: ['explore', 'stack', 'media', 'network', 'kernel', 'trace', 'wire', 'crypto', 'spec'],
  scenarios: ['models', 'explore', 'stack', 'media', 'network', 'kernel', 'trace', 'wire', 'crypto', 'spec'],
  render: ['trace', 'wire', 'spec'],
  testing: 'anything',
  cli: 'anything',
  bench: 'anything',
  'src/index.ts': 'anything',
  'src/architecture.test.ts': 'anything',
};

/** Same inputs, same bytes, on any machine and in a browser. */
const deterministic = new Set([
  ...['kernel', 'network', 'wire', 'crypto', 'media', 'spec', 'stack', 'trace', 'models'],
]);

/** Nothing here ever runs in a browser. */
const needsNode = new Set(['cli', 'bench', 'testing']);

/** Globals that read a clock, the machine, the outside world, or chance. */
const impure = new Set([
  ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Promise'],
  ...['clearTimeout', 'clearInterval', 'clearImmediate', 'requestAnimationFrame', 'cancelAnimationFrame'],
  ...['process', 'Buffer', 'require', 'global', 'globalThis', 'window', 'self', 'navigator', 'console'],
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'Worker', 'MessageChannel', 'localStorage', 'sessionStorage'],
  ...['crypto', 'Intl', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'AbortController'],
]);

/** Tables, which no reader reads from top to bottom. */
const dataFile = /^src\/spec\/(?:clause-[^/]*|annex-a)\.ts$|-(?:data|table)\.ts$/;
const maxLines = 600;

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;

/** A TypeScript file by its path from the root of the repository, with `/` on every system. */
interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const runtimePackages = new Set(Object.keys(manifest.dependencies));

function sourceFiles(): SourceFile[] {
  return ['src', 'models', 'scenarios']
    .filter((top) => existsSync(join(root, top)))
    .flatMap((top) => readdirSync(join(root, top), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
    .filter(({ path }) => !path.includes('/fixtures/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `wire` for src/wire/sip/x.ts, `models` for models/wic/x.ts, the path itself for a file directly in src. */
function layerOf(path: string): string {
  const [top = '', second = '', third] = path.split('/');
  if (top !== 'src') return top;
  return third === undefined ? path : second;
}

const isTest = (path: string): boolean => path.endsWith('.test.ts');

function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

/** Every module a file names: import, export from, import(), import type, and typeof import(). */
function importsOf(file: ts.SourceFile): { readonly specifier: string; readonly line: number }[] {
  const found: { specifier: string; line: number }[] = [];
  visit(file, (node) => {
    let module: ts.Node | undefined;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) module = node.moduleSpecifier;
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) module = node.argument.literal;
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      module = node.arguments[0];
    if (module !== undefined && ts.isStringLiteralLike(module)) {
      found.push({ specifier: module.text, line: lineOf(file, module) });
    }
  });
  return found;
}

/** Why a file may not import a module, or `undefined` when it may. */
function importFault(path: string, specifier: string): string | undefined {
  const layer = layerOf(path);
  if (!specifier.startsWith('.')) {
    if (isTest(path) || needsNode.has(layer)) return undefined;
    if (isBuiltin(specifier))
      return 'only src/cli, src/bench, src/testing and tests may use Node: the rest runs in a browser';
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    return runtimePackages.has(name)
      ? undefined
      : 'outside tests only the dependencies of package.json may be imported';
  }
  if (isTest(path) && specifier.endsWith('.json')) return undefined;
  // what is promised of whole flows is tested with whatever shows it
  if (isTest(path) && layer === 'scenarios' && specifier.endsWith('.js')) return undefined;
  if (!specifier.endsWith('.js')) return 'a relative import ends in .js';
  const target = relative(root, resolve(root, dirname(path), specifier))
    .split(sep)
    .join('/')
    .replace(/\.js$/, '.ts');
  const targetLayer = layerOf(target);
  if (targetLayer === layer) return undefined;
  if (targetLayer === 'testing') {
    return isTest(path) || needsNode.has(layer) ? undefined : 'src/testing is for tests only';
  }
  const allowed = arrows[layer];
  if (allowed === undefined) return `${layer} is in no layer: give it its arrows in src/architecture.test.ts`;
  if (allowed === 'anything' || allowed.includes(targetLayer)) return undefined;
  return `${layer} may import ${allowed.length === 0 ? 'nothing of ours' : `only ${allowed.join(', ')}`} besides itself`;
}

function importFaults(source: SourceFile): string[] {
  return importsOf(parse(source)).flatMap(({ specifier, line }) => {
    const fault = importFault(source.path, specifier);
    return fault === undefined ? [] : [`${source.path}:${line}: imports ${specifier}, but ${fault}`];
  });
}

/** Whether an identifier stands for the value of that name, not for a member, a label or a type. */
function readsValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isExpressionWithTypeArguments(parent)) {
    return ts.isHeritageClause(parent.parent) && parent.parent.token === ts.SyntaxKind.ExtendsKeyword;
  }
  return ts.isExpression(parent) || ts.isStatement(parent) || ts.isVariableDeclaration(parent)
    ? !('name' in parent && parent.name === node)
    : ts.isShorthandPropertyAssignment(parent) || ts.isSpreadAssignment(parent) || ts.isTemplateSpan(parent);
}

/** Impure names and asynchronous code in a file of a deterministic folder. */
function impurities(source: SourceFile): string[] {
  const file = parse(source);
  const declared = new Set<string>();
  visit(file, (node) => {
    const named = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
    const introduced =
      named || ts.isFunctionDeclaration(node) || ts.isImportSpecifier(node) || ts.isNamespaceImport(node);
    if (introduced && node.name !== undefined && ts.isIdentifier(node.name)) declared.add(node.name.text);
  });
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    const rule = `${layerOf(source.path)} is deterministic: time, chance and the outside world come from the kernel`;
    found.push(`${source.path}:${lineOf(file, node)}: uses ${what}, but ${rule}`);
  };
  visit(file, (node) => {
    if (ts.isIdentifier(node) && impure.has(node.text) && !declared.has(node.text) && readsValue(node)) {
      report(node, node.text);
    }
    if (ts.isPropertyAccessExpression(node) && node.getText(file) === 'Math.random')
      report(node, 'Math.random');
    if (node.kind === ts.SyntaxKind.AsyncKeyword) report(node, 'async');
    if (ts.isAwaitExpression(node)) report(node, 'await');
  });
  return found;
}

/** Tests that were switched off, or that switch the others off. */
function switchedOff(source: SourceFile): string[] {
  const file = parse(source);
  const found: string[] = [];
  visit(file, (node) => {
    if (!ts.isPropertyAccessExpression(node) || !/^(?:only|skip|todo)$/.test(node.name.text)) return;
    const [base = ''] = node.expression.getText(file).split(/\W/, 1);
    if (/^(?:describe|it|test|suite|bench)$/.test(base)) {
      const rule = 'a committed test runs (a missing program is told by skipIf)';
      found.push(`${source.path}:${lineOf(file, node)}: uses ${base}.${node.name.text}, but ${rule}`);
    }
  });
  return found;
}

function shapeFaults({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const misnamed = path.split('/').find((part) => !kebabCase.test(part));
  if (misnamed !== undefined) faults.push(`${path}: ${misnamed} is not in kebab-case`);
  const lines = text.split('\n').length - 1;
  if (lines > maxLines && !dataFile.test(path)) {
    faults.push(`${path}:${maxLines + 1}: has ${lines} lines, but only data files may exceed ${maxLines}`);
  }
  return faults;
}

/** Folders that others import from and that do not introduce themselves. Folders without code yet are left alone. */
function unintroduced(sources: readonly SourceFile[]): string[] {
  const introducing = /^(?:src\/(?:wire|stack)\/[^/]+|src\/[^/]+|models\/[^/]+)(?=\/)/;
  const folders = new Set<string>();
  for (const { path } of sources) {
    if (isTest(path)) continue;
    const folder = introducing.exec(path)?.[0];
    if (folder === undefined) continue;
    folders.add(folder);
    // src/wire introduces itself besides src/wire/sip.
    const parent = dirname(folder);
    if (parent.startsWith('src/')) folders.add(parent);
  }
  return [...folders].flatMap((folder) => {
    const index = sources.find(({ path }) => path === `${folder}/index.ts`);
    if (index === undefined) return [`${folder}: has no index.ts that says what the folder is for`];
    return /^\/[*/]/.test(index.text)
      ? []
      : [`${folder}/index.ts:1: does not begin with a comment on the folder`];
  });
}

describe('the source tree', () => {
  const sources = sourceFiles();

  it('is there', () => {
    expect(sources.map(({ path }) => path)).toContain('src/architecture.test.ts');
  });

  it('imports along the arrows only', () => {
    expect(sources.flatMap(importFaults)).toEqual([]);
  });

  it('has no impure global and no asynchronous code in a deterministic folder', () => {
    const held = sources.filter(({ path }) => deterministic.has(layerOf(path)) && !isTest(path));
    expect(held.flatMap(impurities)).toEqual([]);
  });

  it('has no test that is switched off', () => {
    expect(sources.filter(({ path }) => isTest(path)).flatMap(switchedOff)).toEqual([]);
  });

  it('names files and folders in kebab-case and keeps files short', () => {
    expect(sources.flatMap(shapeFaults)).toEqual([]);
  });

  it('introduces every folder in its index', () => {
    expect(unintroduced(sources)).toEqual([]);
  });
});

describe('the guard of the source tree', () => {
  const source = (path: string, ...lines: string[]): SourceFile => ({ path, text: `${lines.join('\n')}\n` });

  it('reports an import against the arrows with file, line, module and rule', () => {
    const wire = source(
      'src/wire/sip/message.ts',
      '// a comment',
      "import { Kernel } from '../../kernel/kernel.js';",
    );
    expect(importFaults(wire)).toEqual([
      'src/wire/sip/message.ts:2: imports ../../kernel/kernel.js, but wire may import only crypto besides itself',
    ]);
  });

  it.each([
    ['src/spec/x.ts', '../wire/parsed.js'],
    ['src/media/x.ts', '../network/host.js'],
    ['src/media/x.ts', '../kernel/index.js'],
    ['src/network/x.ts', '../media/index.js'],
    ['src/trace/x.ts', '../wire/parsed.js'],
    ['src/kernel/x.ts', '../network/host.js'],
    ['src/network/x.ts', '../stack/sip/index.js'],
    ['src/stack/sip/x.ts', '../../../models/wic/index.js'],
    ['src/stack/sip/x.ts', '../../spec/index.js'],
    ['src/render/x.ts', '../kernel/kernel.js'],
    ['src/explore/x.ts', '../cli/main.js'],
    ['models/wic/x.ts', '../../src/render/index.js'],
    ['models/wic/x.ts', '../../src/index.js'],
    ['models/wic/x.ts', '../../src/testing/index.js'],
    ['models/wic/x.ts', '../../scenarios/call.js'],
    ['models/wic/x.test.ts', '../../scenarios/call.js'],
    ['src/wire/sip/x.ts', 'node:fs'],
    ['src/wire/sip/x.ts', 'fs'],
    ['src/wire/sip/x.ts', 'jssip'],
    ['src/wire/sip/x.ts', './y'],
    ['src/wire/sip/x.ts', './table.json'],
    ['src/novel/x.ts', '../wire/parsed.js'],
  ])('refuses %s importing %s', (path, specifier) => {
    expect(importFault(path, specifier)).toBeDefined();
  });

  it.each([
    ['src/wire/sip/x.ts', '../parsed.js'],
    ['src/wire/stun/x.ts', '../../crypto/hmac.js'],
    ['src/wire/sdp/x.ts', 'sdp-transform'],
    ['src/crypto/x.ts', '@noble/hashes/sha2.js'],
    ['src/wire/sip/x.test.ts', 'jssip'],
    ['src/wire/sip/x.test.ts', 'node:fs'],
    ['src/wire/sip/x.test.ts', './fixtures/torture.json'],
    ['src/wire/sip/x.test.ts', '../../testing/index.js'],
    ['src/media/x.ts', '../wire/rtp/index.js'],
    ['src/stack/x/x.ts', '../../media/index.js'],
    ['models/wic/x.ts', '../../src/media/index.js'],
    ['models/wic/x.ts', '../../src/stack/sip/index.js'],
    ['scenarios/call/x.ts', '../../models/wic/index.js'],
    ['src/cli/main.ts', '../../scenarios/call/x.js'],
    ['src/cli/main.ts', 'node:process'],
    ['src/index.ts', './render/index.js'],
  ])('allows %s importing %s', (path, specifier) => {
    expect(importFault(path, specifier)).toBeUndefined();
  });

  it('sees every way of naming a module', () => {
    const file = parse(
      source(
        'src/kernel/x.ts',
        "import 'a'; import type { B } from 'b'; export * from 'c'; const d = import('d'); type E = import('e').E;",
      ),
    );
    expect(importsOf(file).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('reports impure names and asynchronous code with their lines', () => {
    const found = impurities(
      source(
        'src/kernel/x.ts',
        'export const now = () => Date.now();',
        'export const chance = { draw: Math.random };',
        'export async function later() {',
        `  await Promise.resolve(\`\${process.pid}\`);`,
        '}',
        'export const list = [performance, ...(setTimeout as never)];',
        'export class Shared extends WeakRef<object> {}',
        'export const shorthand = { fetch };',
      ),
    );
    expect(found.map((line) => line.replace(/^src\/kernel\/x\.ts:(\d+): uses (\S+),.*$/, '$1 $2'))).toEqual([
      '1 Date',
      '2 Math.random',
      '3 async',
      '4 await',
      '4 Promise',
      '4 process',
      '6 performance',
      '6 setTimeout',
      '7 WeakRef',
      '8 fetch',
    ]);
  });

  it('takes members, types and local names that look impure for what they are', () => {
    const harmless = source(
      'src/kernel/x.ts',
      'export interface Clock { readonly setTimeout: number; Date: string }',
      'export const headers = { Date: 1, process: 2 };',
      'export const at = (process: number, x: { Date: number }) => process + x.Date + headers.Date;',
    );
    expect(impurities(harmless)).toEqual([]);
  });

  it('reports tests that are switched off and leaves skipIf alone', () => {
    const tests = source(
      'src/wire/x.test.ts',
      "it.only('a', () => {});",
      "describe.concurrent.skip('b', () => {});",
      "it.skipIf(true)('c', () => {});",
      'list.skip(1);',
      "it.todo('d');",
    );
    expect(switchedOff(tests).map((line) => line.split(', but')[0])).toEqual([
      'src/wire/x.test.ts:1: uses it.only',
      'src/wire/x.test.ts:2: uses describe.skip',
      'src/wire/x.test.ts:5: uses it.todo',
    ]);
  });

  it('reports names, lengths and folders out of shape', () => {
    expect(shapeFaults(source('src/wire/SIP/message.ts'))).toEqual([
      'src/wire/SIP/message.ts: SIP is not in kebab-case',
    ]);
    expect(shapeFaults(source('src/wire/sip/viaParser.ts'))).toHaveLength(1);
    const long = Array.from({ length: maxLines + 1 }, () => '');
    expect(shapeFaults(source('src/wire/sip/message.ts', ...long))).toHaveLength(1);
    expect(shapeFaults(source('src/wire/sip/message.ts', ...long.slice(1)))).toEqual([]);
    expect(shapeFaults(source('src/spec/clause-6.ts', ...long))).toEqual([]);
    const index = source('src/wire/index.ts', '/** Codecs. */');
    const parser = source('src/wire/sip/message.ts', '');
    expect(unintroduced([index, parser])).toEqual([
      'src/wire/sip: has no index.ts that says what the folder is for',
    ]);
    expect(unintroduced([index, parser, source('src/wire/sip/index.ts', 'export {};')])).toEqual([
      'src/wire/sip/index.ts:1: does not begin with a comment on the folder',
    ]);
    expect(unintroduced([index, parser, source('src/wire/sip/index.ts', '/** SIP. */')])).toEqual([]);
  });
});
