import type { Host } from '../../src/network/index.js';
import { PROPERTY, type Property, SIGNAL } from '../../src/wire/megaco/index.js';
import {
  direction,
  fingerprints,
  hasAttribute,
  type MediaDescription,
  rtcpMux,
  type SessionDescription,
  setup,
  tlsId,
} from '../../src/wire/sdp/index.js';
import type { Reservation, StreamWish } from './gateway-control.js';
import type { EpCscfPolicy } from './policy.js';
import { type Leg, type LegView, mirrored, modeOf } from './session-change.js';
import {
  type AccessReservation,
  accessAnswer,
  accessOffer,
  accessReservation,
  agreedDescriptor,
  codecsForCore,
  codecsForWic,
  coreAnswer,
  coreOffer,
  coreReservation,
  gatewayRole,
  isCarried,
  type Realises,
  remoteDescriptor,
  type TranslationPolicy,
} from './session-description.js';

/** Which way a call goes: from the WIC into the core, or the other way. */
export type Direction = 'originating' | 'terminating';

/** The side the INVITE came from, or the one it went to. */
export type Side = 'near' | 'far';

/** What the gateway is to be told of both its terminations. */
export type LegWishes = Readonly<Record<Leg, readonly StreamWish[]>>;

const NO_MEDIA: readonly MediaDescription[] = [];

/** Characters of a `tls-id`: 20 at least (RFC 8842 4). */
const TLS_ID_LENGTH = 24;

/** The descriptions of a call on both sides, and what they mean for the gateway. It says what to tell; others tell it. */
export class MediaPlan {
  readonly #host: Host;
  readonly #direction: Direction;
  readonly #policy: EpCscfPolicy;
  readonly #offer: SessionDescription;
  readonly #translation: TranslationPolicy;
  readonly #realises: Realises;
  #access: readonly MediaDescription[] = NO_MEDIA;
  #core: readonly MediaDescription[] = NO_MEDIA;
  #lite = true;
  #tlsId: string | undefined;
  /** What a full gateway has yet to be told: to check (TS 23.334 6.2.17.2). */
  #checks = false;
  /** What has yet to be told of the caller's side: the formats that came to be agreed there, and rates. */
  #nearAgreed: readonly StreamWish[] = [];
  /** What is known of the called side, and has yet to be told. */
  #farKnown: readonly StreamWish[] = [];
  /** The descriptions in force. */
  readonly #sent = new Map<Leg, SessionDescription>();
  readonly #got = new Map<Leg, SessionDescription>();

