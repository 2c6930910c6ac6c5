/**
 * Transactions of H.248.1 over UDP in the text encoding (H.248.1 Annex D.1, RFC 3525 where the text is public): a request is
 * repeated until it is answered, and executed at most once. `MegacoEndpoint` sends and takes requests; `firstError` finds what
 * went wrong in a reply. Actions and their parts are made and read with `wire/megaco`.
 *
 * An endpoint refuses a transaction that breaks a rule of the encoding as a whole, before any of its commands reaches the user.
 * A reply that came after Pending asks for a TransactionResponseAck and gets it (D.1.4); other replies are not acknowledged.
 *
 * Not supported: SCTP and TCP transport, several transactions in a message that is sent (in one that is received they are),
 * round-trip measurement and random parts of the retransmission timer (D.1.3), failover to another controller (D.1.5), the
 * root properties of the execution times (E.2.1), segmentation. The network does not fragment, so a message has to fit the
 * MTU of its link.
 */
export { firstError } from './first-error.js';
export {
  MegacoEndpoint,
  type MegacoEndpointOptions,
  type MegacoError,
  type MegacoResult,
} from './megaco-endpoint.js';
