import type { PhoneCall } from '../../models/phone/index.js';
import type { WebAccess } from '../../models/topologies/index.js';
import type { Stage, Step } from '../../src/explore/index.js';
import { registerAlice, SUBSCRIPTION_MS } from '../registration/web-authentication.js';

/** Both users register. */
export function* registerBoth(stage: Stage<WebAccess>): Generator<Step, void, void> {
  const { world, say, until, pause } = stage;
  yield* registerAlice(stage);
  say('bob switches his phone on');
  const [bob] = world.ues;
  bob?.register();
  yield until('bob is registered', () => bob?.registered === true);
  yield pause(SUBSCRIPTION_MS);
}

/** How long people talk, in ms, and the packets that makes each way: one every 20 ms (RFC 3551 4.5). */
const TALK_MS = 2000;
const PACKETS = TALK_MS / 20;

/** How long the last responses are under way at most, in ms. */
const GOODBYE_MS = 100;

/** Speech both ways for two seconds, all of it heard, then the caller hangs up. */
export function* talkAndHangUp(
  { say, until, pause, expect }: Stage<WebAccess>,
  caller: PhoneCall,
  called: () => PhoneCall | undefined,
): Generator<Step, void, void> {
  yield until('the call is up', () => caller.state === 'up' && called()?.state === 'up');
  const callee = called() as PhoneCall;
  say('they talk for two seconds');
  yield pause(TALK_MS);
  say('the caller hangs up');
  caller.hangUp();
  const over = (call: PhoneCall): boolean => call.state === 'ending' || call.state === 'ended';
  yield until('both sides have hung up', () => over(caller) && over(callee));
  yield pause(GOODBYE_MS);
  // the first packets may have left before the other side was told that the call is up
  for (const [name, call] of [
    ['caller', caller],
    ['called side', callee],
  ] as const) {
    expect(
      `the ${name} heard two seconds of audio, not ${call.received} packets`,
      call.received >= PACKETS - 10,
    );
    expect(`the ${name} heard every packet in order`, call.heard.lost === 0);
  }
}

/** The newest of some calls, remembered once it has been seen. */
export function lastCallOf<T>(calls: ReadonlySet<T>): () => T | undefined {
  let last: T | undefined;
  return () => {
    for (const call of calls) last = call;
    return last;
  };
}
