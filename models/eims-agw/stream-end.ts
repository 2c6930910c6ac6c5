import { codecOf } from '../../src/media/index.js';
import type { Host } from '../../src/network/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import type { StreamMode } from '../../src/wire/megaco/index.js';
import {
  attribute,
  type MediaDescription,
  type RtpMap,
  rtpMaps,
  type SessionDescription,
} from '../../src/wire/sdp/index.js';
import { type AllDrops, type Drops, noDrops } from './drops.js';
import { sameTranslation, type Translation, translationOf } from './formats.js';
import { type Inlet, pipeline, type Sink, type Stage } from './pipeline.js';
import { PlainTransport } from './plain-transport.js';
import { Reception } from './reception.js';
import { SecureEnd } from './secure-end.js';
import { closedGate, count, Latch, police, sourceFilter } from './stages.js';
import { initialSettings, type Latching, ratesOf, type StreamSettings } from './stream-settings.js';
import { changeRtcp, relabel, Translator } from './translator.js';

/** The clock of RTP where nothing is known of the format: that of G.711. */
const DEFAULT_CLOCK = 8000;

/** Bytes of the IP header of packets to an address (RFC 791 3.1, RFC 8200 3). */
const ipHeaderBytes = (ip: string): number => (ip.includes(':') ? 40 : 20);

/**
 * One stream on one termination: its transport, its gate, and the pipelines that its packets run through. Commands compose the
 * pipelines anew; packets never touch a state machine (TS 23.334 5).
 */
export class StreamEnd {
  readonly transport: PlainTransport | SecureEnd;
  readonly drops: Drops = noDrops();
  readonly reception = new Reception();
  /** RTP packets and bytes sent. */
  sentPackets = 0;
  sentOctets = 0;
  settings: StreamSettings = initialSettings;
  /** The stream of the same number on the other termination. */
  peer: StreamEnd | undefined;
  readonly #host: Host;
  #local: readonly RtpMap[];
  #remote: readonly RtpMap[] = [];
  #remoteKnown = false;
  /** RTP/AVP or RTP/AVPF of the line, without what is below. */
  #feedback: boolean;
  #remoteRtcp = true;
  #ptimeMs: number | undefined;
  readonly #ipHeaderBytes: number;
  #latch: Latch | undefined;
  #translation: Translation = { kind: 'none' };
  #translator: Translator | undefined;

  constructor(host: Host, transport: PlainTransport | SecureEnd, local: MediaDescription, ip: string) {
    this.#host = host;
    this.transport = transport;
    this.#local = rtpMaps(local);
    this.#feedback = local.proto.endsWith('F');
    this.#ipHeaderBytes = ipHeaderBytes(ip);
  }

  get mode(): StreamMode {
    return this.settings.mode;
  }

  /** Adds what was dropped here to a sum. */
  addDrops(sum: AllDrops): void {
    const { drops, transport } = this;
    for (const reason of ['source', 'rate', 'gate', 'format', 'nowhere'] as const)
      sum[reason] += drops[reason];
    sum.foreign += transport.foreign;
    if (!(transport instanceof SecureEnd)) return;
    const { auth, replay, malformed, beforeKeys, unverified } = transport.counters;
    sum.auth += auth;
    sum.replay += replay;
    sum.malformed += malformed;
    sum.unsecured += beforeKeys + unverified;
  }

  /** The stage of the codec change towards the other side, if there is one. */
  get translator(): Translator | undefined {
    return this.#translator;
  }

  /** Formats that come in from now on. */
  setLocal(media: MediaDescription): void {
    this.#local = rtpMaps(media);
    this.#feedback = media.proto.endsWith('F');
  }

  /** Learns of the far end. */
  setRemote(session: SessionDescription, media: MediaDescription): void {
    this.#remote = rtpMaps(media);
    this.#remoteKnown = true;
    // RFC 3556 2: a receiver that wants no RTCP says so with both at zero
    const bandwidth = (type: string): number | undefined =>
      media.bandwidth.find((one) => one.type === type)?.value;
    this.#remoteRtcp = !(bandwidth('RS') === 0 && bandwidth('RR') === 0);
    const ptime = Number(attribute(media, 'ptime'));
    this.#ptimeMs = ptime > 0 ? ptime : undefined;
    this.transport.setRemote(session, media);
    this.#latch?.hold();
  }

