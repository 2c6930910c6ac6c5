import { wordAt } from '../../crypto/aes.js';
import { isRtcp, rtpHeaderBytes, rtpSequenceNumber, rtpSsrc } from '../../wire/rtp/index.js';
import { CounterModeCipher } from './counter-mode-cipher.js';
import { GcmCipher } from './gcm-cipher.js';
import { AUTHENTICATION_KEY_BYTES, deriveSessionKey, LABEL, RTCP_LABELS } from './key-derivation.js';
import { type PacketCipher, RTCP_CLEAR_BYTES, RTCP_INDEX, RTCP_WORD_BYTES } from './packet-cipher.js';
import {
  checkMasterKey,
  SRTP_TRANSFORMS,
  type SrtpMasterKey,
  type SrtpProfile,
  type SrtpTransform,
} from './profile.js';
import { RtcpSourceState, SourceState } from './source-state.js';

/**
 * Why a packet goes no further: cut short; a header that does not fit the bytes, another version, or more bytes than a
 * datagram has; an index that was seen or is too old (RFC 3711 3.3.2); a wrong authentication tag; the key has protected
 * as many packets as it may (RFC 3711 9.2); more sources than a context keeps.
 */
export type SrtpDrop = 'short' | 'malformed' | 'replay' | 'auth' | 'exhausted' | 'sources';

/** The packet, in bytes of its own, or why there is none. */
export type SrtpResult =
  | { readonly ok: true; readonly packet: Uint8Array }
  | { readonly ok: false; readonly reason: SrtpDrop };

/** What may be set of a context. */
export interface SrtpContextOptions {
  /** Packets covered by the replay list (RFC 3711 3.3.2), 64 to 16384; 128 unless told. */
  readonly replayWindow?: number;
  /**
   * Whether a packet may be protected again under its index, as retransmission (RFC 4585 6.2.1) needs. Its bytes must be
   * the same, else the key stream is given away (RFC 3711 9.1). Without it a repeated index is refused as `replay`.
   */
  readonly repeats?: boolean;
  /** Packets of either kind the key may protect, where that is less than the profile's limit. */
  readonly mostPackets?: number;
}

/** A little over two seconds of speech in packets of 20 ms. */
const REPLAY_WINDOW = 128;
/** Sources kept a context. */
const MOST_SOURCES = 1024;
const RTP_FIXED_BYTES = 12;
/** The most a datagram holds; the block counter of 16 bits reaches much further (RFC 3711 4.1.1). */
const MOST_BYTES = 0xffff;
const E_FLAG = 0x8000_0000 | 0;

/**
 * The cryptographic context of one direction (RFC 3711 3.2): a master key, and the state of all sources under it. Session keys
 * are derived when first needed. A packet that is refused changes nothing but the count of its reason.
 *
 * @example
 * ```ts
 * const { outbound, inbound } = srtpContexts(connection, 'client');
 * const result = outbound.protect(packet);
 * if (result.ok) socket.send(result.packet, peer);
 * ```
 */
export class SrtpContext {
  readonly profile: SrtpProfile;
  readonly #transform: SrtpTransform;
  readonly #dropped = noDrops();
  readonly #master: SrtpMasterKey;
  readonly #replayWindow: number;
  readonly #repeats: boolean;
  readonly #mostPackets: number;
  readonly #mostRtcpPackets: number;
  readonly #sources = new Map<number, SourceState>();
  /** The next index by source, of RTCP that is sent. */
  readonly #nextIndex = new Map<number, number>();
  readonly #rtcpSources = new Map<number, RtcpSourceState>();
  #rtpCipher: PacketCipher | undefined;
  #rtcpCipher: PacketCipher | undefined;
  #rtpPackets = 0;
  #rtcpPackets = 0;

  /** @throws RangeError when key or salt have not the lengths of the profile, or an option is out of range */
  constructor(profile: SrtpProfile, master: SrtpMasterKey, options: SrtpContextOptions = {}) {
    checkMasterKey(profile, master);
    this.profile = profile;
    this.#transform = SRTP_TRANSFORMS[profile];
    this.#master = master;
    this.#replayWindow = options.replayWindow ?? REPLAY_WINDOW;
    this.#repeats = options.repeats ?? false;
    const most = options.mostPackets ?? Number.POSITIVE_INFINITY;
    this.#mostPackets = Math.min(most, this.#transform.mostPackets);
    this.#mostRtcpPackets = Math.min(most, this.#transform.mostRtcpPackets);
  }

