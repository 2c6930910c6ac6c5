/**
 * SRTP and SRTCP (RFC 3711) with the profiles of DTLS-SRTP (RFC 5764 4.1.2, RFC 7714). One {@link SrtpContext} holds the master
 * key of one direction and the state of every source under it: what this end sends goes through `protect`, what it
 * receives through the `unprotect` of a context with the peer's key. Packets pass as plain function calls.
 *
 * Not supported: MKI, a key derivation rate other than 0, `From, To`, the NULL and f8 ciphers, truncated GCM tags, rekeying
 * within a context (make a new one; RFC 5764 rekeys by a new handshake), the encryption of header extensions (RFC 6904)
 * and cryptex (RFC 9335).
 */
export { SRTP_TRANSFORMS, type SrtpMasterKey, type SrtpProfile, type SrtpTransform } from './profile.js';
export {
  SrtpContext,
  type SrtpContextOptions,
  type SrtpDrop,
  type SrtpKeys,
  type SrtpResult,
  srtpContexts,
} from './srtp-context.js';
