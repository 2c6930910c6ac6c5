const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes that are not UTF-8 decode to U+DC80 + (byte - 0x80), which no valid text contains, so nothing is lost. */
const strayBase = 0xdc00;
const strayByte = /[\uDC80-\uDCFF]/u;

/**
 * The text of a message head or header field. UTF-8 (RFC 3261 7.3.1, 25.1); each byte that is not part of valid UTF-8
 * becomes a lone surrogate U+DC80..U+DCFF, so that {@link encodeText} gives the same bytes back.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeTolerantly(bytes);
  }
}

function decodeTolerantly(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] as number;
    const length =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    let decoded: string | undefined;
    if (length > 0 && at + length <= bytes.length) {
      try {
        decoded = utf8.decode(bytes.subarray(at, at + length));
      } catch {
        decoded = undefined;
      }
    }
    if (decoded === undefined) {
      text += String.fromCharCode(strayBase + first);
      at += 1;
    } else {
      text += decoded;
      at += length;
    }
  }
  return text;
}

/** The bytes of a text: UTF-8, with the stray bytes of {@link decodeText} restored. */
export function encodeText(text: string): Uint8Array {
  if (!hasStrayBytes(text)) return encoder.encode(text);
  const out: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    if (char.length === 1 && code >= 0xdc80 && code <= 0xdcff) out.push(code - strayBase);
    else for (const byte of encoder.encode(char)) out.push(byte);
  }
  return Uint8Array.from(out);
}

/** Whether the text came from bytes that are not valid UTF-8. */
export function hasStrayBytes(text: string): boolean {
  return strayByte.test(text);
}
