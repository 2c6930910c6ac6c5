/**
 * An ordinary IMS UE: SIP Digest registration through a P-CSCF (TS 24.229 5.1.1) and calls with plain RTP. `Ue` is the way
 * in; its calls are those of `models/phone`.
 *
 * Not supported: IMS AKA, IPsec and TLS towards the P-CSCF, GRUU and Outbound, preconditions (RFC 3312), more than one
 * registered identity, another P-CSCF after a failure, retrying a failed registration by itself, emergency calls.
 */
export { type UeEvent, ueMachine } from './machine.js';
export { type UePolicy, uePolicy } from './policy.js';
export { Ue, type UeConfig } from './ue.js';
