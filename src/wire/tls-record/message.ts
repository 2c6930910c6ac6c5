/** Record content types (RFC 5246 6.2.1). */
export const CONTENT_TYPE = { alert: 21, handshake: 22, applicationData: 23 } as const;

/** Alert descriptions the simulation uses (RFC 5246 7.2, RFC 6066 3, RFC 7301 3.2). */
export const ALERT = {
  closeNotify: 0,
  unexpectedMessage: 10,
  recordOverflow: 22,
  handshakeFailure: 40,
  badCertificate: 42,
  unsupportedCertificate: 43,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownCa: 48,
  accessDenied: 49,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  internalError: 80,
  userCanceled: 90,
  unrecognizedName: 112,
  noApplicationProtocol: 120,
} as const;

/** First flight: who the client wants to reach. */
export interface TlsClientHello {
  readonly type: 'clientHello';
  /** Name for `server_name` (RFC 6066 3); absent when the client dialled an address. */
  readonly serverName?: string;
  /** Protocols for ALPN (RFC 7301), in order of preference; absent or at least one. */
  readonly alpn?: readonly string[];
  /** 32 bytes (RFC 5246 7.4.1.2); absent stands for zeros. */
  readonly random?: Uint8Array;
}

/** The server's answer. It carries what a certificate would prove: the names it is valid for. */
export interface TlsServerHello {
  readonly type: 'serverHello';
  /** DNS names and addresses the server's certificate would list (RFC 9525 checks them against the name dialled). */
  readonly certificateNames: readonly string[];
  /** The one ALPN protocol chosen (RFC 7301 3.1). */
  readonly alpn?: string;
  /** 32 bytes; absent stands for zeros. */
  readonly random?: Uint8Array;
}

/** Ends the handshake of its sender (RFC 5246 7.4.9). Its verify data are twelve zeros in this model. */
export interface TlsFinished {
  readonly type: 'finished';
}

/** RFC 5246 7.2. */
export interface TlsAlert {
  readonly type: 'alert';
  readonly level: 'warning' | 'fatal';
  /** 0 to 255, see {@link ALERT}. */
  readonly description: number;
}

/** The wrapped protocol's bytes, in the clear: the records frame, they do not protect. */
export interface TlsApplicationData {
  readonly type: 'applicationData';
  readonly data: Uint8Array;
}

/** The content of one record. */
export type TlsMessage = TlsClientHello | TlsServerHello | TlsFinished | TlsAlert | TlsApplicationData;
