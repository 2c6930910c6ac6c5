/** Who speaks, what is said, and which part of it this is: what synthetic media carry in place of sound and picture. */
export interface FrameIdentity {
  /** The source, 0 to 65535. */
  readonly stream: number;
  /** Counts the frames of the source that carry something, 0 to 2^24 - 1 and round again; silence is not counted. */
  readonly number: number;
  /** Pitch of the tone that G.711 plays besides, a multiple of 20 Hz up to 3980; 0 for none. */
  readonly pitchHz: number;
}

/** What all frames have. */
interface TimedFrame {
  /** When it was sampled, in ms since the first frame of the stream. Exact: the clocks of RTP count in parts of it. */
  readonly timeMs: number;
  /** How long it lasts, in ms. */
  readonly durationMs: number;
}

/** A frame of a speech codec that carries speech. */
export interface SpeechFrame extends TimedFrame {
  readonly kind: 'speech';
  /** `undefined` where the bits are not of this project's making, or were damaged. */
  readonly identity: FrameIdentity | undefined;
}

/** Time in which nothing is said: a silence descriptor, comfort noise, or a frame coded from silence. */
export interface SilenceFrame extends TimedFrame {
  readonly kind: 'silence';
}

/** What is known so far of a telephone event (RFC 4733 2.3); `timeMs` is where it began and `durationMs` how long it has lasted. */
export interface DtmfFrame extends TimedFrame {
  readonly kind: 'dtmf';
  /** 0 to 15 for the digits (RFC 4733 3.2), up to 255 for other events. */
  readonly event: number;
  /** Whether it is over: the E bit. */
  readonly end: boolean;
  /** Power in dBm0 without its sign, 0 to 63. */
  readonly volume: number;
}

/** A picture. */
export interface VideoFrame extends TimedFrame {
  readonly kind: 'video';
  readonly identity: FrameIdentity | undefined;
  /** Whether it can be decoded without those before it. */
  readonly key: boolean;
  /** Size of the coded picture, without headers of RTP payload formats. */
  readonly bytes: number;
}

/** A frame that a source gives every 20 ms. */
export type AudioFrame = SpeechFrame | SilenceFrame | DtmfFrame;

/** What codecs code and RTP payloads carry, whatever the format. */
export type MediaFrame = AudioFrame | VideoFrame;

/** The frame that all speech codecs here have, and that a source gives (RFC 4867 4.1; RFC 7587 4.2; 26.445 4.2). */
export const FRAME_MS = 20;

/** The digits of events 0 to 15 (RFC 4733 3.2). */
export const DIGITS = '0123456789*#ABCD';
