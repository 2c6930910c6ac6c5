/**
 * The P-CSCF enhanced for WebRTC (24371-5.5): W2 towards WICs, Mw towards the core, Iq towards the eIMS-AGW.
 *
 * Not supported yet: IMS authentication on W2 (24371-6.4.1.2, -6.4.1.3), the pool scenario, calls without an offer in the
 * INVITE (24371-7.4.3-09), changes of a session (re-INVITE and UPDATE are answered 488), emergency calls, media plane
 * optimisation, data channels.
 */
export type { TrustedWaf } from './authorisation.js';
export { callMachine } from './call.js';
export { EpCscf, type EpCscfConfig } from './ep-cscf.js';
export { epCscfMachine } from './machine.js';
export { type EpCscfPolicy, epCscfPolicy } from './policy.js';
export { registrationMachine } from './registration.js';
