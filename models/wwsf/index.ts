/**
 * The WebRTC web server function (24371-5.3): `GET /` gives the page of the WIC, `GET /login` sends its user to the WAF,
 * `GET /callback` takes the user back and answers with access token, IMS identities and eP-CSCF as JSON. A login that
 * fails ends in a page with 400 (nobody was expected), 403 (the WAF does not allow it) or 502 (the WAF gives no good
 * answer).
 *
 * Not supported: cookies (a login is known by its `state` alone, which therefore does not prove that the same browser
 * comes back, RFC 6749 10.12), a pool of identities (24371-6.3.2), WWSF and WAF in one, checking the token's content.
 */
export { loginMachine } from './login.js';
export { wwsfMachine } from './machine.js';
export { type WwsfPolicy, wwsfPolicy } from './policy.js';
export { Wwsf, type WwsfConfig } from './wwsf.js';
