/**
 * Capture files that Wireshark opens: the pcapng format (draft-ietf-opsawg-pcapng). Others use the exports below:
 * `serializePcapng` for a whole file, `serializeBlock` to write one piece by piece.
 *
 * Not supported: writing big-endian files, timestamp resolutions other than microseconds, the obsolete Packet Block, Simple
 * Packet and Interface Statistics Blocks (kept as bytes when read), options without a field in the block types.
 */
export {
  type DecryptionSecrets,
  type EnhancedPacket,
  type InterfaceDescription,
  LINKTYPE_RAW,
  type NameResolution,
  type PcapngBlock,
  SECRETS_TLS_KEY_LOG,
  type SectionHeader,
  type UnknownBlock,
} from './block.js';
export { parsePcapng } from './read.js';
export { serializeBlock, serializePcapng } from './write.js';
