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
  | 'types';

/**
 * The attributes this codec takes apart: type and form. RFC 8489 18.3, RFC 8445 20.2, and the ones of RFC 8656 18 that
 * share these forms. Any other is kept as bytes.
 */
export const ATTRIBUTES = {
  'MAPPED-ADDRESS': [0x0001, 'address'],
  USERNAME: [0x0006, 'text'],
  'MESSAGE-INTEGRITY': [0x0008, 'bytes'],
  'ERROR-CODE': [0x0009, 'error'],
  'UNKNOWN-ATTRIBUTES': [0x000a, 'types'],
  LIFETIME: [0x000d, 'number'],
  'XOR-PEER-ADDRESS': [0x0012, 'xorAddress'],
  DATA: [0x0013, 'bytes'],
  REALM: [0x0014, 'text'],
  NONCE: [0x0015, 'text'],
  'XOR-RELAYED-ADDRESS': [0x0016, 'xorAddress'],
  'MESSAGE-INTEGRITY-SHA256': [0x001c, 'bytes'],
  'PASSWORD-ALGORITHM': [0x001d, 'bytes'],
  USERHASH: [0x001e, 'bytes'],
  'XOR-MAPPED-ADDRESS': [0x0020, 'xorAddress'],
  PRIORITY: [0x0024, 'number'],
  'USE-CANDIDATE': [0x0025, 'flag'],
  'PASSWORD-ALGORITHMS': [0x8002, 'bytes'],
  'ALTERNATE-DOMAIN': [0x8003, 'text'],
  SOFTWARE: [0x8022, 'text'],
  'ALTERNATE-SERVER': [0x8023, 'address'],
  FINGERPRINT: [0x8028, 'number'],
  'ICE-CONTROLLED': [0x8029, 'tieBreaker'],
  'ICE-CONTROLLING': [0x802a, 'tieBreaker'],
} as const satisfies Readonly<Record<string, readonly [type: number, form: AttributeForm]>>;

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
