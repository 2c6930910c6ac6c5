/** The table of a reflected 32-bit CRC. */
function crcTable(reflectedPolynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ reflectedPolynomial : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}

function crc(bytes: Uint8Array, table: Uint32Array): number {
  let value = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i += 1) {
    value = (value >>> 8) ^ (table[(value ^ (bytes[i] as number)) & 255] as number);
  }
  return (value ^ 0xffff_ffff) >>> 0;
}

const CRC32 = crcTable(0xedb8_8320);
const CRC32C = crcTable(0x82f6_3b78);

/** CRC-32 of ITU-T V.42, 0 to 2^32 - 1: the base of STUN's FINGERPRINT (RFC 8489 14.7). */
export function crc32(bytes: Uint8Array): number {
  return crc(bytes, CRC32);
}

/** CRC-32C, 0 to 2^32 - 1: SCTP writes it least significant byte first (RFC 9260 appendix A). */
export function crc32c(bytes: Uint8Array): number {
  return crc(bytes, CRC32C);
}
