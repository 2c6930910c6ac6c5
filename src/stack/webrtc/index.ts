/**
 * The transport of one WebRTC data stream at either end (RFC 8835; 24371-5A, 24371-5B): ICE finds a way, DTLS agrees on keys over it,
 * SRTP and SRTCP protect what goes over it, on one port (RFC 5761, RFC 8858) or two with an association each (RFC 5764 3).
 * `SecureTransport` is all of that; packets of media pass it as plain function calls.
 *
 * What this end has to say of itself is `local`, what the peer says goes to `setRemote`, at once or piece by piece; for both
 * there is a way to and from SDP. A transport for an answer is made when the offer is known.
 *
 * Not supported: several data streams on one transport (BUNDLE), another DTLS association on the same ICE agent (RFC 8842 3: make
 * another transport), SCTP.
 */
export { hostCertificate } from './host-certificate.js';
export { SecureTransport } from './secure-transport.js';
export { transportMachine } from './transport-machine.js';
export {
  answeringSetup,
  remoteTransport,
  TRANSPORT_ATTRIBUTES,
  transportAttributes,
} from './transport-sdp.js';
export type * from './types.js';
