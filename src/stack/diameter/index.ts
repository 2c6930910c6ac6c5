/**
 * A Diameter node (RFC 6733) with its connections to peers: capabilities exchange, watchdog (RFC 3539), disconnection,
 * elections, requests and their answers. `DiameterNode` sends and serves requests; `resultOf` tells what an answer says. AVPs
 * are made and read with `wire/diameter`.
 *
 * The transport is TCP: Cx names SCTP (TS 29.229 5.4), which the network does not have.
 *
 * A connection is made when a request wants one, by whichever node has the request first, and serves both directions. Requests
 * wait while it is set up. When an attempt fails, requests whose timeout leaves time for it wait for the next after Tc, three
 * attempts in all; the others end with DIAMETER_UNABLE_TO_DELIVER. Requests that were sent on a connection that is lost end the
 * same way and are not sent again: every request names its destination, which is the peer itself, so there is no alternate
 * agent (RFC 6733 5.5.4). Hence each request goes out once, and no server here sees one twice.
 *
 * Every peer that has an application in common is accepted (RFC 6733 5.3 leaves that to policy).
 *
 * Not supported: agents, redirects (the answer 3006 goes to the caller), peer discovery (5.2), TLS and DTLS, sessions with state
 * and accounting, Origin-State-Id, detection of duplicates by End-to-End Identifier, attempts to connect that no request
 * asks for, the three watchdogs on a connection that was reopened (RFC 3539 3.4.1 [5]).
 */
export { type AnswerResult, type ResultOfAnswer, resultOf } from './answers.js';
export {
  type Answer,
  type CxRequestName,
  type DiameterDestination,
  DiameterNode,
  type DiameterNodeOptions,
} from './diameter-node.js';
export type { DiameterApplication } from './local-identity.js';
export type { DiameterOutcome } from './pending-requests.js';
