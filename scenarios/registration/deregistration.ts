import { defineScenario } from '../../src/explore/index.js';
import { aliceAlone } from '../first-call.js';
import { registerAlice } from './web-authentication.js';

/** TS 24.371 6A: the user logs out. */
export const deregistration = defineScenario({
  name: 'registration/deregistration',
  title: 'De-registration by the user',
  clauses: ['6A.1', '6A.2', '6A.3'],
  description:
    'A registered WIC sends a REGISTER with expiry zero and its token. The eP-CSCF passes it on as a trusted node, the S-CSCF tells the ' +
    'HSS and ends the subscriptions to the registration state, and the WebSocket is closed.',
  topology: aliceAlone,
  *script(stage) {
    yield* registerAlice(stage);
    const { world, say, until, expect } = stage;
    const [alice] = world.wics;
    say('alice logs out');
    alice?.wic.send({ type: 'deregister' });
    yield until('alice is offline', () => alice?.wic.state === 'offline');
    yield until('de-registration has settled', () => world.leftovers().length === 0);
    expect('no registration at the eP-CSCF', world.epCscf.registered === 0);
    expect('no registration at the S-CSCF', world.sCscf.servedUsers === 0);
  },
});
