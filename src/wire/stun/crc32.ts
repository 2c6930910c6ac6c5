const TABLE = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  TABLE[byte] = crc;
}

/** CRC-32 of ITU-T V.42, 0 to 2^32 - 1 (RFC 8489 14.7). `wire` imports nothing of ours, so it has its own. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i += 1) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] as number)) & 255] as number);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
