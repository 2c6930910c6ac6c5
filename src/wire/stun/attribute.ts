/** How the value of an attribute is laid out. */
export type AttributeForm =
  | 'address'
  | 'xorAddress'
  | 'text'
  | 'bytes'
  | 'number'
  | 'tieBreaker'
  | 'flag'
  | 'error'
  | 'types'
  | 'channel'
  | 'family'
  | 'evenPort'
  | 'transport'
  | 'token'
  | 'addressError'
  | 'icmp'
  | 'algorithm'
  | 'algorithms';

/** An algorithm that derives a key from a password, with its parameters (RFC 8489 14.11, 18.5). */
export interface PasswordAlgorithm {
  /** 16 bits, see `PASSWORD_ALGORITHM`. */
  readonly number: number;
  /** Empty for both algorithms that are defined. */
  readonly parameters: Uint8Array;
}

/**
 * The attributes this codec takes apart: type and form. RFC 8489 18.3, RFC 8445 20.2, RFC 8656 18, RFC 8016 5. Any other
 * is kept as bytes.
 */
export const ATTRIBUTES = {
  'MAPPED-ADDRESS': [0x0001, 'address'],
  USERNAME: [0x0006, 'text'],
  'MESSAGE-INTEGRITY': [0x0008, 'bytes'],
  'ERROR-CODE': [0x0009, 'error'],
  'UNKNOWN-ATTRIBUTES': [0x000a, 'types'],
  'CHANNEL-NUMBER': [0x000c, 'channel'],
  LIFETIME: [0x000d, 'number'],
  'XOR-PEER-ADDRESS': [0x0012, 'xorAddress'],
  DATA: [0x0013, 'bytes'],
  REALM: [0x0014, 'text'],
  NONCE: [0x0015, 'text'],
  'XOR-RELAYED-ADDRESS': [0x0016, 'xorAddress'],
  'REQUESTED-ADDRESS-FAMILY': [0x0017, 'family'],
  'EVEN-PORT': [0x0018, 'evenPort'],
  'REQUESTED-TRANSPORT': [0x0019, 'transport'],
  'DONT-FRAGMENT': [0x001a, 'flag'],
  'MESSAGE-INTEGRITY-SHA256': [0x001c, 'bytes'],
  'PASSWORD-ALGORITHM': [0x001d, 'algorithm'],
  USERHASH: [0x001e, 'bytes'],
  'XOR-MAPPED-ADDRESS': [0x0020, 'xorAddress'],
  'RESERVATION-TOKEN': [0x0022, 'token'],
  PRIORITY: [0x0024, 'number'],
  'USE-CANDIDATE': [0x0025, 'flag'],
  'ADDITIONAL-ADDRESS-FAMILY': [0x8000, 'family'],
  'ADDRESS-ERROR-CODE': [0x8001, 'addressError'],
  'PASSWORD-ALGORITHMS': [0x8002, 'algorithms'],
  'ALTERNATE-DOMAIN': [0x8003, 'text'],
  ICMP: [0x8004, 'icmp'],
  SOFTWARE: [0x8022, 'text'],
  'ALTERNATE-SERVER': [0x8023, 'address'],
  FINGERPRINT: [0x8028, 'number'],
  'ICE-CONTROLLED': [0x8029, 'tieBreaker'],
  'ICE-CONTROLLING': [0x802a, 'tieBreaker'],
  'MOBILITY-TICKET': [0x8030, 'bytes'],
} as const satisfies Readonly<Record<string, readonly [type: number, form: AttributeForm]>>;

/** Address family as the version of IP (RFC 8489 14.1). */
export type AddressFamily = 4 | 6;

type Known = typeof ATTRIBUTES;
/** An attribute's name as the RFCs write it. */
export type AttributeName = keyof Known;
/** The names of attributes of one form. */
type Named<F extends AttributeForm> = {
  [N in AttributeName]: Known[N][1] extends F ? N : never;
}[AttributeName];

/** One attribute of a message. */
export type StunAttribute =
  | { readonly name: Named<'address' | 'xorAddress'>; readonly ip: string; readonly port: number }
  | { readonly name: Named<'text'>; readonly text: string }
  | { readonly name: Named<'bytes'>; readonly bytes: Uint8Array }
  /** 32 bits, unsigned. */
  | { readonly name: Named<'number'>; readonly value: number }
  /** 64 bits as 16 lower-case hexadecimal digits: compares like the number (RFC 8445 7.3.1.1). */
  | { readonly name: Named<'tieBreaker'>; readonly tieBreaker: string }
  | { readonly name: Named<'flag'> }
  /** `code` 300 to 699 (RFC 8489 14.8). */
  | { readonly name: Named<'error'>; readonly code: number; readonly reason: string }
  | { readonly name: Named<'types'>; readonly types: readonly number[] }
  /** 16 bits; 0x4000 to 0x4FFF may be bound (RFC 8656 12, 18.1). */
  | { readonly name: Named<'channel'>; readonly channel: number }
  /** RFC 8656 18.6, 18.11. */
  | { readonly name: Named<'family'>; readonly family: AddressFamily }
  /** Whether the next higher port is to be reserved as well (RFC 8656 18.7). */
  | { readonly name: Named<'evenPort'>; readonly reserveNext: boolean }
  /** Protocol number of IP, 17 for UDP (RFC 8656 18.8). */
  | { readonly name: Named<'transport'>; readonly protocol: number }
  /** 64 bits as 16 lower-case hexadecimal digits (RFC 8656 18.10). */
  | { readonly name: Named<'token'>; readonly token: string }
  /** RFC 8656 18.12. */
  | {
      readonly name: Named<'addressError'>;
      readonly family: AddressFamily;
      readonly code: number;
      readonly reason: string;
    }
  /** Type and code as in the ICMP message; `data` is the MTU of the next hop or 0 (RFC 8656 18.13). */
  | {
      readonly name: Named<'icmp'>;
      readonly icmpType: number;
      readonly icmpCode: number;
      readonly data: number;
    }
  | { readonly name: Named<'algorithm'>; readonly algorithm: PasswordAlgorithm }
  /** In the server's order of preference (RFC 8489 14.11). */
  | { readonly name: Named<'algorithms'>; readonly algorithms: readonly PasswordAlgorithm[] }
  /** A type outside the table, or a value that is not laid out as its type demands. */
  | { readonly name: 'unknown'; readonly type: number; readonly bytes: Uint8Array };

/** The name of each type in the table. */
export const ATTRIBUTE_NAMES: ReadonlyMap<number, AttributeName> = new Map(
  (Object.keys(ATTRIBUTES) as AttributeName[]).map((name) => [ATTRIBUTES[name][0], name]),
);

/** The 16-bit type of an attribute. */
export function attributeType(attribute: StunAttribute): number {
  return attribute.name === 'unknown' ? attribute.type : ATTRIBUTES[attribute.name][0];
}
