import type { WebAccess } from '../../models/topologies/index.js';
import { defineScenario, type Stage, type Step } from '../../src/explore/index.js';
import { aliceAlone } from '../first-call.js';

/** How long subscriptions to the registration state take at most, in ms: a few round trips. */
export const SUBSCRIPTION_MS = 500;

/** Alice opens the page, logs in, and her WIC registers; the reg event notification has come. */
export function* registerAlice({ world, say, until, pause }: Stage<WebAccess>): Generator<Step, void, void> {
  const [alice] = world.wics;
  if (alice === undefined) throw new Error('there is no WIC');
  say('alice opens the page of the WWSF and logs in');
  alice.open();
  yield until('alice is registered', () => alice.wic.registered);
  yield pause(SUBSCRIPTION_MS);
}

/** TS 24.371 A.3.2, every step: scenario 2, registration by web authentication. */
export const webAuthentication = defineScenario({
  name: 'registration/web-authentication',
  title: 'WIC registration of an individual public user identity based on web authentication',
  clauses: ['6.1', '6.2.2', '6.3.1', '6.4.2', 'A.3.2'],
  description:
    'The user opens the page of the WWSF, logs in at the WAF, and the WIC gets an access token. It opens a secure WebSocket to the ' +
    'eP-CSCF and registers with the token; the eP-CSCF registers it in the core as a trusted node, without a challenge.',
  topology: aliceAlone,
  *script(stage) {
    yield* registerAlice(stage);
    const { world, expect } = stage;
    const [alice] = world.wics;
    expect('one registration at the eP-CSCF', world.epCscf.registered === 1);
    expect('the identity of the token', alice?.wic.identity?.impu === 'sip:user1_public1@home1.net');
    expect('a Service-Route', (alice?.wic.serviceRoute.length ?? 0) > 0);
  },
});
