import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ScriptedNetwork } from './testbed.js';

/** What may happen to a WIC, in any order. */
const happenings: Readonly<Record<string, (bed: ScriptedNetwork) => void>> = {
  open: (bed) => bed.open(),
  deregister: (bed) => bed.wic.send({ type: 'deregister' }),
  'close page': (bed) => bed.wic.send({ type: 'close page' }),
  'connection lost': (bed) => bed.loseConnection(),
  'eP-CSCF down': (bed) => bed.goDown(),
  'eP-CSCF up': (bed) => bed.comeUp(),
  'cut off': (bed) => bed.network.partition('wic', 'ep-cscf'),
  healed: (bed) => bed.network.heal(),
  rejected: (bed) => bed.notify('terminated', { event: 'rejected' }),
  deactivated: (bed) => bed.notify('terminated', { event: 'deactivated' }),
  shortened: (bed) => bed.notify('active', { event: 'shortened', expires: 60 }),
};

/** Packets are lost, doubled and overtaken, so that connections stall and break by themselves as well. */
const access = { loss: 0.05, duplication: 0.03, reordering: 0.03, jitterUs: 30_000 };

const answer = fc.constantFrom<200 | 401 | 403 | 404 | 423 | 503 | 0>(
  200,
  200,
  200,
  200,
  401,
  403,
  404,
  423,
  503,
  0,
);

it('whatever users, connection, registrar and network do, nothing unexpected happens and nothing is left', () => {
  const step = fc.record({
    what: fc.constantFrom(...Object.keys(happenings)),
    // anything from the middle of a handshake to the next refresh
    waitMs: fc.oneof(fc.nat(1000), fc.nat(60_000), fc.nat(4_000_000)),
  });
  fc.assert(
    fc.property(
      fc.array(step, { size: '+1' }),
      fc.array(answer, { maxLength: 8 }),
      fc.nat(1000),
      (steps, statuses, seed) => {
        const answers = statuses.map((status) => {
          if (status === 200) return 1500;
          if (status === 0) return 'silence' as const;
          return { status, headers: [['Min-Expires', '2000']] as const };
        });
        const bed = new ScriptedNetwork({ answers: [...answers, 600_000], seed, access });
        bed.open();
        for (const { what, waitMs } of steps) {
          bed.pause(waitMs / 1000);
          happenings[what]?.(bed);
          expect(bed.kernel.failure).toBeUndefined();
        }
        bed.network.heal();
        bed.comeUp();
        bed.wic.send({ type: 'deregister' });
        bed.wic.send({ type: 'close page' });
        bed.until(() => bed.wic.state === 'offline' || bed.wic.state === 'failed', 2000);
        // a SUBSCRIBE without a NOTIFY is waited for
        bed.pause(200);
        expect(bed.remains()).toEqual([]);
        expect(bed.close()).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});
