import type { Parsed } from '../wire/parsed.js';
import type { MediaFrame } from './frame.js';

/** What goes into one RTP packet. */
export interface MediaPayload {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  /** When its first frame was sampled, from which the timestamp follows. */
  readonly timeMs: number;
}

/** Makes RTP payloads of frames. */
export interface Packetizer {
  /** The payloads that this frame completes: none while a packet fills up or in silence that is not sent, several for a picture. */
  packetize(frame: MediaFrame): readonly MediaPayload[];
  /** What waits for more frames. */
  flush(): readonly MediaPayload[];
  /** Obeys the far end's codec mode request (RFC 4867 4.3.1) where the codec has modes and the session allows that one. */
  requestMode(mode: number): void;
}

/** A payload as it came in. */
export interface ReceivedPayload extends MediaPayload {
  /** The RTP sequence number without its wrap, which shows fragments that are missing. */
  readonly sequence: number;
}

/** What a payload held. */
export interface Depacketized {
  /** Frames that it completed, in the order of time. */
  readonly frames: readonly MediaFrame[];
  /** The mode that its sender wants to receive; absent where it asks for none. */
  readonly modeRequest?: number;
}

/** Finds the frames in RTP payloads. */
export interface Depacketizer {
  /** Never throws: what cannot be read is an error value with the offset into the payload. */
  depacketize(received: ReceivedPayload): Parsed<Depacketized>;
}
