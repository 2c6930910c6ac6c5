/**
 * The transport and transaction layers of SIP (RFC 3261 17 and 18, RFC 6026, RFC 3581, RFC 7118) below a user agent or
 * proxy core. `SipEndpoint` is the way in; the four machines are exported for mutants, documentation and coverage.
 *
 * Not supported: TLS and SCTP as SIP transports of their own (WSS has TLS below it), multicast, SigComp, stateless
 * proxying (RFC 3261 16.11), keep-alive by STUN (RFC 5626 3.5.2), alias of connections (RFC 5923), backup servers
 * (RFC 3263 4.3, 5).
 */
export { SipEndpoint } from './endpoint.js';
export {
  type InviteClientEvent,
  type InviteClientPort,
  inviteClientTransaction,
} from './invite-client-transaction.js';
export {
  type InviteServerEvent,
  type InviteServerPort,
  inviteServerTransaction,
} from './invite-server-transaction.js';
export {
  type NonInviteClientEvent,
  type NonInviteClientPort,
  nonInviteClientTransaction,
} from './non-invite-client-transaction.js';
export {
  type NonInviteServerEvent,
  type NonInviteServerPort,
  nonInviteServerTransaction,
} from './non-invite-server-transaction.js';
export {
  REGISTERED_METHODS,
  type Refusal,
  refuseMethod,
  refuseOptions,
  refuseScheme,
} from './request-checks.js';
export { type RetransmissionContext, TRYING_DELAY_MS, type TransactionInput } from './timers.js';
export { MAGIC_COOKIE } from './transaction-key.js';
export { LARGEST_UDP_REQUEST, SIP_PORT } from './transport.js';
export * from './types.js';
