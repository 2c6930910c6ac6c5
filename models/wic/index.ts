/**
 * The WebRTC IMS client (24371-5.2): a browser that opens the page of a WWSF, logs in at the WAF, and registers over SIP on
 * a secure WebSocket with the token it got (24371-6.2.2). Calls are made by whoever takes its `phone` seam, with the user
 * agent, flow, Contact and initial requests that `Wic` gives.
 *
 * A lost WebSocket is replaced at once; when that fails the WIC waits as RFC 5626 4.5 says, for ever anew.
 *
 * Not supported: IMS authentication (24371-6.2.1.2, -6.2.1.3), a second flow (RFC 5626 with reg-id 2), keep-alives, NAPTR
 * and SRV records for the eP-CSCF, cookies, cross-origin checks of the browser.
 */
export { wicMachine } from './machine.js';
export { type WicPolicy, wicPolicy } from './policy.js';
export type { WebCredentials } from './web-login.js';
export { Wic, type WicIdentity, type WicUserEvent } from './wic.js';
export type { WicPhone } from './wic-phone.js';
