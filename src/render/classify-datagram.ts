/** What a UDP payload that no message accounts for looks like from outside. */
export interface DatagramKind {
  /** `STUN`, `DTLS`, `RTP`, `RTCP`, `TURN` or `UDP`. */
  readonly protocol: string;
  /** What it is within its protocol; empty when the protocol says it all. */
  readonly summary: string;
}

/** RFC 8489 18.2 and RFC 8656 17: methods by number. */
const STUN_METHODS = new Map([
  [0x001, 'Binding'],
  [0x003, 'Allocate'],
  [0x004, 'Refresh'],
  [0x006, 'Send'],
  [0x007, 'Data'],
  [0x008, 'CreatePermission'],
  [0x009, 'ChannelBind'],
]);

/** RFC 8489 5: the two class bits of the message type. */
const STUN_CLASSES = ['request', 'indication', 'response', 'error response'];

/** RFC 6347 4.3.2 and RFC 9147 5.2: handshake message types. */
const HANDSHAKE_TYPES = new Map([
  [0, 'HelloRequest'],
  [1, 'ClientHello'],
  [2, 'ServerHello'],
  [3, 'HelloVerifyRequest'],
  [4, 'NewSessionTicket'],
  [8, 'EncryptedExtensions'],
  [11, 'Certificate'],
  [12, 'ServerKeyExchange'],
  [13, 'CertificateRequest'],
  [14, 'ServerHelloDone'],
  [15, 'CertificateVerify'],
  [16, 'ClientKeyExchange'],
  [20, 'Finished'],
]);

/** Octets of a DTLS 1.2 record header (RFC 6347 4.1). */
const RECORD_HEADER = 13;

/** Names a UDP payload by its first octet (RFC 7983 7); RTCP by its packet type (RFC 5761 4). */
export function classifyDatagram(data: Uint8Array): DatagramKind {
  const first = data[0] ?? 255;
  if (first <= 3) return { protocol: 'STUN', summary: stunType((first << 8) | (data[1] ?? 0)) };
  if (first >= 20 && first <= 63) return { protocol: 'DTLS', summary: dtlsContent(data) };
  if (first >= 64 && first <= 79) return { protocol: 'TURN', summary: 'ChannelData' };
  if (first < 128 || first > 191) return { protocol: 'UDP', summary: 'datagram' };
  const second = data[1] ?? 0;
  return { protocol: second >= 192 && second <= 223 ? 'RTCP' : 'RTP', summary: '' };
}

/** Media type of a static RTP payload type (RFC 3551 6), empty for a dynamic one. */
export function staticMediaType(data: Uint8Array): string {
  const payloadType = (data[1] ?? 255) & 0x7f;
  if (payloadType <= 18) return 'audio';
  return payloadType >= 25 && payloadType <= 34 ? 'video' : '';
}

/** RFC 8489 5: the method's twelve bits stand around the two bits of the class. */
function stunType(type: number): string {
  const method = (type & 0xf) | ((type & 0xe0) >> 1) | ((type & 0x3e00) >> 2);
  const kind = ((type & 0x10) >> 4) | ((type & 0x100) >> 7);
  return `${STUN_METHODS.get(method) ?? `method ${method}`} ${STUN_CLASSES[kind]}`;
}

function dtlsContent(data: Uint8Array): string {
  const names: string[] = [];
  for (let at = 0; at < data.length; ) {
    const name = recordName(data, at);
    if (names.at(-1) !== name) names.push(name);
    // A DTLS 1.3 record need not carry its length (RFC 9147 4), so nothing behind it can be told apart.
    if ((data[at] ?? 0) >= 32) break;
    at += RECORD_HEADER + (((data[at + 11] ?? 0) << 8) | (data[at + 12] ?? 0));
  }
  return names.join(', ');
}

function recordName(data: Uint8Array, at: number): string {
  switch (data[at]) {
    case 20:
      return 'ChangeCipherSpec';
    case 21:
      return 'alert';
    case 22: {
      const epoch = ((data[at + 3] ?? 0) << 8) | (data[at + 4] ?? 0);
      if (epoch > 0) return 'encrypted handshake';
      const type = data[at + RECORD_HEADER] ?? 255;
      return HANDSHAKE_TYPES.get(type) ?? `handshake ${type}`;
    }
    case 23:
      return 'application data';
    default:
      return (data[at] ?? 0) >= 32 ? 'protected record' : `record ${data[at]}`;
  }
}
