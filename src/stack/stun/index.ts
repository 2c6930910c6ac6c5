/**
 * Binding transactions of STUN (RFC 8489) with the attributes of ICE (RFC 8445 7): the client's side with retransmission over
 * UDP and without over TCP, and how a server judges and answers a connectivity check. `stack/ice` builds agents from them;
 * `startCheck` and `answerCheck` are one check by itself.
 *
 * Not supported: MESSAGE-INTEGRITY-SHA256 in checks (RFC 8489 9.1), ALTERNATE-SERVER, which ICE forbids (RFC 8445 7.3).
 */
export {
  type BindingResult,
  BindingTransaction,
  type BindingTransactionOptions,
  checkClientMachine,
} from './binding-transaction.js';
export { type Check, type CheckOptions, type CheckRequest, makeCheck, startCheck } from './check-client.js';
export {
  acceptCheck,
  answerCheck,
  type CheckCredentials,
  type CheckOutcome,
  type JudgedCheck,
  judgeCheck,
  refuseCheck,
} from './check-server.js';
