import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunResult, runScenario, type Scenario, type World } from '../src/explore/index.js';
import {
  formatTape,
  parseTape,
  seededChoices,
  type Tape,
  type TapeEntry,
  tapeChoices,
} from '../src/kernel/index.js';
import { type CallDirection, resilientCall } from './testbed.js';

/** Another seed and more runs find other tapes: IMSLAB_FAULT_SEED and IMSLAB_FAULT_RUNS. */
const SEED = Number(process.env.IMSLAB_FAULT_SEED ?? 24371);
const RUNS = Number(process.env.IMSLAB_FAULT_RUNS ?? 80);
const MOST_FAULTS = 3;

const DIRECTIONS: readonly CallDirection[] = ['wic-to-ims-ue', 'ims-ue-to-wic'];

/** `corrupt` is not among them: the checksum of UDP turns it into a loss (RFC 768). */
const UDP_FAULTS = ['drop', 'duplicate', 'delay', 'reorder'];
/** What happens to segments, short of the end of their connection. */
const TCP_FAULTS = ['drop', 'duplicate', 'delay', 'reorder'];

type Transport = 'udp' | 'tcp';

/** Indices of packets by link. */
type Traffic = ReadonlyMap<string, readonly number[]>;

/** What a run without faults sends: a link may carry datagrams and segments, and both count. */
function trafficOf(scenario: Scenario<never>): Readonly<Record<Transport, Traffic>> {
  const traffic = { udp: new Map<string, number[]>(), tcp: new Map<string, number[]>() };
  const result = run(scenario, [], ({ name, index, options }) => {
    const links = traffic[options.includes('reset') ? 'tcp' : 'udp'];
    const known = links.get(name);
    if (known === undefined) links.set(name, [index]);
    else known.push(index);
  });
  expect(violationsOf(result)).toEqual([]);
  return traffic;
}

interface Asked {
  readonly name: string;
  readonly index: number;
  readonly options: readonly string[];
}

function run(scenario: Scenario<never>, tape: Tape, asked?: (point: Asked) => void): RunResult {
  const otherwise = seededChoices(1);
  return runScenario(scenario as unknown as Scenario<World>, {
    trace: false,
    choices: tapeChoices(tape, {
      choose(point) {
        asked?.(point);
        return otherwise.choose(point);
      },
    }),
  });
}

/** What was wrong with a run: nothing, what did not hold, or a fault of a model. */
function violationsOf({ verdict, violations, error }: RunResult): readonly string[] {
  if (verdict === 'error') return [`error: ${error}`];
  return violations.map(({ what }) => what);
}

function ordinal(number: number): string {
  const teen = number % 100 > 10 && number % 100 < 14;
  return `${number}${(teen ? undefined : ['', 'st', 'nd', 'rd'][number % 10]) || 'th'}`;
}

/** `drop the 3rd packet on link ue>p-cscf` */
function inWords({ point, index, choice }: TapeEntry): string {
  const packet = `the ${ordinal(index + 1)} packet on link ${point}`;
  return choice === 'reset' ? `reset the connection at ${packet}` : `${choice} ${packet}`;
}

/** What a failing tape looks like: for reading, and for `imslab run --tape`. */
function account(name: string, tape: Tape, violations: readonly string[]): string {
  const faults = tape.map((entry) => `  ${inWords(entry)}`);
  return [name, ...faults, `  tape: ${formatTape(tape)}`, ...violations.map((what) => `  => ${what}`)].join(
    '\n',
  );
}

/** Fails with what is wrong in a run with that tape. */
function check(scenario: Scenario<never>, tape: Tape): void {
  const violations = violationsOf(run(scenario, tape));
  if (violations.length > 0) throw new Error(account(scenario.name, tape, violations));
}

/** A fault of a packet of the run without faults, or of one of the few that may follow, such as retransmissions. */
function faultOf(traffic: Traffic, choices: readonly string[]): fc.Arbitrary<TapeEntry> {
  return fc.oneof(
    ...[...traffic].map(([point, indices]) => {
      const end = (indices.at(-1) ?? 0) + 1;
      return fc.record({
        point: fc.constant(point),
        index: fc.constantFrom(...indices, end, end + 1, end + 2),
        choice: fc.constantFrom(...choices),
      });
    }),
  );
}