  /**
   * The signal ipnapt/latch.
   *
   * @returns false where the transport finds its peer by itself
   */
  latch(latching: Latching): boolean {
    const { transport } = this;
    if (!(transport instanceof PlainTransport)) return false;
    if (latching === 'OFF') this.#latch = undefined;
    else if (latching === 'RELATCH' && this.#latch !== undefined) this.#latch.relatch();
    else {
      this.#latch = new Latch(transport, latching);
      if (latching === 'RELATCH' && transport.remote !== undefined) this.#latch.relatch();
    }
    return true;
  }

  /** Composes the pipelines of what comes in here, from the settings of both ends. */
  install(): void {
    const { transport, peer } = this;
    if (peer === undefined) {
      const closed = pipeline([closedGate(this.drops)], () => {});
      transport.onRtp = closed;
      transport.onRtcp = closed;
      return;
    }
    this.#translate(peer);
    peer.#translate(this);
    transport.onRtp = this.#rtpInlet(peer);
    transport.onRtcp = this.#rtcpInlet(peer);
  }

  close(): void {
    this.transport.close();
    const { peer } = this;
    this.peer = undefined;
    if (peer === undefined) return;
    peer.peer = undefined;
    peer.install();
  }

  #translate(peer: StreamEnd): void {
    const translation: Translation = peer.#remoteKnown
      ? translationOf(this.#local, peer.#remote)
      : { kind: 'none' };
    if (sameTranslation(translation, this.#translation)) return;
    this.#translation = translation;
    this.#translator =
      translation.kind === 'transcode'
        ? new Translator(translation, peer.#ptimeMs, this.drops, () => this.#noteTranscoding(translation))
        : undefined;
    if (this.#translator !== undefined) this.#translator.reverse = peer.#translator;
    if (peer.#translator !== undefined) peer.#translator.reverse = this.#translator;
  }

  #noteTranscoding({ from, to }: Extract<Translation, { kind: 'transcode' }>): void {
    const opus = [...from, ...to].some((map) => codecOf(map)?.name === 'opus');
    const ofOpus = opus ? ['24371-5.6-10'] : [];
    this.#host.realises('24371-5.6-08', '24371-5C.4-01', '24371-5C.4-02', ...ofOpus);
  }

  #rtpInlet(peer: StreamEnd): Inlet {
    const open = lets(this.mode, 'ReceiveOnly') && lets(peer.mode, 'SendOnly');
    const clock = this.#local[0]?.clockRate ?? DEFAULT_CLOCK;
    const translation = this.#translation;
    const stages = [
      ...this.#sourceStages('rtp'),
      count(this.reception, this.#host, clock),
      police(ratesOf(this.settings), this.#ipHeaderBytes, this.#host, this.drops),
      open ? undefined : closedGate(this.drops),
      translation.kind === 'relabel' ? relabel(translation.types) : undefined,
    ].filter((stage) => stage !== undefined);
    const send: Sink = (packet) => {
      if (peer.transport.sendRtp(packet)) {
        peer.sentPackets++;
        peer.sentOctets += packet.length;
      } else this.drops.nowhere++;
    };
    const translator = this.#translator;
    return pipeline(stages, translator === undefined ? send : (packet) => translator.translate(packet, send));
  }

  #rtcpInlet(peer: StreamEnd): Inlet {
    // reports go on in both directions while one of them carries media (TS 23.334 5.9.1)
    const open =
      this.mode !== 'Inactive' &&
      peer.mode !== 'Inactive' &&
      this.settings.rtcp &&
      peer.settings.rtcp &&
      peer.#remoteRtcp;
    const stages = [...this.#sourceStages('rtcp'), open ? undefined : closedGate(this.drops)].filter(
      (stage) => stage !== undefined,
    );
    const own = this.#translator;
    const heard = peer.#translator;
    const withoutFeedback = this.#feedback && !peer.#feedback;
    const unchanged = own === undefined && heard === undefined && !withoutFeedback;
    return pipeline(stages, (datagram) => {
      const out = unchanged ? datagram : changeRtcp(datagram, { own, heard, withoutFeedback });
      if (out === undefined) this.drops.format++;
      else if (!peer.transport.sendRtcp(out)) this.drops.nowhere++;
    });
  }

  /** Latching and remote source filtering; a given range of addresses binds also who is latched on to. */
  #sourceStages(kind: 'rtp' | 'rtcp'): Stage[] {
    const { transport, settings, drops } = this;
    if (!(transport instanceof PlainTransport)) return [];
    const remote = (): Endpoint | undefined => (kind === 'rtp' ? transport.remote : transport.remoteRtcp);
    const filter = sourceFilter(settings, remote, drops);
    const latch = this.#latch?.[kind];
    const stages = settings.addresses === undefined ? [latch, filter] : [filter, latch];
    return stages.filter((stage) => stage !== undefined);
  }
}

/** Whether a mode lets packets through the way that `one` names (H.248.1 7.1.7). */
function lets(mode: StreamMode, one: 'SendOnly' | 'ReceiveOnly'): boolean {
  return mode === 'SendReceive' || mode === one;
}
