import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FirewallRules, NatDependence } from '../../src/network/index.js';
import { type Means, type NatType, type Outcome, type SetUp, setUp } from './testbed.js';

/** The page that explains the tables; each stands between comments with its name. */
const PAGE = fileURLToPath(new URL('../../docs/media-matrix.md', import.meta.url));

const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];
const NATS: readonly NatType[] = DEPENDENCES.flatMap((mapping) =>
  DEPENDENCES.map((filtering) => ({ mapping, filtering })),
);
const SHORT: Readonly<Record<NatDependence, string>> = {
  'endpoint-independent': 'EI',
  'address-dependent': 'AD',
  'address-and-port-dependent': 'APD',
};
const MEANS: readonly (Means | 'STUN')[] = ['STUN', 'TURN UDP', 'TURN TCP', 'ICE-TCP'];

/** Behind a public gateway's four shapes, in the order of the columns. */
const GATEWAYS = (['lite', 'full'] as const).flatMap((gateway) =>
  [true, false].map((mux) => ({ gateway, mux })),
);
const GATEWAY_HEADS = ['lite, mux', 'lite, two ports', 'full, mux', 'full, two ports'];

const LOSSES = [0, 1, 5, 10, 20, 30];
const ROUND_TRIPS_MS = [0, 50, 200, 600];
const RUNS = 50;
const PATIENCE_MS = 10_000;

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A cell's run, of which nothing may stay. */
function run(cell: SetUp): Outcome {
  const outcome = setUp(cell);
  expect(outcome.leftovers, JSON.stringify(cell)).toEqual([]);
  expect(outcome.keysMs === undefined, JSON.stringify(cell)).toBe(outcome.failure !== undefined);
  return outcome;
}

const time = ({ gatheredMs, keysMs, failure }: Outcome): string =>
  keysMs === undefined ? `${gatheredMs} + fails after ${failure?.afterMs}` : `${gatheredMs} + ${keysMs}`;

/** Cells of one row: which pairs have won, and how long it took. */
function cellsOf(common: Omit<SetUp, 'gateway' | 'mux'>): string[] {
  const outcomes = GATEWAYS.map((shape) => run({ ...common, ...shape }));
  const pairs = new Set(outcomes.map(({ pair, failure }) => pair ?? failure?.reason ?? ''));
  return [[...pairs].join(' or '), ...outcomes.map(time)];
}

function natTable(means: Means | 'STUN', firewall?: FirewallRules): string {
  const rows = NATS.map((type) => {
    const nat = firewall === undefined ? type : { ...type, firewall };
    return [SHORT[type.mapping], SHORT[type.filtering], ...cellsOf({ ...meansOf(means), nat })];
  });
  return markdown(['mapping', 'filtering', 'pair', ...GATEWAY_HEADS], rows);
}

const meansOf = (means: Means | 'STUN'): Pick<SetUp, 'means'> => (means === 'STUN' ? {} : { means: [means] });

