/** Versions as they stand on the wire (RFC 6347 4.1): the ones' complement of 1.0 and 1.2. */
export const DTLS_1_0 = 0xfeff;
export const DTLS_1_2 = 0xfefd;

/** Record content types (RFC 5246 6.2.1). */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

/** Handshake types (RFC 6347 4.3.2). */
export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Cipher suites: the one of WebRTC (RFC 8827 6.5, RFC 5289 3.2) and the signal of RFC 5746 3.3. */
export const CIPHER_SUITE = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV: 0x00ff,
} as const;

/** Numbers of named curves (RFC 8422 5.1.1). */
export const NAMED_CURVE = { secp256r1: 23, x25519: 29 } as const;

/** SHA-256 with ECDSA, a hash and a signature algorithm (RFC 5246 7.4.1.4.1). */
export const ECDSA_SHA256 = 0x0403;

/** ClientCertificateType ecdsa_sign (RFC 8422 5.5). */
export const ECDSA_SIGN = 64;
