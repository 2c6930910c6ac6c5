import { defineScenario } from '../../src/explore/index.js';
import { aliceAndBob, BOB } from '../first-call.js';
import { lastCallOf, registerBoth, talkAndHangUp } from './stages.js';

/** TS 24.371 7.2.2 and 7.4.2: a call from a WIC to an ordinary IMS phone. */
export const wicToImsUe = defineScenario({
  name: 'call/wic-to-ims-ue',
  title: 'Call from a WIC to an IMS UE',
  clauses: ['7.1', '7.2.1', '7.2.2', '7.4.1', '7.4.2'],
  description:
    'Both register. The WIC calls: its offer is translated by the eP-CSCF, which reserves both sides of the eIMS-AGW; the answer comes in ' +
    'a reliable 183, upon which ICE finds the way to the gateway and DTLS agrees on keys; then the phone rings and answers. Two seconds ' +
    'of speech go both ways, as SRTP on the access and plain RTP in the core, then the WIC hangs up.',
  topology: aliceAndBob,
  *script(stage) {
    yield* registerBoth(stage);
    const { world, say } = stage;
    const [alice] = world.wics;
    const [bob] = world.ues;
    if (alice === undefined || bob === undefined) throw new Error('alice or bob is missing');
    say('alice calls bob');
    const call = alice.call(BOB.impu);
    yield* talkAndHangUp(stage, call, lastCallOf(bob.phone.calls));
  },
});
