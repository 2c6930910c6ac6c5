/**
 * STUN between ICE agents (RFC 8489, RFC 8445 7): a client transaction that checks a path and a server that answers.
 *
 * Not supported yet: gathering, check lists and the rest of ICE; STUN over TCP; TURN.
 */
export { type Check, type CheckOptions, checkClientMachine, startCheck } from './check-client.js';
export { answerCheck, type CheckCredentials, type CheckOutcome } from './check-server.js';