  constructor(host: Host, direction: Direction, policy: EpCscfPolicy, offer: SessionDescription) {
    this.#host = host;
    this.#direction = direction;
    this.#policy = policy;
    this.#offer = offer;
    this.#translation = {
      coreProfile: policy.coreProfile,
      rtcpMux: policy.rtcpMux === 'accept',
      coreCodecs: words(policy.coreCodecs),
      addedToCore: words(policy.transcoding),
      addedToWic: words(policy.transcodingToWic),
    };
    this.#realises = (id) => host.realises(id);
    this.#got.set(this.legOf('near'), offer);
  }

  legOf(side: Side): Leg {
    return (side === 'near') === (this.#direction === 'originating') ? 'access' : 'core';
  }

  /** The descriptions in force on a leg, once both ends have said something. */
  view(leg: Leg): LegView {
    return {
      sent: this.#sent.get(leg) as SessionDescription,
      got: this.#got.get(leg) as SessionDescription,
    };
  }

  setView(leg: Leg, { sent, got }: LegView): void {
    this.#sent.set(leg, sent);
    this.#got.set(leg, got);
  }

  /** What to reserve for the offer. */
  reservation(): LegWishes {
    const originating = this.#direction === 'originating';
    const wishes = this.#carried().map(({ line, stream }) => this.#reserveWishes(line, stream, originating));
    if (originating) this.#noteOriginatingReservation();
    else this.#host.realises('24371-7.4.3-01');
    return { access: wishes.map(({ access }) => access), core: wishes.map(({ core }) => core) };
  }

  /** Takes what the gateway has reserved; the offer as the called side gets it. */
  reserved({ access, core, lite }: Reservation): SessionDescription {
    this.#access = access;
    this.#core = core;
    this.#lite = lite;
    this.#checks = !lite;
    const translated =
      this.#direction === 'originating'
        ? coreOffer(this.#offer, core, this.#translation, this.#realises)
        : accessOffer(this.#offer, this.#accessReserved, this.#translation, this.#realises);
    this.#sent.set(this.legOf('far'), translated);
    return translated;
  }

  /** Takes the answer of the called side; the answer as the caller gets it. */
  answered(answer: SessionDescription): SessionDescription {
    const offer = this.#offer;
    const translated =
      this.#direction === 'originating'
        ? accessAnswer(offer, answer, this.#accessReserved, this.#realises)
        : coreAnswer(offer, answer, this.#core, this.#realises);
    this.#got.set(this.legOf('far'), answer);
    this.#sent.set(this.legOf('near'), translated);
    this.#nearAgreed = merged(
      this.#agreedWishes(translated, this.#reservedFor('near')),
      // media of the caller go to the called side, and are held to what that wants to get
      this.#carried().flatMap(({ index, stream }) => {
        const properties = this.#rate(answer.media[index]);
        return properties.length === 0 ? [] : [{ stream, properties }];
      }),
    );
    this.#farKnown = this.#answeredWishes(answer);
    return translated;
  }

  /**
   * What the gateway has yet to be told.
   *
   * @param opens whether media may flow from now on
   */
  told(opens: boolean): LegWishes {
    const near = merged(opens ? this.#openWishes('near') : [], this.#nearAgreed);
    const far = merged(opens ? this.#openWishes('far') : [], this.#farKnown);
    this.#nearAgreed = [];
    this.#farKnown = [];
    const [access, core] = this.legOf('near') === 'access' ? [near, far] : [far, near];
    return { access: this.#withChecks(access), core };
  }

  /** Gates as far open as the directions that were agreed let them be. */
  #openWishes(side: Side): StreamWish[] {
    const { sent, got } = this.view(this.legOf(side));
    const said = side === 'near' ? sent : got;
    return this.#carried().flatMap(({ index, stream }) => {
      const line = said.media[index];
      if (line === undefined || line.port === 0) return [];
      const towards = direction(said, line);
      return [{ stream, mode: modeOf(side === 'near' ? towards : mirrored(towards)) }];
    });
  }

  /** What is reserved on the caller's side, or on the called one. */
  #reservedFor(side: Side): readonly MediaDescription[] {
    return this.legOf(side) === 'access' ? this.#access : this.#core;
  }

  get #accessReserved(): AccessReservation {
    const base = { lines: this.#access, lite: this.#lite };
    return this.#tlsId === undefined ? base : { ...base, tlsId: this.#tlsId };
  }

  #reserveWishes(
    line: MediaDescription,
    stream: number,
    originating: boolean,
  ): { access: StreamWish; core: StreamWish } {
    const offer = this.#offer;
    const policy = this.#policy;
    const host = this.#host;
    const remote = remoteDescriptor(offer, line);
    // who shares a port and nothing else cannot be declined (RFC 8858 4; 24371-7.4.2-10)
    const wanted = this.#translation.rtcpMux || hasAttribute(line, 'rtcp-mux-only');
    const mux = wanted && (!originating || rtcpMux(line));
    if (originating) {
      const role = gatewayRole(setup(offer, line), policy.dtlsRole);
      host.realises('24371-7.4.2-01');
      if (tlsId(offer, line) !== undefined && this.#tlsId === undefined) {
        this.#tlsId = host.random('tls-id').token(TLS_ID_LENGTH);
        host.realises('24371-7.4.2-02');
      }
      return {
        access: {
          stream,
          mode: 'Inactive',
          local: accessReservation(line, line.proto, role, mux),
          remote,
          ...this.#establish(role),
        },
        core: {
          stream,
          mode: 'Inactive',
          local: coreReservation(codecsForCore(line, this.#translation), policy.coreProfile),
          ...this.#coreRules(line),
        },
      };
    }
    const local = accessReservation(
      codecsForWic(line, this.#translation),
      'UDP/TLS/RTP/SAVPF',
      'actpass',
      mux,
    );
    return {
      access: { stream, mode: 'Inactive', local, properties: this.#rate(line) },
      core: {
        stream,
        mode: 'Inactive',
        local: coreReservation(line, line.proto),
        remote,
        ...this.#coreRules(undefined),
      },
    };
  }

  /** The signal to begin DTLS, where the gateway is its client (24371-7.4.2-04). */
  #establish(role: 'active' | 'passive'): Pick<StreamWish, 'signals'> {
    if (role === 'passive') return {};
    this.#host.realises('24371-7.4.2-04');
    return { signals: [{ name: SIGNAL.establishDtls, parameters: [], raw: [] }] };
  }

  /**
   * What the gateway is to hold the core to.
   *
   * @param heard the line of who receives what comes from there
   */
  #coreRules(heard: MediaDescription | undefined): Pick<StreamWish, 'properties' | 'signals'> {
    const { sourceFilter, coreLatching } = this.#policy;
    const properties = [
      ...(sourceFilter
        ? [
            { name: PROPERTY.sourceAddressFilter, value: 'ON' },
            { name: PROPERTY.sourcePortFilter, value: 'ON' },
          ]
        : []),
      ...this.#rate(heard),
    ];
    if (coreLatching === 'OFF') return { properties };
    const napt = { name: 'napt', value: coreLatching };
    return { properties, signals: [{ name: SIGNAL.latch, parameters: [napt], raw: [] }] };
  }

  /** The rate that who receives has asked for with `b=AS` (RFC 8866 5.8: kbit/s, IP headers counted). */
  #rate(heard: MediaDescription | undefined): Property[] {
    const limit = heard?.bandwidth.find(({ type }) => type === 'AS')?.value;
    if (!this.#policy.policing || limit === undefined) return [];
    const bytesPerS = Math.ceil((limit * 1000) / 8);
    return [
      { name: PROPERTY.policing, value: 'ON' },
      { name: PROPERTY.sustainableRate, value: String(bytesPerS) },
      // what comes late comes together
      { name: PROPERTY.burstSize, value: String(Math.ceil(bytesPerS / 4)) },
    ];
  }

  #noteOriginatingReservation(): void {
    const host = this.#host;
    const offer = this.#offer;
    host.realises('24371-7.4.2-03', '24371-7.4.2-05');
    if (offer.media.some((line) => hasAttribute(line, 'bundle-only'))) host.realises('24371-7.4.2-09');
  }

  /** The formats that came to be agreed on one side, where they are others than were reserved there. */
  #agreedWishes(agreed: SessionDescription, reserved: readonly MediaDescription[]): StreamWish[] {
    return this.#carried().flatMap(({ index, stream }, place) => {
      const line = agreed.media[index];
      const local = reserved[place];
      if (line === undefined || local === undefined || line.port === 0) return [];
      if (line.formats.join() === local.formats.join()) return [];
      return [{ stream, local: agreedDescriptor(local, line) }];
    });
  }

  /** What the gateway has to know of the called side: where it is, and for a WIC its certificate and ICE. */
  #answeredWishes(answer: SessionDescription): StreamWish[] {
    const host = this.#host;
    const agreed = new Map(
      this.#agreedWishes(answer, this.#reservedFor('far')).map((wish) => [wish.stream, wish]),
    );
    return this.#carried().flatMap(({ index, stream }) => {
      const line = answer.media[index];
      if (line === undefined || line.port === 0) return [];
      const wish: StreamWish = { ...agreed.get(stream), stream, remote: remoteDescriptor(answer, line) };
      if (this.#direction === 'originating') return [wish];
      if (fingerprints(answer, line).length > 0) host.realises('24371-7.4.3-06');
      return [{ ...wish, ...this.#establish(gatewayRole(setup(answer, line), 'passive')) }];
    });
  }

  /** A full gateway is told to check once both sides know of each other (TS 23.334 6.2.17.2). */
  #withChecks(access: readonly StreamWish[]): readonly StreamWish[] {
    if (!this.#checks) return access;
    this.#checks = false;
    const check = { name: SIGNAL.checkConnectivity, parameters: [], raw: [] };
    const all = this.#carried().map(({ stream }): StreamWish => ({ stream }));
    return merged(all, access).map((wish) => ({ ...wish, signals: [...(wish.signals ?? []), check] }));
  }

  /** The lines that the gateway carries, with their place in the description and their stream number. */
  #carried(): { readonly line: MediaDescription; readonly index: number; readonly stream: number }[] {
    return this.#offer.media
      .map((line, index) => ({ line, index, stream: index + 1 }))
      .filter(({ line }) => isCarried(line));
  }
}

/** The wishes of both lists, one a stream. */
function merged(some: readonly StreamWish[], others: readonly StreamWish[]): StreamWish[] {
  const left = new Map(others.map((wish) => [wish.stream, wish]));
  const both = some.map((wish) => {
    const other = left.get(wish.stream);
    left.delete(wish.stream);
    return { ...other, ...wish };
  });
  return [...both, ...left.values()];
}

function words(text: string): string[] {
  return text
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
}
