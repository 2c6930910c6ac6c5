import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tape } from '../../kernel/index.js';
import { ANSWER, NOTHING, Rig, unexpected } from './fixtures/rig.js';

const LINKS = [
  ['alice>bob', 'bob>alice'],
  ['alice>proxy', 'proxy>bob', 'bob>proxy', 'proxy>alice'],
];
const FAULTS = ['drop', 'duplicate', 'delay', 'reorder'];

type Plan =
  | 'talk'
  | 'reliable'
  | 'both-reliable'
  | 'reject'
  | 'cancel'
  | 'cancel-late'
  | 'callee-hangs-up'
  | 'glare';
const PLANS: Plan[] = [
  ...(['talk', 'reliable', 'both-reliable', 'reject', 'cancel', 'cancel-late'] as const),
  ...(['callee-hangs-up', 'glare'] as const),
];

function run(plan: Plan, proxy: boolean, tape: Tape, trace: boolean): Rig {
  const rig = new Rig({ proxy, tape, trace });
  const reliable = plan === 'reliable' || plan === 'both-reliable';
  rig.answer(
    (session) => {
      session.progress(183, reliable ? { reliable, sdp: ANSWER } : {});
      if (plan === 'both-reliable') session.progress(180, { reliable });
      if (plan === 'reject') rig.after(50, () => session.reject(486));
      else rig.after(100, () => session.accept(reliable ? {} : { sdp: ANSWER }));
    },
    {
      acked: () => {
        if (plan === 'callee-hangs-up' || plan === 'glare') rig.after(500, () => rig.server?.bye());
      },
    },
  );
  const session = rig.call({
    accepted: () => {
      if (plan === 'callee-hangs-up') return;
      rig.after(plan === 'glare' ? 501 : 1000, () => session.bye());
    },
  });
  if (plan === 'cancel') rig.after(50, () => session.cancel());
  if (plan === 'cancel-late') rig.after(104, () => session.cancel());
  rig.run();
  return rig;
}

const faults = (proxy: boolean): fc.Arbitrary<Tape> =>
  fc.array(
    fc.record({
      point: fc.constantFrom(...(LINKS[proxy ? 1 : 0] as string[])),
      index: fc.nat(12),
      choice: fc.constantFrom(...FAULTS),
    }),
    { maxLength: 3 },
  );

for (const proxy of [false, true]) {
  test(`with up to three faults every call ends at both sides and leaves nothing, ${proxy ? 'through a proxy' : 'direct'}`, () => {
    fc.assert(
      fc.property(fc.constantFrom(...PLANS), faults(proxy), (plan, tape) => {
        const rig = run(plan, proxy, tape, false);
        expect(rig.left).toEqual(NOTHING);
        const count = (pattern: RegExp): number => rig.log.filter((line) => pattern.test(line)).length;
        const told = rig.log.join('; ');
        // Alice hears exactly once how it ended, Bob at most once.
        expect(count(/^alice (ended|rejected)/), told).toBe(1);
        expect(count(/^bob (ended|cancelled|failed)/), told).toBeLessThanOrEqual(1);
        expect(count(/^alice accepted/), told).toBeLessThanOrEqual(1);
        expect(count(/^bob acked/), told).toBeLessThanOrEqual(1);
        // Three lost packets are fewer than the retransmissions of anything.
        const confirmed = count(/^bob acked/) === 1;
        expect(count(/^bob failed/), told).toBe(0);
        expect(count(/^alice accepted/) === 0 || confirmed, told).toBe(true);
        if (plan === 'talk' || plan === 'reliable' || plan === 'both-reliable') {
          expect(
            confirmed && count(/^alice ended local/) === 1 && count(/^bob ended remote/) === 1,
            told,
          ).toBe(true);
        }
        if (plan === 'reject') expect(count(/^alice rejected 486/), told).toBe(1);
        expect(count(/progress 18[03] reliable/), told).toBeLessThanOrEqual(plan === 'both-reliable' ? 2 : 1);
      }),
      { numRuns: 400, seed: 24371 },
    );
  });
}

/** Events of the transaction layer's machines are its own matter. */
const OWN = /^(inviteClient|inviteServer|dialog|retransmission|proxyInvite) /;

test('with up to three faults no machine gets an event that it has no place for, and a trace changes nothing', () => {
  fc.assert(
    fc.property(fc.constantFrom(...PLANS), faults(false), faults(true), (plan, direct, proxied) => {
      for (const proxy of [false, true]) {
        const tape = proxy ? proxied : direct;
        const traced = run(plan, proxy, tape, true);
        expect(unexpected(traced).filter((line) => OWN.test(line))).toEqual([]);
        expect(run(plan, proxy, tape, false).log).toEqual(traced.log);
      }
    }),
    { numRuns: 150, seed: 24371 },
  );
});
