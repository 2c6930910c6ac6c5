/**
 * A model of TLS 1.2 on a reliable stream: real record framing (RFC 5246 6.2.1) round a shortened handshake, with
 * application data in the clear. It exists so that `https:` and `wss:` connections have a handshake that can fail (wrong
 * name, no common ALPN protocol, alerts) and bytes on the wire; it protects nothing, and its hello messages say so by
 * naming a cipher suite without encryption. Certificates are represented by the names they would prove.
 *
 * Not supported: cryptography, certificates, client authentication, resumption, renegotiation, ChangeCipherSpec, a
 * handshake message over several records or several in one. A real TLS peer will refuse it.
 */
export {
  ALERT,
  CONTENT_TYPE,
  type TlsAlert,
  type TlsApplicationData,
  type TlsClientHello,
  type TlsFinished,
  type TlsMessage,
  type TlsServerHello,
} from './message.js';
export {
  encodeRecords,
  MAX_RECORD_BYTES,
  type RecordResult,
  type StreamedRecord,
  type TlsError,
  TlsRecordParser,
} from './record.js';
