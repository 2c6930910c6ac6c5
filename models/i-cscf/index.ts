/**
 * The interrogating CSCF (TS 24.229 5.3): asks the HSS who serves a user, assigns an S-CSCF where none is, and forwards. For a
 * REGISTER that says the user is authenticated it checks that the sender may say so (24371-6.4.2-08).
 *
 * Not supported: another S-CSCF when the one that was chosen fails, emergency registrations, requests on behalf of users of
 * other networks, topology hiding, public service identities, redirects of an SLF.
 */
export { ICscf, type ICscfConfig } from './i-cscf.js';
export { type ICscfPolicy, iCscfPolicy } from './policy.js';
export { type QueryEvent, type QueryPort, queryMachine } from './query.js';
export { type RegisteringUser, registeringUser } from './registering-user.js';
export { type AvailableServer, selectServer, type WantedServer } from './server-selection.js';
export { locationVerdict, registrationVerdict, type Verdict } from './verdict.js';