/** Draws tapes; shrinking takes entries away. The report is in words. */
function checkMany(scenario: Scenario<never>, fault: fc.Arbitrary<TapeEntry>): void {
  const tapes = fc.array(fault, { minLength: 1, maxLength: MOST_FAULTS });
  const outcome = fc.check(
    fc.property(tapes, (tape) => check(scenario, tape)),
    { numRuns: RUNS, seed: SEED },
  );
  if (!outcome.failed) return;
  const cause = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : 'no reason';
  throw new Error(
    `after ${outcome.numRuns} runs with seed ${outcome.seed}, shrunk ${outcome.numShrinks} times:\n${cause}`,
  );
}

/** Each of some faults alone, at every packet; media are one packet like another, so that the first of a link will do. */
function checkEach(scenario: Scenario<never>, traffic: Traffic, choices: readonly string[]): void {
  const failures: string[] = [];
  for (const [point, indices] of traffic) {
    const media = /eims-agw/.test(point) && !/ep-cscf/.test(point);
    for (const index of media ? indices.slice(0, 2) : indices) {
      for (const choice of choices) {
        const tape = [{ point, index, choice }];
        const violations = violationsOf(run(scenario, tape));
        if (violations.length > 0) failures.push(account(scenario.name, tape, violations));
      }
    }
  }
  if (failures.length > 0)
    throw new Error(`${failures.length} tapes fail:\n${failures.slice(0, 5).join('\n')}`);
}

/** The script with what a call may end like; the traffic is the same. */
const anyEnd = (direction: CallDirection): Scenario<never> =>
  resilientCall(direction, false) as unknown as Scenario<never>;
const comesUp = (direction: CallDirection): Scenario<never> =>
  resilientCall(direction, true) as unknown as Scenario<never>;

describe.each(DIRECTIONS)(
  '%s: every run ends with the call up and released on both sides, and nothing left',
  (direction) => {
    const { udp, tcp } = trafficOf(anyEnd(direction));

    it('covers every UDP link and every TCP link of the system', () => {
      const links = (traffic: Traffic): string[] => [...traffic.keys()].sort();
      const both = (...pairs: string[]): string[] =>
        pairs.flatMap((pair) => [pair, pair.split('>').reverse().join('>')]).sort();
      const iq = ['ep-cscf>eims-agw/core', 'eims-agw>ep-cscf/core'];
      const media = both('wic>eims-agw', 'eims-agw>ue');
      const mw = both('ep-cscf>i-cscf', 'ep-cscf>s-cscf', 'i-cscf>s-cscf', 's-cscf>p-cscf', 'i-cscf>p-cscf');
      expect(links(udp)).toEqual([...iq, ...media, ...mw, ...both('p-cscf>ue')].sort());
      for (const link of both(
        'wic>wwsf',
        'wic>waf',
        'wwsf>waf',
        'wic>ep-cscf',
        'i-cscf>hss',
        's-cscf>hss',
        'i-cscf>s-cscf',
      )) {
        expect(links(tcp)).toContain(link);
      }
    });

    // Three losses are fewer than the retransmissions of anything, so that the call may not even fail.
    it('drop or duplicate any one packet on any UDP link', () => {
      checkEach(comesUp(direction), udp, ['drop', 'duplicate']);
    });

    it(`drop, delay, duplicate and reorder any packets on any UDP link with at most ${MOST_FAULTS} faults`, () => {
      checkMany(comesUp(direction), faultOf(udp, UDP_FAULTS));
    });

    it(`drop, delay, duplicate and reorder any segments with at most ${MOST_FAULTS} faults`, () => {
      checkMany(comesUp(direction), faultOf(tcp, TCP_FAULTS));
    });
  },
);

/**
 * With resets a call may fail, and so may a registration: a browser does not load a page by itself again, and a request whose
 * connection breaks before its response has come counts as answered 503 (RFC 3261 8.1.3.1, 16.9), a Diameter request as one
 * that could not be delivered (RFC 6733 7.1.3). Yet it has to fail cleanly.
 */
describe.each(DIRECTIONS)('%s: every run ends on both sides alike, and nothing is left', (direction) => {
  const { tcp } = trafficOf(anyEnd(direction));

  it('reset any one TCP connection at any packet', () => {
    checkEach(anyEnd(direction), tcp, ['reset']);
  });

  it(`reset TCP connections at any ${MOST_FAULTS} packets`, () => {
    checkMany(anyEnd(direction), faultOf(tcp, ['reset']));
  });
});

describe('a failing tape', () => {
  it('is told in words', () => {
    const tape = parseTape('ue>p-cscf#2=drop,wic>ep-cscf#11=reset,a>b#21=delay') as Tape;
    expect(tape.map(inWords)).toEqual([
      'drop the 3rd packet on link ue>p-cscf',
      'reset the connection at the 12th packet on link wic>ep-cscf',
      'delay the 22nd packet on link a>b',
    ]);
  });
});
