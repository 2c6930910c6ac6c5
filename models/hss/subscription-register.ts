import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { INITIAL, type Standing } from './decision.js';
import { type SubscriptionEvent, subscriptionMachine } from './machine.js';
import { canonicalIdentity, type Subscription } from './subscription.js';

/** Finds the subscription of a private identity, or of a public one in its canonical form. */
export type SubscriptionFinder = (identity: string) => Subscription | undefined;

/** A subscription that is not in its initial state. */
interface Live {
  readonly subscription: Subscription;
  readonly actor: ActorRefFrom<typeof subscriptionMachine>;
}

/**
 * All subscriptions, and the machines of those of which there is something to remember. A user who is not registered costs
 * nothing but what the configuration holds.
 */
export class SubscriptionRegister {
  readonly #host: Host;
  readonly #listed = new Map<string, Subscription>();
  readonly #find: SubscriptionFinder | undefined;
  readonly #live = new Map<string, Live>();
  /** Private identities by canonical public identity, of live subscriptions. */
  readonly #liveImpus = new Map<string, string>();

  constructor(host: Host, listed: readonly Subscription[], find: SubscriptionFinder | undefined) {
    this.#host = host;
    this.#find = find;
    for (const subscription of listed) {
      this.#listed.set(subscription.impi, subscription);
      for (const { uri } of subscription.impus) this.#listed.set(canonicalIdentity(uri), subscription);
    }
  }

  /** Subscriptions with a state of their own. */
  get live(): number {
    return this.#live.size;
  }

  byImpi(impi: string): Subscription | undefined {
    return this.#live.get(impi)?.subscription ?? this.#listed.get(impi) ?? this.#find?.(impi);
  }

  byImpu(impu: string): Subscription | undefined {
    const identity = canonicalIdentity(impu);
    const impi = this.#liveImpus.get(identity);
    if (impi !== undefined) return this.#live.get(impi)?.subscription;
    return this.#listed.get(identity) ?? this.#find?.(identity);
  }

  standing(subscription: Subscription | undefined): Standing {
    const live = subscription === undefined ? undefined : this.#live.get(subscription.impi);
    if (live === undefined) return INITIAL;
    const { value, context } = live.actor.getSnapshot();
    const { serverName, reassignmentPending } = context;
    const state =
      typeof value === 'string' ? value : 'notRegistered' in value ? 'notRegistered' : 'unregistered';
    const authenticationPending =
      typeof value !== 'string' && Object.values(value).includes('authenticationPending');
    return { state, authenticationPending, reassignmentPending, serverName };
  }

  /** Lets an event happen to a subscription; a machine that is back where it began is put away. */
  apply(subscription: Subscription, event: SubscriptionEvent): void {
    this.#wake(subscription).send(event);
    const { state, authenticationPending, reassignmentPending, serverName } = this.standing(subscription);
    const initial = state === 'notRegistered' && serverName === undefined;
    if (initial && !authenticationPending && !reassignmentPending) this.#putAway(subscription);
  }

  close(): void {
    for (const { actor } of this.#live.values()) actor.stop();
    this.#live.clear();
    this.#liveImpus.clear();
  }

  #wake(subscription: Subscription): ActorRefFrom<typeof subscriptionMachine> {
    const { impi, impus } = subscription;
    const known = this.#live.get(impi);
    if (known !== undefined) return known.actor;
    const actor = this.#host.spawn(subscriptionMachine, { id: `subscription/${impi}` });
    this.#live.set(impi, { subscription, actor });
    for (const { uri } of impus) this.#liveImpus.set(canonicalIdentity(uri), impi);
    return actor;
  }

  #putAway({ impi, impus }: Subscription): void {
    this.#live.get(impi)?.actor.stop();
    this.#live.delete(impi);
    for (const { uri } of impus) this.#liveImpus.delete(canonicalIdentity(uri));
  }
}