  /** Packets refused so far, by reason. */
  get dropped(): Readonly<Record<SrtpDrop, number>> {
    return this.#dropped;
  }

  /** RTP packets that went through. */
  get rtpPackets(): number {
    return this.#rtpPackets;
  }

  /** RTCP packets that went through. */
  get rtcpPackets(): number {
    return this.#rtcpPackets;
  }

  /** Protects RTP or RTCP, told apart by RFC 5761 4. */
  protect(packet: Uint8Array): SrtpResult {
    return isRtcp(packet[1]) ? this.protectRtcp(packet) : this.protectRtp(packet);
  }

  /** The packet in a protected one of RTP or RTCP, told apart by RFC 5761 4. */
  unprotect(packet: Uint8Array): SrtpResult {
    return isRtcp(packet[1]) ? this.unprotectRtcp(packet) : this.unprotectRtp(packet);
  }

  /** Encrypts the payload of an RTP packet and appends a tag (RFC 3711 3.3). */
  protectRtp(packet: Uint8Array): SrtpResult {
    const end = packet.length;
    if (end < RTP_FIXED_BYTES) return this.#drop('short');
    const header = isVersion2(packet) && end <= MOST_BYTES ? rtpHeaderBytes(packet) : -1;
    if (header < 0) return this.#drop('malformed');
    if (this.#rtpPackets >= this.#mostPackets) return this.#drop('exhausted');
    const ssrc = rtpSsrc(packet);
    const sequence = rtpSequenceNumber(packet);
    let source = this.#sources.get(ssrc);
    if (source === undefined) {
      if (this.#sources.size >= MOST_SOURCES) return this.#drop('sources');
      source = new SourceState(sequence, this.#replayWindow);
      this.#sources.set(ssrc, source);
    }
    const roc = source.estimate(sequence);
    if (!this.#repeats && source.seen(sequence)) return this.#drop('replay');
    source.add(sequence, roc);
    this.#rtpPackets += 1;
    return { ok: true, packet: this.#rtp().sealRtp(packet, header, ssrc, roc, sequence) };
  }

  /** Verifies and decrypts an SRTP packet (RFC 3711 3.3). */
  unprotectRtp(packet: Uint8Array): SrtpResult {
    const end = packet.length - this.#transform.tagBytes;
    if (end < RTP_FIXED_BYTES) return this.#drop('short');
    const header = isVersion2(packet) && packet.length <= MOST_BYTES ? rtpHeaderBytes(packet, end) : -1;
    if (header < 0) return this.#drop('malformed');
    if (this.#rtpPackets >= this.#mostPackets) return this.#drop('exhausted');
    const ssrc = rtpSsrc(packet);
    const sequence = rtpSequenceNumber(packet);
    let source = this.#sources.get(ssrc);
    if (source === undefined && this.#sources.size >= MOST_SOURCES) return this.#drop('sources');
    const roc = source?.estimate(sequence) ?? 0;
    if (source?.seen(sequence)) return this.#drop('replay');
    const opened = this.#rtp().openRtp(packet, header, ssrc, roc, sequence);
    if (opened === undefined) return this.#drop('auth');
    if (source === undefined) {
      source = new SourceState(sequence, this.#replayWindow);
      this.#sources.set(ssrc, source);
    }
    source.add(sequence, roc);
    this.#rtpPackets += 1;
    return { ok: true, packet: opened };
  }

  /**
   * Encrypts an RTCP datagram behind its first SSRC, and appends index and tag (RFC 3711 3.4); it may be of reduced size
   * (RFC 5506 3.4.3).
   *
   * @param encrypt - the E flag: `false` authenticates only
   */
  protectRtcp(packet: Uint8Array, encrypt = true): SrtpResult {
    if (packet.length < RTCP_CLEAR_BYTES) return this.#drop('short');
    if (!isVersion2(packet) || packet.length > MOST_BYTES) return this.#drop('malformed');
    if (this.#rtcpPackets >= this.#mostRtcpPackets) return this.#drop('exhausted');
    const ssrc = wordAt(packet, 4) >>> 0;
    const index = this.#nextIndex.get(ssrc) ?? 0;
    if (index === 0 && this.#nextIndex.size >= MOST_SOURCES) return this.#drop('sources');
    this.#nextIndex.set(ssrc, index + 1);
    this.#rtcpPackets += 1;
    const word = encrypt ? index | E_FLAG : index;
    return { ok: true, packet: this.#rtcp().sealRtcp(packet, ssrc, word) };
  }

  /** Verifies and decrypts an SRTCP packet (RFC 3711 3.4); one that is not encrypted is taken as it is. */
  unprotectRtcp(packet: Uint8Array): SrtpResult {
    if (packet.length < RTCP_CLEAR_BYTES + RTCP_WORD_BYTES + this.#transform.rtcpTagBytes) {
      return this.#drop('short');
    }
    if (!isVersion2(packet) || packet.length > MOST_BYTES) return this.#drop('malformed');
    if (this.#rtcpPackets >= this.#mostRtcpPackets) return this.#drop('exhausted');
    const cipher = this.#rtcp();
    const ssrc = wordAt(packet, 4) >>> 0;
    const word = wordAt(packet, cipher.rtcpWordAt(packet.length));
    const index = word & RTCP_INDEX;
    let source = this.#rtcpSources.get(ssrc);
    if (source === undefined && this.#rtcpSources.size >= MOST_SOURCES) return this.#drop('sources');
    if (source?.seen(index)) return this.#drop('replay');
    const opened = cipher.openRtcp(packet, ssrc, word);
    if (opened === undefined) return this.#drop('auth');
    if (source === undefined) {
      source = new RtcpSourceState(index, this.#replayWindow);
      this.#rtcpSources.set(ssrc, source);
    }
    source.add(index);
    this.#rtcpPackets += 1;
    return { ok: true, packet: opened };
  }

  #rtp(): PacketCipher {
    return (this.#rtpCipher ??= this.#cipher(0, this.#transform.tagBytes));
  }

  #rtcp(): PacketCipher {
    return (this.#rtcpCipher ??= this.#cipher(RTCP_LABELS, this.#transform.rtcpTagBytes));
  }

  #cipher(labels: number, tagBytes: number): PacketCipher {
    const master = this.#master;
    const encryption = deriveSessionKey(master, labels + LABEL.encryption, master.key.length);
    const salt = deriveSessionKey(master, labels + LABEL.salt, master.salt.length);
    if (this.#transform.cipher === 'AES-GCM') return new GcmCipher(encryption, salt);
    const label = labels + LABEL.authentication;
    const authentication = deriveSessionKey(master, label, AUTHENTICATION_KEY_BYTES);
    return new CounterModeCipher({ encryption, authentication, salt }, tagBytes);
  }

  #drop(reason: SrtpDrop): SrtpResult {
    this.#dropped[reason] += 1;
    return { ok: false, reason };
  }
}

function isVersion2(packet: Uint8Array): boolean {
  return (packet[0] as number) >> 6 === 2;
}

function noDrops(): Record<SrtpDrop, number> {
  return { short: 0, malformed: 0, replay: 0, auth: 0, exhausted: 0, sources: 0 };
}

/** What DTLS agreed on for SRTP (RFC 5764 4.2). */
export interface SrtpKeys {
  readonly srtpProfile: SrtpProfile;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly clientSalt: Uint8Array;
  readonly serverSalt: Uint8Array;
}

/**
 * The contexts of one end of a DTLS association.
 *
 * @param role - of this end in DTLS: what the client sends is under the client's key (RFC 5764 4.2)
 */
export function srtpContexts(
  keys: SrtpKeys,
  role: 'client' | 'server',
  options?: SrtpContextOptions,
): { readonly outbound: SrtpContext; readonly inbound: SrtpContext } {
  const client = new SrtpContext(keys.srtpProfile, { key: keys.clientKey, salt: keys.clientSalt }, options);
  const server = new SrtpContext(keys.srtpProfile, { key: keys.serverKey, salt: keys.serverSalt }, options);
  return role === 'client' ? { outbound: client, inbound: server } : { outbound: server, inbound: client };
}
