import type { WebAccess } from '../models/topologies/index.js';
import { defineScenario, type Scenario, type Stage, type Step } from '../src/explore/index.js';
import { lastCallOf } from './call/stages.js';
import { ALICE, aliceAndBob, BOB } from './first-call.js';
import { SUBSCRIPTION_MS } from './registration/web-authentication.js';

/**
 * How long users wait to be registered, in ms. A client that retries needs no more: a REGISTER gives up after 128 s
 * (TS 24.229 table 7.7.1, 64*T1), and a WIC waits a minute at most before its second attempt (RFC 5626 4.5).
 */
const REGISTERED_MS = 300_000;

/**
 * How long a call attempt, and the end of a call, may take before both sides know of it, in ms: Timer C, longer than
 * 180 s, ends an INVITE that nobody answers (RFC 3261 16.6 step 11), and then a CANCEL, an ACK that does not come or a
 * BYE may take 128 s each (TS 24.229 table 7.7.1, 64*T1).
 */
const SETTLED_MS = 600_000;

/** How long they talk, in ms. */
const TALK_MS = 500;

/** Lets time pass until something holds, or for so many milliseconds; it is no violation when it does not come true. */
function* whileWaiting(
  { world, until, pause }: Stage<WebAccess>,
  label: string,
  holds: () => boolean,
  withinMs: number,
): Generator<Step, void, void> {
  const { kernel } = world;
  let over = false;
  const timer = kernel.schedule(withinMs * 1000, '', () => {
    over = true;
  });
  yield until(`${label}, or time is over`, () => over || holds(), withinMs + 1);
  kernel.cancel(timer);
  yield pause(0);
}

/** Who calls whom. */
export type CallDirection = 'wic-to-ims-ue' | 'ims-ue-to-wic';

/**
 * What users go through in a network that loses, repeats and delays packets and breaks connections: they register, one
 * calls the other, they talk if the call comes about, the caller hangs up. Whatever befalls the call, both sides have to
 * come to the same end.
 *
 * @param comesUp whether it is a violation already when the call fails
 */
export function resilientCall(direction: CallDirection, comesUp: boolean): Scenario<WebAccess> {
  return defineScenario({
    name: `resilience/${direction}`,
    title: 'A call in a bad network',
    clauses: [],
    description: 'A call whose two sides agree in the end, whatever befalls it.',
    topology: aliceAndBob,
    *script(stage) {
      const { world, say, until, pause, expect } = stage;
      const [alice] = world.wics;
      const [bob] = world.ues;
      if (alice === undefined || bob === undefined) throw new Error('alice or bob is missing');
      const registered = () => alice.wic.registered && bob.registered;
      alice.open();
      bob.register();
      yield* whileWaiting(stage, 'both are registered', registered, REGISTERED_MS);
      yield pause(SUBSCRIPTION_MS);
      if (comesUp) expect('both are registered', registered());
      if (!registered()) {
        say('one of them could not register, and so nobody calls');
        return;
      }
      const fromWic = direction === 'wic-to-ims-ue';
      const called = lastCallOf((fromWic ? bob : alice).phone.calls);
      const caller = fromWic ? alice.call(BOB.impu) : bob.call(ALICE.impu);
      const up = () => caller.state === 'up' && called()?.state === 'up';
      const over = () => caller.state === 'ended' && (called() ?? caller).state === 'ended';
      yield until('the call is up on both sides or over on both', () => up() || over(), SETTLED_MS);
      if (comesUp) expect('the call is up', up());
      if (up()) {
        yield pause(TALK_MS);
        caller.hangUp();
      }
      yield until('the call is over on both sides', over, SETTLED_MS);
    },
  });
}
