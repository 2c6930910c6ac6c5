const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** UTF-8 bytes as text (short ASCII, the usual case, without the decoder), or `undefined` where they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < 64) {
    let text = '';
    let at = 0;
    for (; at < bytes.length && (bytes[at] as number) < 128; at += 1)
      text += String.fromCharCode(bytes[at] as number);
    if (at === bytes.length) return text;
  }
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text as UTF-8 bytes. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}
