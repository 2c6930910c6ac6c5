import { defineScenario } from '../../src/explore/index.js';
import { ALICE, aliceAndBob } from '../first-call.js';
import { lastCallOf, registerBoth, talkAndHangUp } from './stages.js';

/** TS 24.371 7.2.3 and 7.4.3: a call from an ordinary IMS phone to a WIC. */
export const imsUeToWic = defineScenario({
  name: 'call/ims-ue-to-wic',
  title: 'Call from an IMS UE to a WIC',
  clauses: ['7.1', '7.2.1', '7.2.3', '7.4.1', '7.4.3'],
  description:
    'Both register. The phone calls: the eP-CSCF makes a WebRTC offer of the plain one, with the certificate and the ICE candidate of the ' +
    'eIMS-AGW, and a plain answer of that of the WIC. ICE finds the way between WIC and gateway and DTLS agrees on keys. Two seconds of ' +
    'speech go both ways, as SRTP on the access and plain RTP in the core, then the phone hangs up.',
  topology: aliceAndBob,
  *script(stage) {
    yield* registerBoth(stage);
    const { world, say } = stage;
    const [alice] = world.wics;
    const [bob] = world.ues;
    if (alice === undefined || bob === undefined) throw new Error('alice or bob is missing');
    say('bob calls alice');
    const call = bob.call(ALICE.impu);
    yield* talkAndHangUp(stage, call, lastCallOf(alice.phone.calls));
  },
});
