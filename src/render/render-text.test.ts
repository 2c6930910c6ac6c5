import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arbitraryTrace } from './fixtures/arbitrary-trace.js';
import { SampleTrace, sampleCall } from './fixtures/sample-trace.js';
import { ladderOf } from './ladder.js';
import { renderText } from './render-text.js';

/** Columns of a line, counted without the code under test. */
function columns(line: string): number {
  const wide = line.match(
    /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu,
  );
  const marks = line.match(/\p{M}/gu);
  return [...line].length + (wide?.length ?? 0) - (marks?.length ?? 0);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for is a control character
const ANSI = /\u001b\[\d+m/g;

it('draws the sample call as reviewed', async () => {
  await expect(renderText(sampleCall(), { states: true, settling: true })).toMatchFileSnapshot(
    'fixtures/sample-call.txt',
  );
});

it('draws ten hosts as reviewed', async () => {
  const sample = new SampleTrace();
  const hosts = [
    ['alice', 'WIC'],
    ['wwsf', 'WWSF'],
    ['waf', 'WAF'],
    ['ep-cscf', 'eP-CSCF'],
    ['eims-agw', 'eIMS-AGW'],
    ['i-cscf', 'I-CSCF'],
    ['s-cscf', 'S-CSCF'],
    ['hss', 'HSS'],
    ['p-cscf', 'P-CSCF'],
    ['bob', 'UE'],
  ] as const;
  hosts.forEach(([name, role], index) => {
    sample.host(name, role, `10.0.0.${index + 1}`);
  });
  const messages = [
    ['alice', 'wwsf', 'GET /wic.js HTTP/1.1', { protocol: 'HTTP', transport: 'tls', key: '1' }],
    ['wwsf', 'waf', 'POST /token HTTP/1.1', { protocol: 'HTTP', transport: 'tls', key: '2' }],
    ['alice', 'ep-cscf', 'REGISTER sip:home1.net SIP/2.0', { transport: 'wss', key: '3' }],
    ['ep-cscf', 'i-cscf', 'REGISTER sip:home1.net SIP/2.0', {}],
    ['i-cscf', 'hss', 'User-Authorization-Request', { protocol: 'Diameter', transport: 'tcp', key: '4' }],
    ['i-cscf', 's-cscf', 'REGISTER sip:scscf1.home1.net SIP/2.0', {}],
    ['s-cscf', 'ep-cscf', 'SIP/2.0 200 OK', {}],
    ['ep-cscf', 'alice', 'SIP/2.0 200 OK', { transport: 'wss', key: '5' }],
    ['ep-cscf', 'eims-agw', 'Add context=$ termination=ip/access/$', { protocol: 'H.248', drop: 'fault' }],
    ['s-cscf', 'p-cscf', 'INVITE sip:bob@home1.net SIP/2.0', {}],
    ['p-cscf', 'bob', 'INVITE sip:bob@home1.net SIP/2.0', { copies: 2 }],
  ] as const;
  messages.forEach(([from, to, summary, options], index) => {
    sample.at(index * 12_300).message(from, to, summary, options);
  });
  const options = { lifelines: hosts.map(([name]) => name) };
  await expect(renderText(sample.end(), options)).toMatchFileSnapshot('fixtures/ten-hosts.txt');
});

it('has no line over its width and every arrow once, whatever the names, labels and number of hosts', () => {
  fc.assert(
    fc.property(arbitraryTrace(30), fc.integer({ min: 60, max: 160 }), (trace, width) => {
      const lines = renderText(trace, { width, states: true }).split('\n');
      for (const line of lines) expect(columns(line)).toBeLessThanOrEqual(width);
      const numbers = lines.flatMap((line) => /^ *\d+\.\d+ +(\d+) /.exec(line)?.[1] ?? []);
      const arrows = ladderOf(trace).steps.filter((step) => step.kind === 'arrow');
      expect(numbers).toEqual(arrows.map(({ number }) => String(number)));
    }),
    { numRuns: 100 },
  );
});

it('lets nothing through that a terminal would obey', () => {
  fc.assert(
    fc.property(arbitraryTrace(5), (trace) => {
      expect(renderText(trace).replaceAll('\n', '')).not.toMatch(
        /\p{Cc}|\p{Cs}|[\u202a-\u202e\u2066-\u2069]/u,
      );
    }),
    { numRuns: 40 },
  );
});

it('is the same text in colour', () => {
  const plain = renderText(sampleCall(), { states: true, settling: true });
  const colored = renderText(sampleCall(), { states: true, settling: true, color: true });
  expect(colored.match(ANSI)?.length).toBeGreaterThan(20);
  expect(colored.replace(ANSI, '')).toBe(plain);
});

it('names the lifelines again on a long run', () => {
  const sample = new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('bob', 'UE', '10.0.0.2');
  for (let i = 0; i < 100; i++) sample.at(i * 1000).message('alice', 'bob', 'OPTIONS');
  const heads = renderText(sample.end()).match(/alice +bob/g);
  // A head every 40 of 100 rows.
  expect(heads).toHaveLength(3);
});

it('lists the messages of a run with more hosts than fit', () => {
  const sample = new SampleTrace();
  for (let i = 0; i < 30; i++) sample.host(`h${i}`, 'UE', `10.0.1.${i}`);
  for (let i = 0; i < 29; i++)
    sample.message(`h${i}`, `h${i + 1}`, 'OPTIONS', i === 3 ? { drop: 'loss' } : {});
  const text = renderText(sample.end());
  expect(text).toContain(' 3 h2 -> h3: OPTIONS\n');
  expect(text).toContain(' 4 h3 -x h4: OPTIONS (lost: loss)\n');
});
