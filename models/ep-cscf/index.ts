/**
 * The P-CSCF enhanced for WebRTC (24371-5.5): W2 towards WICs, Mw towards the core, Iq towards the eIMS-AGW.
 *
 * A call is a `BridgedCall`: its `MediaPlan` holds the descriptions and what they mean for the gateway, its `GatewayControl` one
 * H.248 context. `GatewayLink` is the association with the gateway: outage, restart, audit. A new offer in a call is
 * bridged by a `BridgedChange` where it restarts ICE, changes directions or moves the core's end.
 *
 * Not supported yet: IMS authentication on W2 (24371-6.4.1.2, -6.4.1.3), the pool scenario, calls without an offer in the
 * INVITE (24371-7.4.3-09), changes of lines, codecs, certificates or DTLS associations (488), emergency calls, media
 * plane optimisation, data channels, several gateways.
 */
export type { TrustedWaf } from './authorisation.js';
export { callMachine } from './call.js';
export { changeMachine } from './change.js';
export { EpCscf, type EpCscfConfig } from './ep-cscf.js';
export { gatewayLinkMachine } from './gateway-link-machine.js';
export { epCscfMachine } from './machine.js';
export { type EpCscfPolicy, epCscfPolicy } from './policy.js';
export { registrationMachine } from './registration.js';
