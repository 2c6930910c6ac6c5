import type { Host } from '../../src/network/index.js';
import type { NextHop, ServerTransaction } from '../../src/stack/sip/index.js';
import type { HopFinder, SipUserAgent } from '../../src/stack/sip-ua/index.js';
import type { SipRequest } from '../../src/wire/sip/index.js';
import { IncomingCall } from './incoming-call.js';
import { type MediaProfile, POOL_SIZE } from './media-profile.js';
import { OutgoingCall } from './outgoing-call.js';
import type { CallHome, PhoneCall, PhonePolicy, WicRequirement } from './phone-call.js';

/** What a phone needs of its owner. */
export interface PhoneOptions {
  readonly host: Host;
  /** The user agent by which its calls go; asked for when one begins. */
  readonly ua: () => SipUserAgent;
  readonly media: MediaProfile;
  readonly policy: PhonePolicy;
  /** Where an initial request goes; `undefined` when there is no way, which ends the call. */
  readonly hop: (request: SipRequest) => NextHop | undefined;
  /** Where requests within a call go; by default as their Route says. */
  readonly inDialogHop?: HopFinder;
  /** Called with every request within a call before it goes, to add to it. */
  readonly prepare?: (request: SipRequest) => void;
  /** The INVITE to a URI without its body: identities, Route, credentials. */
  readonly buildInvite: (uri: string) => SipRequest;
  /** Called where a requirement of TS 24.371 is met that binds the owner. */
  readonly realises?: (id: WicRequirement) => void;
  /** Called with every call, once it begins. */
  readonly onCall?: (call: PhoneCall) => void;
}

/** The part of a WIC and of an ordinary IMS UE that makes and takes calls. */
export class Phone {
  readonly #options: PhoneOptions;
  readonly #calls = new Set<PhoneCall>();
  readonly #ports = new Set<number>();
  /** Who wants to know when there are no calls any more. */
  readonly #waiting: (() => void)[] = [];
  #callCount = 0;
  #portCount = 0;

  constructor(options: PhoneOptions) {
    this.#options = options;
  }

  /** Calls that are not over. */
  get calls(): ReadonlySet<PhoneCall> {
    return this.#calls;
  }

  /** Makes a call. How it goes shows in its `state`. */
  call(uri: string): PhoneCall {
    const call = new OutgoingCall(this.#home(), uri);
    this.#add(call);
    call.begin();
    return call;
  }

  /** Takes an INVITE outside of dialogs: alerts, or refuses it. */
  onInvite(transaction: ServerTransaction): PhoneCall {
    const busy = this.#calls.size > 0 && this.#options.policy.secondCall === 'busy';
    const call = new IncomingCall(this.#home(), transaction, busy);
    this.#add(call);
    call.begin();
    return call;
  }

  /** Hangs up all calls and calls `done` when they are over, at once if there are none. */
  endAll(done: () => void): void {
    if (this.#calls.size === 0) {
      done();
      return;
    }
    this.#waiting.push(done);
    for (const call of [...this.#calls]) call.hangUp();
  }

  /** Calls that are not over, and ports that are out without one, a line each. */
  leftovers(): string[] {
    const { name } = this.#options.host;
    const left = [...this.#calls].map(({ id, state }) => `${name}: ${id} is ${state}`);
    const held = [...this.#ports].map((port) => `${name}: media port ${port}`);
    return this.#calls.size > 0 ? left : held;
  }

  /** Ends all calls without a word. */
  close(): void {
    for (const call of [...this.#calls]) call.close();
  }

  #add(call: PhoneCall): void {
    this.#calls.add(call);
    this.#options.onCall?.(call);
  }

  #home(): CallHome {
    const { host, media, policy, hop, buildInvite, realises } = this.#options;
    return {
      host,
      ua: this.#options.ua(),
      media,
      policy,
      author: { sessionId: String(host.random('sdp session').uint32()) },
      inDialogHop: this.#inDialogHop(),
      number: ++this.#callCount,
      hop,
      buildInvite,
      realises: (id) => realises?.(id),
      takePort: () => this.#takePort(),
      giveBackPort: (port) => this.#ports.delete(port),
      onEnded: (call) => this.#ended(call),
    };
  }

  /** Sessions ask where a request goes when it is complete, which is when the owner may add to it. */
  #inDialogHop(): HopFinder | undefined {
    const { inDialogHop, prepare } = this.#options;
    if (inDialogHop === undefined || prepare === undefined) return inDialogHop;
    return (request) => {
      prepare(request);
      return inDialogHop(request);
    };
  }

  #ended(call: PhoneCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) for (const done of this.#waiting.splice(0)) done();
  }

  /** Ports in turn, so that the last packets of a call do not reach the one that follows. */
  #takePort(): number | undefined {
    if (this.#ports.size >= POOL_SIZE) return undefined;
    for (;;) {
      const port = this.#options.media.firstPort + 2 * (this.#portCount++ % POOL_SIZE);
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
  }
}
