/** Bytes of the STUN header (RFC 8489 5). */
export const STUN_HEADER_BYTES = 20;
/** RFC 8489 5. */
export const MAGIC_COOKIE = 0x2112a442;
export const MAGIC_COOKIE_BYTES = Uint8Array.of(0x21, 0x12, 0xa4, 0x42);
export const TRANSACTION_ID_BYTES = 12;

/** Methods, 12 bits: Binding of RFC 8489 18.2, the others of RFC 8656 17. */
export const STUN_METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
} as const;

export type StunClass = 'request' | 'indication' | 'success' | 'error';

const CLASSES: readonly StunClass[] = ['request', 'indication', 'success', 'error'];

/** The 14-bit message type: the class bits stand at 4 and 8, between those of the method (RFC 8489 5, figure 3). */
export function messageType(messageClass: StunClass, method: number): number {
  const bits = CLASSES.indexOf(messageClass);
  return (
    (method & 0x00f) |
    ((bits & 1) << 4) |
    ((method & 0x070) << 1) |
    ((bits & 2) << 7) |
    ((method & 0xf80) << 2)
  );
}

/** Class and method of a message type. */
export function splitMessageType(type: number): { readonly class: StunClass; readonly method: number } {
  const bits = ((type >> 4) & 1) | ((type >> 7) & 2);
  const method = (type & 0x00f) | ((type >> 1) & 0x070) | ((type >> 2) & 0xf80);
  return { class: CLASSES[bits] as StunClass, method };
}
