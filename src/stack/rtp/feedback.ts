import { lostPackets, nackPairs, type RtcpPacket } from '../../wire/rtcp/index.js';
import type { Participant, Participants } from './participants.js';
import { RetransmissionBuffer } from './retransmission-buffer.js';
import type { RtpSessionOptions } from './types.js';

/** Least time between two requests for a key frame, in milliseconds. */
const KEY_FRAME_GAP_MS = 500;
/** Least time between two answers to requests for one packet, where the round-trip time is not known or very short. */
const LEAST_RESEND_GAP_US = 20_000;
/** T_max_fb_delay (RFC 4585 3.4 h), for the application to set: a second later a picture is no use. */
export const MOST_FEEDBACK_DELAY_US = 1_000_000;
/** Half of the sequence numbers. */
const HALF = 0x8000;

/** The feedback of a session (RFC 4585, RFC 5104 4.3.1): what is to be given, and what came. */
export class Feedback {
  readonly #options: RtpSessionOptions;
  readonly #ssrc: number;
  readonly #keyFrameGapUs: number;
  readonly #asksForLost: boolean;
  readonly #sent: RetransmissionBuffer;
  #pending: { readonly packet: RtcpPacket; readonly sinceUs: number }[] = [];
  /** Sources with packets missing that have not been asked for. */
  #losses = false;
  /** When each source was last asked for a key frame, and the number of its last FIR. */
  readonly #asked = new Map<number, { readonly us: number; readonly fir: number }>();
  #passedUpUs = Number.NEGATIVE_INFINITY;

  /** @param ssrc - own source */
  constructor(options: RtpSessionOptions, ssrc: number) {
    this.#options = options;
    this.#ssrc = ssrc;
    this.#keyFrameGapUs = 1000 * (options.keyFrameGapMs ?? KEY_FRAME_GAP_MS);
    this.#asksForLost = options.nack === true && options.profile === 'AVPF';
    this.#sent = new RetransmissionBuffer(options.retransmissionPackets ?? 0);
  }

  /** Whether there is something to give. */
  get waiting(): boolean {
    return this.#losses || this.#pending.length > 0;
  }

  /** Keeps a packet that may be asked for. */
  keep(packet: Uint8Array): void {
    this.#sent.keep(packet);
  }

  /**
   * Compares a sequence number with the one expected; whether packets have to be asked for that were not missed before.
   *
   * @param ahead - how far it is ahead of the highest so far, modulo 2^16
   */
  noteSequence({ missing }: Participant, sequence: number, ahead: number): boolean {
    if (!this.#asksForLost) return false;
    if (ahead === 0 || ahead >= HALF) {
      missing.found(sequence);
      return false;
    }
    const lost = missing.gap((sequence - ahead + 1) & 0xffff, sequence);
    if (lost) this.#losses = true;
    return lost;
  }

  /**
   * A request for a key frame, unless one was made a short time ago.
   *
   * @param offer - asks for leave to give feedback; without it the request is dropped
   */
  requestKeyFrame(ssrc: number, kind: 'PLI' | 'FIR', nowUs: number, offer: () => boolean): boolean {
    const last = this.#asked.get(ssrc);
    if (last !== undefined && nowUs - last.us < this.#keyFrameGapUs) return false;
    const senderSsrc = this.#ssrc;
    // each command has the next number (RFC 5104 4.3.1.1)
    const fir = kind === 'FIR' ? ((last?.fir ?? -1) + 1) & 0xff : (last?.fir ?? -1);
    const packet: RtcpPacket =
      kind === 'PLI'
        ? { type: 'PLI', senderSsrc, mediaSsrc: ssrc }
        : { type: 'FIR', senderSsrc, mediaSsrc: 0, requests: [{ ssrc, sequenceNumber: fir }] };
    const pending = { packet, sinceUs: nowUs };
    this.#pending.push(pending);
    if (!offer()) {
      this.#pending = this.#pending.filter((one) => one !== pending);
      return false;
    }
    this.#asked.set(ssrc, { us: nowUs, fir });
    return true;
  }

  /** What is to be given now; it counts as given. */
  take(nowUs: number, participants: Participants, roundTripUs: number): RtcpPacket[] {
    const packets = this.#pending
      .filter(({ sinceUs }) => nowUs - sinceUs <= MOST_FEEDBACK_DELAY_US)
      .map(({ packet }) => packet);
    this.#pending = [];
    this.#losses = false;
    if (!this.#asksForLost) return packets;
    for (const { ssrc, missing } of participants) {
      const lost = missing.take(nowUs, roundTripUs);
      if (lost.length === 0) continue;
      packets.push({ type: 'NACK', senderSsrc: this.#ssrc, mediaSsrc: ssrc, pairs: nackPairs(lost) });
    }
    return packets;
  }

  /**
   * Takes feedback of the peer.
   *
   * @returns packets to send again
   */
  receive(
    packet: RtcpPacket,
    from: Participant | undefined,
    nowUs: number,
    roundTripUs: number,
  ): Uint8Array[] {
    switch (packet.type) {
      case 'NACK': {
        if (packet.mediaSsrc !== this.#ssrc) return [];
        const gapUs = Math.max(roundTripUs, LEAST_RESEND_GAP_US);
        return lostPackets(packet.pairs).flatMap((sequence) => this.#sent.take(sequence, nowUs, gapUs) ?? []);
      }
      case 'PLI':
        if (packet.mediaSsrc === this.#ssrc) this.#passUp('PLI', nowUs);
        return [];
      case 'FIR': {
        const request = packet.requests.find(({ ssrc }) => ssrc === this.#ssrc);
        // a repetition has the same number (RFC 5104 4.3.1.1)
        if (request === undefined || from?.lastFir === request.sequenceNumber) return [];
        if (from !== undefined) from.lastFir = request.sequenceNumber;
        this.#passUp('FIR', nowUs);
        return [];
      }
      default:
        return [];
    }
  }

  #passUp(kind: 'PLI' | 'FIR', nowUs: number): void {
    if (nowUs - this.#passedUpUs < this.#keyFrameGapUs) return;
    this.#passedUpUs = nowUs;
    this.#options.onKeyFrameRequest?.(kind);
  }
}
