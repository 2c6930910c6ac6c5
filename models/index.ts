/** The functional entities of TS 24.371 and of the IMS around them, by their machines. */
import type { AnyStateMachine } from 'xstate';
import { contextMachine, eimsAgwMachine } from './eims-agw/index.js';
import {
  callMachine,
  changeMachine,
  epCscfMachine,
  gatewayLinkMachine,
  registrationMachine,
} from './ep-cscf/index.js';
import { subscriptionMachine } from './hss/index.js';
import { queryMachine } from './i-cscf/index.js';
import { registrationMachine as pCscfRegistrationMachine } from './p-cscf/index.js';
import { mediaMachine, originatingCallMachine, terminatingCallMachine } from './phone/index.js';
import { authenticationMachine, registrationMachine as sCscfRegistrationMachine } from './s-cscf/index.js';
import { ueMachine } from './ue/index.js';
import { authorizationMachine, wafMachine } from './waf/index.js';
import { wicMachine } from './wic/index.js';
import { loginMachine, wwsfMachine } from './wwsf/index.js';

/** The machines of each entity, the root machine first. */
export const models: Readonly<Record<string, readonly AnyStateMachine[]>> = {
  wic: [wicMachine, originatingCallMachine, terminatingCallMachine, mediaMachine],
  wwsf: [wwsfMachine, loginMachine],
  waf: [wafMachine, authorizationMachine],
  'ep-cscf': [epCscfMachine, registrationMachine, callMachine, changeMachine, gatewayLinkMachine],
  'eims-agw': [eimsAgwMachine, contextMachine],
  'i-cscf': [queryMachine],
  's-cscf': [sCscfRegistrationMachine, authenticationMachine],
  hss: [subscriptionMachine],
  'p-cscf': [pCscfRegistrationMachine],
  ue: [ueMachine, originatingCallMachine, terminatingCallMachine, mediaMachine],
};
