/**
 * DTLS 1.2 associations (RFC 6347) for DTLS-SRTP (RFC 5763, 5764): a machine of flights per end, with the client's and the
 * server's part of the handshake beside it. `DtlsEndpoint` is all that others need.
 *
 * Not supported: cipher suites other than ECDHE_ECDSA with AES-128-GCM and SHA-256, certificates other than P-256,
 * certificate chains (WebRTC compares fingerprints), resumption and tickets, renegotiation (answered with
 * no_renegotiation), connection ids, heartbeats, SRTP master key identifiers, DTLS 1.0 and 1.3.
 */
export { DtlsEndpoint } from './endpoint.js';
export { dtlsMachine } from './machine.js';
export type {
  DtlsConnection,
  DtlsCounters,
  DtlsEndpointOptions,
  DtlsState,
  Fingerprint,
  KeyExporter,
} from './types.js';
