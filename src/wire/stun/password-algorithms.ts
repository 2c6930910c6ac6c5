import type { PasswordAlgorithm } from './attribute.js';

/** Numbers of password algorithms (RFC 8489 18.5). */
export const PASSWORD_ALGORITHM = { md5: 0x0001, sha256: 0x0002 } as const;

/** Number, length and parameters of each algorithm, parameters padded to four bytes (RFC 8489 14.11). */
export function encodeAlgorithms(algorithms: readonly PasswordAlgorithm[]): Uint8Array {
  let length = 0;
  for (const { parameters } of algorithms) length += 4 + padded(parameters.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { number, parameters } of algorithms) {
    view.setUint16(at, number);
    view.setUint16(at + 2, parameters.length);
    bytes.set(parameters, at + 4);
    at += 4 + padded(parameters.length);
  }
  return bytes;
}

/** The algorithms of a value, `undefined` when one reaches beyond it. The last need not be padded. */
export function decodeAlgorithms(value: Uint8Array): PasswordAlgorithm[] | undefined {
  const algorithms: PasswordAlgorithm[] = [];
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  for (let at = 0; at < value.length; ) {
    if (at + 4 > value.length) return undefined;
    const length = view.getUint16(at + 2);
    if (at + 4 + length > value.length) return undefined;
    algorithms.push({ number: view.getUint16(at), parameters: value.slice(at + 4, at + 4 + length) });
    at += 4 + padded(length);
  }
  return algorithms;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
