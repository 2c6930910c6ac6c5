/**
 * The serving CSCF (TS 24.229 5.4): registrar with SIP Digest (TS 33.203 annex N) and trusted node authentication (annex U;
 * 24371-6.4.2-09, -10), proxy for the sessions of its users, and notifier of registration information (RFC 3680).
 *
 * Not supported: IMS AKA (REGISTERs of it get 501), NASS-bundled and GIBA, application servers and initial filter criteria,
 * third-party registration, services for users who are not registered, RTR and PPR of the HSS, forking (the contact that was
 * registered last is called), `tel` URIs of others (no ENUM), charging records. It keeps no dialogs: sessions of a user who is
 * de-registered go on until one end or its P-CSCF ends them. Temporary GRUUs are not given out.
 */
export {
  type AuthenticationContext,
  type AuthenticationEvent,
  type AuthenticationPort,
  authenticationMachine,
} from './authentication.js';
export { applyRegister, type Binding, type BindingChange } from './bindings.js';
export { checkEntity, type EntityVerdict } from './entity-check.js';
export { type SCscfPolicy, sCscfPolicy } from './policy.js';
export { parseUserData, type ServiceProfile } from './profile.js';
export {
  type RegistrationContext,
  type RegistrationEvent,
  type RegistrationPort,
  registrationMachine,
} from './registration.js';
export { SCscf, type SCscfConfig } from './s-cscf.js';
