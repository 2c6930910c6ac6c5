/** Status codes of a Close frame (RFC 6455 7.4.1). */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never on the wire: a Close frame without a code. */
  noStatus: 1005,
  /** Never on the wire: the connection ended without a Close frame. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
} as const;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text, or `undefined` when the bytes are not UTF-8 (RFC 6455 8.1). */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a Close frame says; `code` is absent when its payload is empty. */
export interface CloseStatus {
  readonly code?: number;
  readonly reason: string;
}

/** The payload of a Close frame (RFC 6455 5.5.1). The reason is cut, at a character, to fit 125 bytes. */
export function encodeClose(status: CloseStatus): Uint8Array {
  if (status.code === undefined) return new Uint8Array(0);
  let reason = new TextEncoder().encode(status.reason);
  if (reason.length > 123) {
    let end = 123;
    while (((reason[end] as number) & 0xc0) === 0x80) end -= 1;
    reason = reason.subarray(0, end);
  }
  const bytes = new Uint8Array(2 + reason.length);
  new DataView(bytes.buffer).setUint16(0, status.code);
  bytes.set(reason, 2);
  return bytes;
}

/** Whether a code may stand in a Close frame (RFC 6455 7.4: 1000 to 1011 as defined, 3000 to 4999 by registration). */
export function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  // 1012 to 1014 were registered later in the IANA registry of RFC 6455 11.7.
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Reads the payload of a Close frame, or says which code its sender is owed. */
export function decodeClose(
  payload: Uint8Array,
):
  | { readonly ok: true; readonly value: CloseStatus }
  | { readonly ok: false; readonly closeCode: number; readonly what: string } {
  if (payload.length === 0) return { ok: true, value: { reason: '' } };
  if (payload.length === 1) {
    return { ok: false, closeCode: CLOSE_CODE.protocolError, what: 'Close payload of one byte' };
  }
  const code = ((payload[0] as number) << 8) | (payload[1] as number);
  if (!mayBeSent(code)) {
    return { ok: false, closeCode: CLOSE_CODE.protocolError, what: `close code ${code} may not be sent` };
  }
  const reason = utf8(payload.subarray(2));
  if (reason === undefined) {
    return { ok: false, closeCode: CLOSE_CODE.invalidPayload, what: 'close reason is not UTF-8' };
  }
  return { ok: true, value: { code, reason } };
}
