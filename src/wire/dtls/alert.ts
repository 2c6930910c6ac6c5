import { type Parsed, parsed, unparsed } from '../parsed.js';

/** An alert (RFC 5246 7.2). */
export interface DtlsAlert {
  /** 1 warning, 2 fatal. */
  readonly level: number;
  /** A value of {@link ALERT}, or another from 0 to 255. */
  readonly description: number;
}

/** Alert levels (RFC 5246 7.2). */
export const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;

/** Alert descriptions (RFC 5246 7.2). */
export const ALERT = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  decompression_failure: 30,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
  unsupported_extension: 110,
} as const;

/** Name of an alert that this end may send. */
export type AlertName = keyof typeof ALERT;

const names = new Map<number, string>(Object.entries(ALERT).map(([name, number]) => [number, name]));

/** The name of an alert's description; its number where it has none here. */
export function alertName(description: number): string {
  return names.get(description) ?? `alert ${description}`;
}

/** Reads the content of an alert record: one alert. */
export function parseAlert(bytes: Uint8Array): Parsed<DtlsAlert> {
  const [level, description] = bytes;
  if (level === undefined || description === undefined) return unparsed('alert is truncated', bytes.length);
  if (bytes.length > 2) return unparsed('bytes after the alert', 2, 'the end');
  return parsed({ level, description });
}

/** The content of an alert record. */
export function serializeAlert({ level, description }: DtlsAlert): Uint8Array {
  return Uint8Array.of(level, description);
}