/** The gateway is full and behind a translator too. */
function bothBehindTable(): string {
  const gatewayNats: readonly NatType[] = [
    { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
    { mapping: 'address-dependent', filtering: 'address-dependent' },
    { mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
  ];
  const columns = gatewayNats.flatMap((gatewayNat) =>
    (['STUN', 'TURN UDP'] as const).map((means) => ({ gatewayNat, means })),
  );
  const name = ({ mapping, filtering }: NatType): string => `${SHORT[mapping]}/${SHORT[filtering]}`;
  const rows = NATS.map((nat) => [
    name(nat),
    ...columns.map(({ gatewayNat, means }) => {
      const { pair, keysMs } = run({ ...meansOf(means), nat, gatewayNat, gateway: 'full', mux: true });
      return pair === undefined ? 'none' : `${pair.replace(' udp', '')} ${keysMs}`;
    }),
  ]);
  return markdown(['WIC', ...columns.map(({ gatewayNat, means }) => `${name(gatewayNat)}, ${means}`)], rows);
}

function furtherTable(): string {
  const usual: NatType = { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' };
  const blocked = { ...usual, firewall: { udp: 'none' } } as const;
  const rows: readonly (readonly [string, Omit<SetUp, 'gateway' | 'mux'>])[] = [
    ['no translator, no server', {}],
    ['RFC 5245, aggressive nomination', { nat: usual, aggressive: true }],
    ['no UDP; TURN TCP; gathers for 1 s', { nat: blocked, means: ['TURN TCP'], gatheringMs: 1000 }],
    ['no UDP; ICE-TCP; gathers for 1 s', { nat: blocked, means: ['ICE-TCP'], gatheringMs: 1000 }],
    [
      'no UDP; TURN TCP and ICE-TCP; gathers for 1 s',
      { nat: blocked, means: ['TURN TCP', 'ICE-TCP'], gatheringMs: 1000 },
    ],
    [
      'UDP to port 3478 only; TURN UDP and ICE-TCP',
      { nat: { ...usual, firewall: { udp: [3478] } }, means: ['TURN UDP', 'ICE-TCP'] },
    ],
  ];
  return markdown(
    ['what differs', 'pair', ...GATEWAY_HEADS],
    rows.map(([what, cell]) => [what, ...cellsOf(cell)]),
  );
}

/** By round-trip time and loss. */
function lossTables(): { readonly times: string; readonly success: string } {
  const times: string[][] = [];
  const success: string[][] = [];
  for (const roundTripMs of ROUND_TRIPS_MS) {
    const outcomes = LOSSES.map((loss) =>
      Array.from({ length: RUNS }, (_, losses) => {
        const link = { latencyUs: roundTripMs * 500, loss: loss / 100 };
        return run({ gateway: 'lite', mux: true, link, losses: losses + 1 }).keysMs;
      })
        .filter((ms) => ms !== undefined)
        .sort((a, b) => a - b),
    );
    const head = `${roundTripMs} ms`;
    times.push([head, ...outcomes.map((ms) => `${quantile(ms, 0.5)} / ${quantile(ms, 0.9)}`)]);
    success.push([
      head,
      ...outcomes.map((ms) => `${share(ms.filter((one) => one <= PATIENCE_MS))} / ${share(ms)}`),
    ]);
  }
  const head = ['round trip', ...LOSSES.map((loss) => `${loss} % lost`)];
  return { times: markdown(head, times), success: markdown(head, success) };
}

const quantile = (sorted: readonly number[], of: number): number =>
  sorted[Math.ceil(of * sorted.length) - 1] ?? Number.NaN;
const share = (some: readonly number[]): string => `${(100 * some.length) / RUNS} %`;

/** The page with those tables in the places of its own. */
function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [from, to] = [`<!-- table: ${name} -->\n`, '\n<!-- end -->'];
    const start = text.indexOf(from) + from.length;
    if (start < from.length) throw new Error(`docs/media-matrix.md has no place for the table '${name}'`);
    return text.slice(0, start) + table + text.slice(text.indexOf(to, start - 1));
  }, page);
}

const FORCING: Readonly<Record<Means | 'STUN', FirewallRules>> = {
  STUN: { udp: 'none' },
  'TURN UDP': { udp: [3478] },
  'TURN TCP': { udp: 'none' },
  'ICE-TCP': { udp: 'none' },
};

describe('the media set-up of W3', () => {
  it('is what docs/media-matrix.md shows, by translator, means and gateway, and by loss and round-trip time', async () => {
    const tables: Record<string, string> = {};
    for (const means of MEANS) {
      tables[`open, ${means}`] = natTable(means);
      tables[`forced, ${means}`] = natTable(means, FORCING[means]);
    }
    tables['both behind translators'] = bothBehindTable();
    tables['further rows'] = furtherTable();
    const { times, success } = lossTables();
    tables['times by loss'] = times;
    tables['success by loss'] = success;
    await expect(withTables(readFileSync(PAGE, 'utf8'), tables)).toMatchFileSnapshot(PAGE);
  });

  it('goes directly between two translators exactly where their behaviours admit it, and by a relay elsewhere', () => {
    for (const nat of NATS) {
      for (const gatewayNat of NATS) {
        const isDirect = reaches(nat, gatewayNat) || reaches(gatewayNat, nat);
        const cell: SetUp = { nat, gatewayNat, gateway: 'full', mux: true };
        const message = JSON.stringify(cell);
        expect(run(cell).pair === undefined, message).toBe(!isDirect);
        const { pair } = run({ ...cell, means: ['TURN UDP'] });
        expect(pair?.startsWith('relay'), message).toBe(!isDirect);
      }
    }
  });
});

/**
 * Whether a check from behind one translator arrives at the reflexive address of the other, and the way back leads to where it
 * came from. A translator whose mapping depends on the destination sends from another port than the one that its STUN server
 * saw, and one whose mapping depends on the port answers a port that it learns of from yet another one.
 */
function reaches(from: NatType, to: NatType): boolean {
  const fixed = ({ mapping }: NatType): boolean => mapping === 'endpoint-independent';
  const wanders = ({ mapping }: NatType): boolean => mapping === 'address-and-port-dependent';
  const byPort = ({ filtering }: NatType): boolean => filtering === 'address-and-port-dependent';
  // the reflexive address is open to whom its user has sent to from it
  const arrives = fixed(to) ? fixed(from) || !byPort(to) : to.filtering === 'endpoint-independent';
  return arrives && (fixed(to) || !byPort(from)) && !(wanders(from) && wanders(to));
}
