import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryTrace } from './fixtures/arbitrary-trace.js';
import { SampleTrace, sampleCall } from './fixtures/sample-trace.js';
import { simulatedExchange } from './fixtures/simulated-exchange.js';
import { ladderOf } from './ladder.js';
import { renderSvg } from './render-svg.js';

/** Characters that XML 1.0 2.2 allows. */
const CHARS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const NAME = /^[A-Za-z_][\w.:-]*$/;
const ATTRIBUTE = /^\s+([A-Za-z_][\w.:-]*)="([^"<]*)"/;
const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/;

/** What is wrong with a document, by the productions of XML 1.0 that these documents use; `undefined` when nothing is. */
function malformed(xml: string): string | undefined {
  if (!CHARS.test(xml)) return 'a character that XML does not allow';
  const open: string[] = [];
  let roots = 0;
  let at = 0;
  while (at < xml.length) {
    const tag = xml.indexOf('<', at);
    const text = xml.slice(at, tag < 0 ? undefined : tag);
    if (REFERENCE.test(text)) return `a bare ampersand in ${text}`;
    if (text.includes(']]>')) return 'the end of a CDATA section in text';
    if (open.length === 0 && text.trim() !== '') return `text outside the root: ${text}`;
    if (tag < 0) break;
    const end = xml.indexOf('>', tag);
    if (end < 0) return 'a tag without an end';
    const inside = xml.slice(tag + 1, end);
    at = end + 1;
    if (inside.startsWith('/')) {
      const name = open.pop();
      if (name !== inside.slice(1)) return `</${inside.slice(1)}> closes <${name}>`;
      continue;
    }
    const empty = inside.endsWith('/');
    const [name = ''] = inside.split(/[\s/]/, 1);
    if (!NAME.test(name)) return `<${inside}> has no name`;
    let rest = inside.slice(name.length, empty ? -1 : undefined);
    const seen = new Set<string>();
    for (let match = ATTRIBUTE.exec(rest); match !== null; match = ATTRIBUTE.exec(rest)) {
      const [whole, key = '', value = ''] = match;
      if (seen.has(key) || REFERENCE.test(value)) return `attribute ${whole}`;
      seen.add(key);
      rest = rest.slice(whole.length);
    }
    if (rest.trim() !== '') return `<${inside}> has ${rest}`;
    if (open.length === 0 && ++roots > 1) return 'two roots';
    if (!empty) open.push(name);
  }
  return open.length > 0 ? `<${open.join('><')}> not closed` : roots === 1 ? undefined : 'no root';
}

it('the checker of these tests finds what XML forbids', () => {
  expect(malformed('<a b="1"><c/>x &amp; y</a>')).toBeUndefined();
  const wrong = [
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&</a>',
    '<a b=1/>',
    '<a b="1" b="2"/>',
    '<a>\u0001</a>',
    '<a>\ud800</a>',
  ];
  for (const xml of [...wrong, '<a>]]></a>', 'x<a/>', '<a b="<"/>'])
    expect(malformed(xml), xml).toBeDefined();
});

describe('an SVG diagram', () => {
  it('is well-formed XML whatever names and messages hold, with every arrow once', () => {
    fc.assert(
      fc.property(arbitraryTrace(), (trace) => {
        const svg = renderSvg(trace, { states: true });
        expect(malformed(svg)).toBeUndefined();
        const numbers = [...svg.matchAll(/class="count"[^>]*>(\d+)</g)].map((match) => Number(match[1]));
        const arrows = ladderOf(trace).steps.filter((step) => step.kind === 'arrow');
        expect(numbers).toEqual(arrows.map(({ number }) => number));
      }),
      { numRuns: 100 },
    );
  });

  it('holds each message in a tooltip, with markup in it as text', () => {
    const sample = new SampleTrace().host('alice', 'WIC', '10.0.0.1').host('bob', 'UE', '10.0.0.2');
    const text = 'MESSAGE sip:bob@home1.net SIP/2.0\r\n\r\n<script>alert("&")</script>';
    sample.message('alice', 'bob', 'MESSAGE', { text });
    const svg = renderSvg(sample.end());
    expect(malformed(svg)).toBeUndefined();
    expect(svg).not.toContain('<script');
    expect(svg).toContain(
      '1. alice to bob: SIP MESSAGE\nsent 0.000 ms, received 10.000 ms (udp, event 1)\n\n' +
        'MESSAGE sip:bob@home1.net SIP/2.0\n\n&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;',
    );
  });

  it('holds every message of a run of the network', () => {
    const trace = simulatedExchange();
    const svg = renderSvg(trace);
    expect(malformed(svg)).toBeUndefined();
    for (const { id } of trace.of('message.sent')) expect(svg).toContain(`, event ${id})`);
  });

  it('marks what is lost, what came twice and what TLS protected, and says so in its legend', () => {
    const svg = renderSvg(sampleCall(), { settling: true });
    expect(svg).toContain('<tspan class="fate"> (lost: loss)</tspan>');
    expect(svg).toContain('<tspan class="fate"> (duplicate)</tspan>');
    expect(svg.match(/<tspan class="secure"> TLS<\/tspan>/g)).toHaveLength(3);
    const legend = svg.slice(svg.indexOf('class="legend"'));
    for (const entry of [
      'SIP 7, 1 lost',
      'RTP 202 packets, 1 lost',
      'lost',
      'second delivery',
      'many packets',
    ]) {
      expect(legend).toContain(`>${entry}<`);
    }
  });

  it('has colours for light and dark, and styles nothing outside itself', () => {
    const style =
      /<style>\n([\s\S]*?)\n<\/style>/.exec(renderSvg(sampleCall(), { settling: true }))?.[1] ?? '';
    expect(style).toContain('@media (prefers-color-scheme:dark)');
    const selectors = style
      .replace(/@media [^{]*/, '')
      .split(/[{}]/)
      .filter((part) => part.includes('.') && !part.includes(':'));
    expect(selectors.length).toBeGreaterThan(20);
    for (const selector of selectors.flatMap((list) => list.split(','))) {
      expect(selector.trim()).toMatch(/^\.imslab-ladder(?: |$)/);
    }
  });

  it('draws nothing beyond its own edges', () => {
    const svg = renderSvg(sampleCall(), { states: true });
    const width = Number(/width="(\d+)"/.exec(svg)?.[1]);
    for (const [, x = '', more = ''] of svg.matchAll(/<rect x="([\d.-]+)" y="[\d.]+" width="([\d.]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x) + Number(more)).toBeLessThanOrEqual(width);
    }
  });
});
