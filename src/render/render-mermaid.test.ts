import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../trace/index.js';
import { arbitraryTrace } from './fixtures/arbitrary-trace.js';
import { SampleTrace, sampleCall } from './fixtures/sample-trace.js';
import { ladderOf } from './ladder.js';
import { renderMermaid } from './render-mermaid.js';

/** Text that Mermaid reads as text: no statement end, comment, directive or tag, entities only by number. */
const TEXT = String.raw`(?:[\p{L}\p{N} .,/@=+*'!?()_…\-]|#\d+;)+`;
const LINES: Record<string, RegExp> = {
  participant: new RegExp(String.raw`^ {2}participant (p\d+) as ${TEXT}(?:<br/>${TEXT})?$`, 'u'),
  arrow: new RegExp(String.raw`^ {2}(p\d+)(->>|-->>|-x)(p\d+): (${TEXT})$`, 'u'),
  note: new RegExp(String.raw`^ {2}Note over (p\d+)(?:,(p\d+))?: (${TEXT})$`, 'u'),
  number: /^ {2}autonumber (\d+)$/,
};

interface Read {
  readonly participants: string[];
  readonly numbers: number[];
  readonly leftOut: number;
  readonly grouped: number;
  readonly notes: number;
}

/** Reads a diagram by the grammar above; anything else in it fails the test. */
function read(text: string): Read {
  const lines = text.split('\n');
  expect(lines.slice(0, 2)).toEqual(['sequenceDiagram', '  autonumber']);
  expect(lines.pop()).toBe('');
  const participants: string[] = [];
  const numbers: number[] = [];
  let next = 1;
  let leftOut = 0;
  let grouped = 0;
  let notes = 0;
  for (const line of lines.slice(2)) {
    const [kind, match] = Object.entries(LINES)
      .map(([name, pattern]) => [name, pattern.exec(line)] as const)
      .find(([, found]) => found !== null) ?? ['none', null];
    if (match === null) throw new Error(`not a line of a sequence diagram: ${line}`);
    if (kind === 'participant') participants.push(match[1] ?? '');
    else if (kind === 'number') next = Number(match[1]);
    else {
      for (const end of kind === 'arrow' ? [match[1], match[3]] : [match[1], match[2]]) {
        if (end !== undefined) expect(participants).toContain(end);
      }
      if (kind === 'arrow') {
        numbers.push(next++);
        grouped += Number(/ x (\d+)$/.exec(match[4] ?? '')?.[1] ?? 1) - 1;
      } else if (/ steps left out$/.test(line)) leftOut += Number(/(\d+) steps left out$/.exec(line)?.[1]);
      else notes++;
    }
  }
  return { participants, numbers, leftOut, grouped, notes };
}

function manyMessages(count: number, summary: (index: number) => string): Trace {
  const sample = new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('bob', 'UE', '10.0.0.2');
  for (let i = 0; i < count; i++) sample.at(i * 1000).message('alice', 'bob', summary(i), { latencyUs: 500 });
  return sample.end();
}

describe('a Mermaid diagram', () => {
  it('draws the sample call as reviewed', async () => {
    await expect(renderMermaid(sampleCall(), { settling: true })).toMatchFileSnapshot(
      'fixtures/sample-call.mmd',
    );
  });

  it('is well formed whatever names and messages hold, with every step and its number', () => {
    fc.assert(
      fc.property(arbitraryTrace(), (trace) => {
        const { steps } = ladderOf(trace);
        const { numbers, leftOut, notes } = read(renderMermaid(trace));
        const arrows = steps.filter((step) => step.kind === 'arrow');
        expect(leftOut).toBe(0);
        expect(notes).toBe(steps.length - arrows.length);
        expect(numbers.every((number) => number <= arrows.length)).toBe(true);
        if (arrows.length > 0) expect(numbers[0]).toBe(1);
      }),
      { numRuns: 100 },
    );
  });

  it('takes the end of a statement, entities and directives for the text they are', () => {
    const text = renderMermaid(manyMessages(1, () => 'a;b#c:d %%{init}%% <br/> & "e"'));
    expect(text).toContain(
      'p0->>p1: a#59;b#35;c#58;d #37;#37;#123;init#125;#37;#37; #60;br/#62; #38; #34;e#34;\n',
    );
  });

  it('of 5,000 messages stays under 50,000 characters and says how many steps it left out', () => {
    const text = renderMermaid(
      manyMessages(5000, (i) => `INVITE sip:user${i}@home1.net;x=${'#'.repeat(i % 50)}`),
    );
    expect(text.length).toBeLessThan(50_000);
    expect(text.length).toBeGreaterThan(40_000);
    const { numbers, leftOut } = read(text);
    expect(leftOut).toBeGreaterThan(3000);
    expect(numbers.length + leftOut).toBe(5000);
    expect(numbers.slice(0, 3)).toEqual([1, 2, 3]);
    expect(numbers.at(-1)).toBe(5000);
  });

  it('draws like messages in a row once', () => {
    const { numbers, grouped, leftOut } = read(
      renderMermaid(manyMessages(5000, (i) => (i < 4999 ? 'OPTIONS' : 'BYE'))),
    );
    // 4,999 OPTIONS are arrow 1, which stands for 4,998 more; BYE is arrow 5,000.
    expect({ numbers, grouped, leftOut }).toEqual({ numbers: [1, 5000], grouped: 4998, leftOut: 0 });
  });

  it('keeps to smaller limits too, also with more hosts than such a diagram can name', () => {
    const sample = new SampleTrace();
    for (let i = 0; i < 250; i++) sample.host(`host-${i}-${'#'.repeat(40)}`, 'UE', `10.0.0.${i}`);
    const names = sample.trace.hosts.map(({ name }) => name);
    names.forEach((name, index) => {
      sample.at(index * 1000).message(name, names[(index + 1) % 250] ?? '', `M${index}`);
    });
    const trace = sample.end();
    for (const limit of [2000, 10_000, 50_000]) {
      const text = renderMermaid(trace, { limit });
      expect(text.length).toBeLessThanOrEqual(limit);
      const { numbers, leftOut } = read(text);
      expect(numbers.length).toBeGreaterThan(0);
      expect(numbers.length + leftOut).toBe(250);
    }
  });

  it('of an empty run, and of one with nothing but its own notes, is one all the same', () => {
    expect(read(renderMermaid(new SampleTrace().end())).participants).toEqual([]);
    const sample = new SampleTrace();
    sample.event('', { kind: 'step', text: 'nothing happens' });
    expect(read(renderMermaid(sample.end())).notes).toBe(1);
  });
});
