/** Link type RAW: packets begin with an IPv4 or IPv6 header (registry of link types, 101). */
export const LINKTYPE_RAW = 101;
/** Secrets type of a TLS key log (pcapng 4.7). */
export const SECRETS_TLS_KEY_LOG = 0x544c534b;

/** Starts a section; interfaces are counted anew from it (pcapng 4.1). */
export interface SectionHeader {
  readonly type: 'section';
  /** The program that wrote the capture. */
  readonly userApplication?: string;
  readonly comment?: string;
}

/** An interface packets were captured on; its number is its place in the section, from 0 (pcapng 4.2). */
export interface InterfaceDescription {
  readonly type: 'interface';
  /** {@link LINKTYPE_RAW} or another value of the registry. */
  readonly linkType: number;
  readonly name?: string;
  readonly description?: string;
}

/** Names of addresses (pcapng 4.5). */
export interface NameResolution {
  readonly type: 'names';
  /** `ip` in any text form when written, canonical when read; one or more names, of which Wireshark shows the last. */
  readonly records: readonly { readonly ip: string; readonly names: readonly string[] }[];
}

/** One packet (pcapng 4.3). */
export interface EnhancedPacket {
  readonly type: 'packet';
  readonly interfaceId: number;
  /** Microseconds since 1970, a whole number up to 2^53. */
  readonly timestampUs: number;
  readonly data: Uint8Array;
  /** Length on the wire; absent when `data` is all of it. */
  readonly originalLength?: number;
  readonly comment?: string;
}

/** Secrets that let a reader decrypt the packets that follow (pcapng 4.7). */
export interface DecryptionSecrets {
  readonly type: 'secrets';
  /** Such as {@link SECRETS_TLS_KEY_LOG}. */
  readonly secretsType: number;
  readonly data: Uint8Array;
}

/** A block of another type, when read. */
export interface UnknownBlock {
  readonly type: 'unknown';
  readonly blockType: number;
  /** The body as it stands, a multiple of four bytes. */
  readonly body: Uint8Array;
}

export type PcapngBlock =
  | SectionHeader
  | InterfaceDescription
  | NameResolution
  | EnhancedPacket
  | DecryptionSecrets
  | UnknownBlock;

/** Block types (pcapng 11.1). */
export const BLOCK_TYPE = {
  section: 0x0a0d0d0a,
  interface: 1,
  names: 4,
  packet: 6,
  secrets: 10,
} as const;

/** Option codes (pcapng 3.5, 4.1, 4.2). */
export const OPTION = {
  end: 0,
  comment: 1,
  interfaceName: 2,
  interfaceDescription: 3,
  userApplication: 4,
  timestampResolution: 9,
} as const;

/** Record types of a Name Resolution Block (pcapng 4.5). */
export const NAME_RECORD = { end: 0, ipv4: 1, ipv6: 2 } as const;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** `if_tsresol` of microseconds: a power of ten (pcapng 4.2). */
export const RESOLUTION_MICROSECONDS = 6;
