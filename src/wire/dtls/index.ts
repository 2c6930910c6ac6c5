/**
 * DTLS 1.2 on the wire (RFC 6347): records, handshake fragments, handshake messages and alerts. `parseRecords` splits a
 * datagram, `parseHandshakeFragments` the content of a handshake record, `parseHandshakeBody` reads what fragments were
 * put together to, and each has its counterpart; `validateHandshake` names what is wrong with a message.
 *
 * Not supported: key exchanges other than ECDHE on a named curve, session tickets, certificate status, supplemental
 * data, the record format of DTLS 1.3 and of connection ids. Extensions without a rule here are kept as bytes.
 */
export {
  ALERT,
  ALERT_LEVEL,
  type AlertName,
  alertName,
  type DtlsAlert,
  parseAlert,
  serializeAlert,
} from './alert.js';
export {
  CIPHER_SUITE,
  CONTENT_TYPE,
  DTLS_1_0,
  DTLS_1_2,
  ECDSA_SHA256,
  ECDSA_SIGN,
  HANDSHAKE_TYPE,
  NAMED_CURVE,
} from './constants.js';
export { type Extension, extensionType, findExtension } from './extension.js';
export {
  HANDSHAKE_HEADER_BYTES,
  type HandshakeFragment,
  parseHandshakeFragments,
  serializeHandshakeFragment,
} from './handshake-fragment.js';
export {
  type CertificateMessage,
  type CertificateRequest,
  type CertificateVerify,
  type ClientHello,
  type ClientKeyExchange,
  type Finished,
  type HandshakeMessage,
  type HelloVerifyRequest,
  parseHandshakeBody,
  type ServerHello,
  type ServerKeyExchange,
  serializeEcdhParams,
  serializeHandshakeBody,
} from './handshake-message.js';
export {
  type DtlsRecord,
  MOST_CIPHERTEXT_BYTES,
  MOST_PLAINTEXT_BYTES,
  type ParsedRecords,
  parseRecord,
  parseRecords,
  RECORD_HEADER_BYTES,
  serializeRecord,
  writeRecordHeader,
} from './record.js';
export {
  SRTP_PROFILES,
  type SrtpProfile,
  type SrtpProfileParameters,
  srtpProfileOf,
} from './srtp-profile.js';
export { validateHandshake } from './validate.js';
