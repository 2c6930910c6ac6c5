import type { Host } from '../../src/network/index.js';
import { SRTP_PROFILES } from '../../src/wire/dtls/index.js';
import type { Entity, PolicyOf } from '../common/index.js';
import { type MediaProfile, Phone, type PhoneCall, phonePolicy, webRtcProfile } from '../phone/index.js';
import { Wic, wicPolicy } from '../wic/index.js';

/** What can be set at a WIC: the client's options and those of the phone in it. */
export const wicUserPolicy = { ...phonePolicy, ...wicPolicy } as const;

/** Values of {@link wicUserPolicy}. */
export type WicUserPolicy = PolicyOf<typeof wicUserPolicy>;

/** A user at a browser. */
export interface WicUserConfig {
  /** URL of the WWSF's page. */
  readonly page: string;
  /** Name and password on the web. */
  readonly name: string;
  readonly password: string;
}

const MUX = { offer: 'negotiate', require: 'require', no: 'none' } as const;
const CURVES = { x25519: true, secp256r1: true } as const;

/** The media of a WIC, the same for all with that policy. */
export function wicMedia(policy: WicUserPolicy): MediaProfile {
  const { stunServer, turnServer, turnTransport, turnUser, turnPassword } = policy;
  const words = <T extends string>(text: string, known: Readonly<Record<T, unknown>>): T[] =>
    text.split(' ').filter((word): word is T => word in known);
  return webRtcProfile('access', {
    codecs: policy.codecs.split(' '),
    rtcpMux: MUX[policy.rtcpMux],
    bundle: policy.bundle,
    offerText: policy.offer,
    specification: policy.ice,
    nomination: policy.iceNomination,
    tcp: policy.iceTcp,
    ...(stunServer === '' ? {} : { stunServer }),
    ...(turnServer === ''
      ? {}
      : {
          turn: {
            server: turnServer,
            transport: turnTransport,
            username: turnUser,
            password: turnPassword,
          },
        }),
    srtpProfiles: words(policy.srtpProfiles, SRTP_PROFILES),
    curves: words(policy.dtlsCurves, CURVES),
    answeringSetup: policy.dtlsSetup,
    dtlsTimeoutMs: policy.dtlsTimeoutMs,
    onConsentLost: policy.consentLost,
  });
}

/** A WIC with a phone in it, and the user in front of it. */
export class WicUser implements Entity {
  readonly host: Host;
  readonly wic: Wic;
  readonly phone: Phone;
  readonly #config: WicUserConfig;

  constructor(host: Host, config: WicUserConfig, policy: WicUserPolicy, media: MediaProfile) {
    this.host = host;
    this.#config = config;
    const wic = new Wic(host, policy);
    this.wic = wic;
    const towardsEpCscf = () => (wic.flow === undefined ? undefined : { flow: wic.flow });
    this.phone = new Phone({
      host,
      ua: () => {
        if (wic.userAgent === undefined) throw new Error('a WIC that is not connected has no calls');
        return wic.userAgent;
      },
      media,
      policy,
      hop: towardsEpCscf,
      inDialogHop: towardsEpCscf,
      prepare: (request) => wic.authorize(request),
      buildInvite: (uri) => wic.buildInitialRequest('INVITE', uri),
      realises: (id) => host.realises(id),
    });
    wic.phone = new CallsOfWic(this.phone);
  }

  /** Opens the page and logs in; the WIC registers by itself. */
  open(): void {
    const { page, name, password } = this.#config;
    this.wic.send({ type: 'open', url: page, credentials: { user: name, password } });
  }

  /** Makes a call. */
  call(uri: string): PhoneCall {
    return this.phone.call(uri);
  }

  leftovers(): readonly string[] {
    return [...this.wic.leftovers(), ...this.phone.leftovers()];
  }

  close(): void {
    this.phone.close();
    this.wic.close();
  }
}

/** Joins a phone to the WIC in which it is. */
class CallsOfWic {
  readonly #phone: Phone;

  constructor(phone: Phone) {
    this.#phone = phone;
  }

  get openCalls(): number {
    return this.#phone.calls.size;
  }

  onInvite(transaction: Parameters<Phone['onInvite']>[0]): void {
    this.#phone.onInvite(transaction);
  }

  endCalls(done: () => void): void {
    this.#phone.endAll(done);
  }

  onGone(): void {
    this.#phone.close();
  }
}
