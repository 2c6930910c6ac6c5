/**
 * Colours from Okabe and Ito's palette for colour-blind readers, darkened for white paper and lightened for black. A
 * protocol is named in its labels besides.
 */
const COLORS: readonly (readonly [light: string, dark: string])[] = [
  ['#0068a8', '#56b4e9'],
  ['#bd4d00', '#ff9e4a'],
  ['#00755a', '#3fd0a4'],
  ['#9c3a77', '#e79cc5'],
  ['#756000', '#f0e442'],
  ['#56606b', '#b4bcc6'],
  ['#5a49c2', '#aea2ff'],
];

/** Places in {@link COLORS} by protocol, so that a protocol looks the same in every diagram. */
const BY_PROTOCOL = new Map([
  ['SIP', 0],
  ['HTTP', 1],
  ['Diameter', 2],
  ['H.248', 3],
  ['RTP', 4],
  ['SRTP', 4],
  ['RTCP', 4],
  ['SRTCP', 4],
  ['TLS', 5],
  ['DTLS', 5],
  ['STUN', 5],
  ['TURN', 5],
]);

/** CSS class that colours a protocol. */
export function colorClass(protocol: string): string {
  return `c${BY_PROTOCOL.get(protocol) ?? COLORS.length - 1}`;
}

const LIGHT = '--ink:#1b1f24;--paper:#fff;--faint:#6a737d;--box:#f3f5f8;--bad:#c00d1e';
const DARK = '--ink:#e6edf3;--paper:#0d1117;--faint:#8b949e;--box:#1a212b;--bad:#ff7b72';

/** Declarations by selector, each selector meant inside the diagram. */
const RULES: readonly (readonly [selectors: readonly string[], declarations: string])[] = [
  [['text'], 'fill:currentColor;font-variant-numeric:tabular-nums'],
  [['.paper'], 'fill:var(--paper)'],
  [['.lifeline'], 'stroke:var(--faint);stroke-dasharray:2 3'],
  [['.head rect', '.note rect'], 'fill:var(--box);stroke:var(--faint)'],
  [['.name', '.heading', '.step text', '.phase text'], 'font-weight:600'],
  [['.role', '.time', '.count'], 'fill:var(--faint);font-size:11px'],
  [['.heading'], 'font-size:15px'],
  [['.arrow path', '.legend path'], 'fill:none;stroke:var(--c);stroke-width:1.6'],
  [['.arrow .hit'], 'stroke:transparent;stroke-width:16;pointer-events:stroke'],
  [['.arrow .duplicate', '.legend .duplicate'], 'stroke-dasharray:2 4'],
  [['.arrow .lost', '.legend .lost'], 'stroke:var(--bad);stroke-width:2.2'],
  [['.label'], 'paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round'],
  [['.protocol'], 'fill:var(--c);font-weight:700'],
  [['.secure'], 'font-size:9px;font-weight:700;letter-spacing:.04em'],
  [['.fate'], 'fill:var(--bad)'],
  [['.state text'], 'font-size:11px'],
  [['.phase rect'], 'stroke-dasharray:5 3'],
  [['.failure rect'], 'stroke:var(--bad);stroke-width:1.6'],
  [['.failure text'], 'fill:var(--bad);font-weight:600'],
  ...COLORS.map((_, index) => [[`.c${index}`], `--c:var(--c${index})`] as const),
];

/** The style sheet of a diagram; every rule stays inside an element of class `imslab-ladder`. */
export function svgStyle(): string {
  const scope = '.imslab-ladder';
  const palette = (theme: 0 | 1): string =>
    COLORS.map((pair, index) => `--c${index}:${pair[theme]}`).join(';');
  const font = 'font:12px system-ui,-apple-system,"Segoe UI",sans-serif';
  return [
    `${scope}{${LIGHT};${palette(0)};color:var(--ink);${font}}`,
    ...RULES.map(([selectors, rule]) => `${selectors.map((one) => `${scope} ${one}`).join(',')}{${rule}}`),
    `@media (prefers-color-scheme:dark){${scope}{${DARK};${palette(1)}}}`,
  ].join('\n');
}
