import type { Host } from '../../src/network/index.js';
import { type Answer, type AnswerResult, DiameterNode } from '../../src/stack/diameter/index.js';
import {
  type Avp,
  avpValue,
  CxResultCode,
  commandName,
  type DiameterMessage,
  makeAvp,
  ResultCode,
  type ResultName,
  VENDOR_3GPP,
} from '../../src/wire/diameter/index.js';
import type { Entity } from '../common/index.js';
import { capabilitiesAvp, digestAvps, profileAvps } from './answers.js';
import type { Decision, Party } from './decision.js';
import { locateUser } from './location-info.js';
import { authenticateUser } from './multimedia-authentication.js';
import type { HssPolicy } from './policy.js';
import {
  readLocationInfo,
  readMultimediaAuthentication,
  readServerAssignment,
  readUserAuthorization,
} from './requests.js';
import { assignServer } from './server-assignment.js';
import type { Subscription } from './subscription.js';
import { type SubscriptionFinder, SubscriptionRegister } from './subscription-register.js';
import { authorizeUser } from './user-authorization.js';

/** How an HSS is set up. */
export interface HssConfig {
  /** Realm of the network in which it listens. Default `core`. */
  readonly realm?: string;
  /** Home domain: Diameter realm, and realm of SIP Digest. */
  readonly homeDomain: string;
  readonly subscriptions?: readonly Subscription[];
  /** Subscriptions that are made when asked for, besides those listed. Has to give the same for the same identity. */
  readonly subscriptionOf?: SubscriptionFinder;
  /**
   * The profile of a pair that a third party manages, as a WWSF with a pool of identities does (24371-6.4.3); it need not be
   * subscribed one by one.
   */
  readonly poolOf?: (impi: string, impu: string) => Subscription | undefined;
}

/** The home subscriber server: who may register, by which password, and which S-CSCF serves whom (TS 29.228). */
export class Hss implements Entity {
  readonly host: Host;
  readonly #config: HssConfig;
  readonly #policy: HssPolicy;
  readonly #node: DiameterNode;
  readonly #register: SubscriptionRegister;

  constructor(host: Host, config: HssConfig, policy: HssPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    this.#register = new SubscriptionRegister(host, config.subscriptions ?? [], config.subscriptionOf);
    this.#node = new DiameterNode(host, {
      realm: config.realm ?? 'core',
      originHost: host.domain ?? host.name,
      originRealm: config.homeDomain,
      onRequest: (request, answer) => this.#serve(request, answer),
    });
    this.#node.listen();
  }

  /** Subscriptions of which there is a state: registered, unregistered with an S-CSCF, or being authenticated. */
  get activeSubscriptions(): number {
    return this.#register.live;
  }

  /** Registration state of a private identity. */
  stateOf(impi: string): string {
    return this.#register.standing(this.#register.byImpi(impi)).state;
  }

  leftovers(): readonly string[] {
    const { pendingRequests } = this.#node;
    return pendingRequests > 0 ? [`${this.host.name}: ${pendingRequests} Diameter requests`] : [];
  }

  close(): void {
    this.#node.close();
  }

  #serve(request: DiameterMessage, answer: Answer): void {
    const command = commandName(request);
    const party = this.#party(request);
    const subscription = party.byImpi ?? party.byImpu;
    const standing = this.#register.standing(subscription);
    switch (command) {
      case 'UAR':
        this.#answer(authorizeUser(readUserAuthorization(request), party, standing), subscription, answer);
        return;
      case 'MAR': {
        const decision = authenticateUser(readMultimediaAuthentication(request), party);
        const granted = decision.result === 'DIAMETER_SUCCESS' && subscription !== undefined;
        const items = granted ? digestAvps(subscription, this.#config.homeDomain) : [];
        this.#answer(decision, subscription, answer, [...identityAvps(request), ...items]);
        return;
      }
      case 'SAR': {
        const decision = assignServer(readServerAssignment(request), party, standing, this.#policy);
        const name = subscription === undefined ? [] : [makeAvp('User-Name', subscription.impi)];
        this.#answer(decision, subscription, answer, name);
        return;
      }
      case 'LIR':
        this.#answer(locateUser(readLocationInfo(request), subscription, standing), subscription, answer);
        return;
      default:
        answer({ resultCode: ResultCode.DIAMETER_COMMAND_UNSUPPORTED });
    }
  }

  /** SAR may name either identity alone (TS 29.228 6.1.2); then the one stands for the other. */
  #party(request: DiameterMessage): Party {
    const impi = avpValue(request, 'User-Name');
    const impu = avpValue(request, 'Public-Identity');
    if (impi !== undefined && impu !== undefined) {
      const pooled = this.#policy.thirdPartyPools ? this.#config.poolOf?.(impi, impu) : undefined;
      if (pooled !== undefined) return { byImpi: pooled, byImpu: pooled };
    }
    const byImpi = impi === undefined ? undefined : this.#register.byImpi(impi);
    const byImpu = impu === undefined ? undefined : this.#register.byImpu(impu);
    return {
      byImpi: impi === undefined ? byImpu : byImpi,
      byImpu: impu === undefined ? byImpi : byImpu,
    };
  }

  #answer(
    { result, serverName, capabilities, profile, event }: Decision,
    subscription: Subscription | undefined,
    answer: Answer,
    others: readonly Avp[] = [],
  ): void {
    if (event !== undefined && subscription !== undefined) this.#register.apply(subscription, event);
    const avps = [...others];
    if (serverName !== undefined) avps.push(makeAvp('Server-Name', serverName));
    if (capabilities !== undefined) avps.push(capabilitiesAvp(capabilities));
    if (profile === true && subscription !== undefined) avps.push(...profileAvps(subscription));
    answer(answerResult(result), avps);
  }
}

function identityAvps(request: DiameterMessage): Avp[] {
  const impi = avpValue(request, 'User-Name');
  const impu = avpValue(request, 'Public-Identity');
  return [
    ...(impi === undefined ? [] : [makeAvp('User-Name', impi)]),
    ...(impu === undefined ? [] : [makeAvp('Public-Identity', impu)]),
  ];
}

/** The result in the container in which its number has its meaning (TS 29.229 6.2). */
function answerResult(result: ResultName): AnswerResult {
  if (result in ResultCode) return { resultCode: ResultCode[result as keyof typeof ResultCode] };
  return { experimental: { vendor: VENDOR_3GPP, code: CxResultCode[result as keyof typeof CxResultCode] } };
}
