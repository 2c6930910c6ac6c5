import { toBase64 } from '../../src/crypto/index.js';
import type { Timer } from '../../src/kernel/index.js';
import { AudioSource, codecOf, MediaObserver, type MediaReport, MediaSender } from '../../src/media/index.js';
import type { Host } from '../../src/network/index.js';
import { type RtcpBandwidth, type RtpReport, RtpSession } from '../../src/stack/rtp/index.js';
import { parseRtp, serializeRtp } from '../../src/wire/rtp/index.js';
import type { RtpMap } from '../../src/wire/sdp/index.js';

/** How a voice is set up. */
export interface VoiceOptions {
  /** Name of its RTP session in the trace. */
  readonly id: string;
  readonly pitchHz: number;
  /** Bytes below RTCP in every datagram. */
  readonly overheadBytes: number;
  readonly sendRtp: (packet: Uint8Array) => boolean;
  readonly sendRtcp: (packet: Uint8Array) => void;
}

/** What was agreed for the two directions. */
export interface VoiceAgreement {
  /** Formats that the far end takes, best first. */
  readonly sending: readonly RtpMap[];
  /** Formats that it may send. */
  readonly hearing: readonly RtpMap[];
  readonly profile: 'AVP' | 'AVPF';
  /** `a=ptime` of the far end. */
  readonly ptimeMs?: number;
  readonly bandwidth?: RtcpBandwidth;
}

/** Who speaks: what frames carry, so that the far end can tell. */
export interface VoiceIdentity {
  readonly stream: number;
  readonly pitchHz: number;
}

/** Bytes of an RTCP name that lasts as long as a call (RFC 7022 4.2). */
const CNAME_BYTES = 12;

/** A voice and an ear on one RTP session. */
export class Voice {
  readonly identity: VoiceIdentity;
  /** RTP packets sent. */
  sent = 0;
  readonly #host: Host;
  readonly #options: VoiceOptions;
  readonly #source: AudioSource;
  readonly #frameUs: number;
  readonly #cname: string;
  #observer = new MediaObserver(NO_FORMATS);
  #agreement: VoiceAgreement | undefined;
  #session: RtpSession | undefined;
  #sessions = 0;
  #sender: MediaSender | undefined;
  #timer: Timer | undefined;
  #beganUs: number | undefined;
  #talks = false;

  constructor(host: Host, options: VoiceOptions) {
    this.#host = host;
    this.#options = options;
    const { pitchHz } = options;
    this.identity = { stream: host.random('voice').below(0x1_0000), pitchHz };
    this.#source = new AudioSource(this.identity);
    this.#frameUs = this.#source.intervalMs * 1000;
    this.#cname = toBase64(host.random('cname').bytes(CNAME_BYTES));
  }

  /** What has been heard of the far end. */
  get heard(): MediaReport {
    return this.#observer.report();
  }

  /** How the RTP session fares by RTCP; absent before it began. */
  get rtcp(): RtpReport | undefined {
    return this.#session?.report();
  }

  /** Takes what was agreed; a change of formats begins another session. */
  agree(agreement: VoiceAgreement): void {
    const known = this.#agreement;
    this.#agreement = agreement;
    if (known === undefined || !sameFormats(known.hearing, agreement.hearing)) {
      this.#observer = new MediaObserver(agreement.hearing);
    }
    if (known === undefined || sameFormats(known.sending, agreement.sending)) return;
    this.#sender = undefined;
    if (this.#session === undefined) return;
    this.#session.close();
    this.#session = undefined;
    this.join();
    if (this.#talks) this.talk();
  }

  /** Joins the RTP session: from now on there is RTCP. */
  join(): void {
    const { sending, hearing, profile, bandwidth } = this.#agreement ?? NOTHING_AGREED;
    const format = speechOf(sending) ?? speechOf(hearing);
    if (this.#session !== undefined || format === undefined) return;
    const { id, overheadBytes, sendRtcp } = this.#options;
    this.#sessions++;
    this.#session = new RtpSession(this.#host, {
      id: this.#sessions === 1 ? id : `${id}.${this.#sessions}`,
      cname: this.#cname,
      clockRateHz: format.clockRate,
      profile,
      ...(bandwidth === undefined ? {} : { bandwidth }),
      overheadBytes,
      sendRtcp,
    });
  }

  /** Begins to speak, or goes on; what lies between is silence. Nothing where no codec is agreed on. */
  talk(): void {
    this.#talks = true;
    const { now } = this.#host.kernel;
    this.#sender ??= this.#newSender();
    if (this.#sender === undefined || this.#timer !== undefined) return;
    if (this.#beganUs === undefined) this.#beganUs = now;
    else this.#source.skipTo(Math.round((now - this.#beganUs) / 1000));
    this.#tick();
  }

  hush(): void {
    this.#talks = false;
    if (this.#timer !== undefined) this.#host.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** Presses keys (RFC 4733). */
  press(digits: string): void {
    this.#source.press(digits);
  }

  receiveRtp(bytes: Uint8Array): void {
    const verdict = this.#session?.receiveRtp(bytes);
    if (verdict === 'malformed' || verdict === 'collision') return;
    const read = parseRtp(bytes);
    if (read.ok) this.#observer.receive(read.value, this.#host.kernel.now);
  }

  receiveRtcp(bytes: Uint8Array): void {
    this.#session?.receiveRtcp(bytes);
  }

  /** Falls silent and takes leave with a BYE (RFC 3550 6.3.7). */
  leave(): void {
    this.hush();
    this.#session?.bye();
  }

  close(): void {
    this.hush();
    this.#session?.close();
  }

  #newSender(): MediaSender | undefined {
    const { sending, ptimeMs } = this.#agreement ?? NOTHING_AGREED;
    const { ssrc } = this.#session ?? {};
    if (ssrc === undefined || speechOf(sending) === undefined) return undefined;
    // RFC 3550 5.1: both start at random
    const random = this.#host.random('rtp');
    return new MediaSender({
      formats: sending,
      ssrc,
      sequenceNumber: random.below(0x1_0000),
      timestamp: random.uint32(),
      ...(ptimeMs === undefined ? {} : { ptimeMs }),
    });
  }

  readonly #tick = (): void => {
    const { sendRtp } = this.#options;
    this.#timer = this.#host.schedule(this.#frameUs, this.#tick);
    for (const packet of this.#sender?.send(this.#source.next()) ?? []) {
      const bytes = serializeRtp(packet);
      this.#session?.sentRtp(bytes);
      if (sendRtp(bytes)) this.sent++;
    }
  };
}

const NO_FORMATS: readonly RtpMap[] = [];
const NOTHING_AGREED: VoiceAgreement = { sending: NO_FORMATS, hearing: NO_FORMATS, profile: 'AVP' };

function speechOf(formats: readonly RtpMap[]): RtpMap | undefined {
  return formats.find((format) => codecOf(format)?.role === 'speech');
}

function sameFormats(a: readonly RtpMap[], b: readonly RtpMap[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ payloadType, encoding, clockRate, fmtp }, index) => {
      const other = b[index];
      return (
        other?.payloadType === payloadType &&
        other.encoding === encoding &&
        other.clockRate === clockRate &&
        other.fmtp === fmtp
      );
    })
  );
}
