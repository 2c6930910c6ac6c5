/**
 * The enhanced IMS access gateway (24371-5.6, TS 23.334): media between WIC and core, under the eP-CSCF's control over Iq. Commands
 * of H.248 change terminations and streams, and compose the pipelines that packets run through: `Termination` and `StreamEnd`
 * obey, `stages.ts` and `translator.ts` are what packets meet, `SecureEnd` and `PlainTransport` carry them.
 *
 * Obeyed: Add, Modify, Subtract, AuditValue, ServiceChange of its own; `ipdc/realm`, `gm/saf sam spf spr rsb`, `tman/pol sdr pdr mbs`,
 * `ipnapt/latch`, `adid/ipstop`, `hangterm/thb`, and for ICE, DTLS and consent the names in `wire/megaco/packages.ts`.
 *
 * Not supported: Move, ServiceChange by the controller, AuditCapability of terminations, more than two terminations in a context,
 * changes of a termination's address, `gm/esas lsa esps lsp`, DiffServ, RTCP that the gateway makes itself (it relays and rewrites
 * that of the ends), data channels, media plane optimisation, video transcoding.
 */
export { contextMachine } from './context.js';
export type { AllDrops, Drops } from './drops.js';
export { EimsAgw } from './eims-agw.js';
export { eimsAgwMachine } from './machine.js';
export { type EimsAgwPolicy, eimsAgwPolicy } from './policy.js';
