import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import { serializeStun } from '../../wire/stun/index.js';
import type { LocalBase, ValidPair } from './candidate-pair.js';
import { Consent } from './consent.js';
import type { IceSession } from './ice-session.js';
import { type keepaliveMachine, startKeepalive } from './keepalive.js';
import { sameAddress } from './local-candidates.js';
import type { PendingRequests } from './pending-requests.js';
import type { IceSettings } from './settings.js';
import type { ConsentLoss, SelectedPair } from './types.js';

/** How long a check that succeeded is consent to send, without anything more (RFC 7675 5.1). */
const CONSENT_US = 30_000_000;

/** What a path needs of its agent. */
export interface PathOwner {
  readonly id: string;
  readonly host: Host;
  readonly settings: IceSettings;
  readonly pending: PendingRequests;
  consentLost(component: number, why: ConsentLoss): void;
}

/** Where data of one component goes (RFC 8445 12.1), with what keeps the way open: consent, or keepalives. */
export class DataPath {
  readonly component: number;
  readonly #owner: PathOwner;
  #valid: ValidPair | undefined;
  #isSelected = false;
  #consent: Consent | undefined;
  #keepalive: ActorRefFrom<typeof keepaliveMachine> | undefined;
  /** Virtual time of the last packet, in microseconds. */
  #lastSent = 0;
  #uses = 0;

  constructor(owner: PathOwner, component: number) {
    this.#owner = owner;
    this.component = component;
  }

  get valid(): ValidPair | undefined {
    return this.#valid;
  }

  get isSelected(): boolean {
    return this.#isSelected;
  }

  get selected(): SelectedPair | undefined {
    const valid = this.#valid;
    if (valid === undefined || !this.#isSelected) return undefined;
    return { local: valid.local, remote: valid.remote.candidate };
  }

  /** Whether a packet comes from the far end of this path. */
  isFrom(local: LocalBase, from: Endpoint): boolean {
    const valid = this.#valid;
    if (valid === undefined || valid.pair.local !== local) return false;
    return sameAddress(valid.remote.candidate.address, from);
  }

  /** Sends on the pair; false if there is none, or no consent. */
  send(bytes: Uint8Array): boolean {
    const valid = this.#valid;
    if (valid === undefined) return false;
    const { now } = this.#owner.host.kernel;
    if (!this.#isSelected && now - valid.at > CONSENT_US) return false;
    this.#lastSent = now;
    valid.pair.local.base.send(bytes, valid.remote.candidate.address);
    return true;
  }

  /** Takes a valid pair while there is no selected one (RFC 8445 12.1). */
  use(valid: ValidPair | undefined): void {
    if (!this.#isSelected) this.#valid = valid;
  }

  /** Takes the selected pair of a session. */
  select(valid: ValidPair, session: IceSession): void {
    this.close();
    this.#valid = valid;
    this.#isSelected = true;
    this.#uses++;
    const { settings } = this.#owner;
    if (settings.consent) this.#consent = this.#ask(valid, session);
    else this.#keepalive = this.#keepAlive(valid);
  }

  /** Sends nothing more. */
  close(): void {
    this.#consent?.stop();
    this.#keepalive?.stop();
    this.#consent = undefined;
    this.#keepalive = undefined;
    this.#valid = undefined;
    this.#isSelected = false;
  }

  #ask(valid: ValidPair, session: IceSession): Consent | undefined {
    const { host, pending } = this.#owner;
    const { local } = valid.pair;
    const key = session.peer?.key;
    if (key === undefined) return undefined;
    const consent: Consent = new Consent(host, {
      id: `${this.#owner.id} consent/${this.#name}`,
      key,
      ask: () => {
        const { request, transactionKey } = session.makeConsentRequest(valid);
        const to = valid.remote.candidate.address;
        pending.add(transactionKey, { transaction: consent, owner: consent, local, to });
        local.base.send(request, to);
        return transactionKey;
      },
      forget: (transactionKey) => pending.delete(transactionKey),
      lose: (why) => {
        this.close();
        this.#owner.consentLost(this.component, why);
      },
    });
    return consent;
  }

  #keepAlive(valid: ValidPair): ActorRefFrom<typeof keepaliveMachine> {
    const { host, settings, id } = this.#owner;
    this.#lastSent = host.kernel.now;
    const trUs = settings.keepaliveMs * 1000;
    return startKeepalive(host, `${id} keepalive/${this.#name}`, settings.keepaliveMs, {
      keepAlive: () => {
        if (host.kernel.now - this.#lastSent < trUs) return;
        this.#lastSent = host.kernel.now;
        // an indication without credentials: nobody answers it (RFC 8445 11)
        const transactionId = host.random('stun transaction').bytes(12);
        const indication = serializeStun(
          { class: 'indication', method: 0x001, transactionId, attributes: [] },
          { fingerprint: true },
        );
        valid.pair.local.base.send(indication, valid.remote.candidate.address);
      },
      untilSilentMs: () => (this.#lastSent + trUs - host.kernel.now) / 1000,
    });
  }

  get #name(): string {
    return this.#uses === 1 ? String(this.component) : `${this.component}.${this.#uses}`;
  }
}
