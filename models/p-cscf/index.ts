/**
 * The proxy CSCF in front of an ordinary IMS UE (TS 24.229 5.2) that registers by SIP Digest without TLS: a proxy over UDP, and
 * TCP above 1300 bytes, with the IP association of TS 33.203 annex N, identity assertion, charging identifiers and a
 * subscription of its own to registration information.
 *
 * Not supported: IPsec, TLS and IMS AKA on Gm, IMS-ALG and media anchoring (session descriptions pass as they are), policy
 * control, emergency calls, STUN keep-alives (flows of RFC 5626 are offered over TCP only), ending sessions of a UE that is gone.
 */
export { PCscf, type PCscfConfig } from './p-cscf.js';
export { type PCscfPolicy, pCscfPolicy } from './policy.js';
export {
  type RegistrationContext,
  type RegistrationEvent,
  type RegistrationPort,
  registrationMachine,
} from './registration.js';
