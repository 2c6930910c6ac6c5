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
  for (const [name, call, other] of [
    ['caller', caller, callee],
    ['called side', callee, caller],
  ] as const) {
    const { sources, lost, unrecognised } = call.heard;
    const [voice] = sources;
    expect(
      `the ${name} heard the other side and nobody else`,
      sources.length === 1 && voice?.stream === other.voice?.stream && unrecognised === 0,
    );
    // the first packets may have left before the other side was told that the call is up
    expect(
      `the ${name} heard two seconds of audio, not ${voice?.frames} frames`,
      (voice?.frames ?? 0) >= PACKETS - 10,
    );
    expect(
      `the ${name} heard every frame, each once and in order`,
      lost === 0 && voice?.missing === 0 && voice.repeated === 0 && voice.outOfOrder === 0,
    );
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
