import type { SnapshotFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { INITIAL, type Standing } from './decision.js';
import { type SubscriptionEvent, subscriptionMachine } from './machine.js';
import { canonicalIdentity, type Subscription } from './subscription.js';

/** Finds the subscription of a private identity, or of a public one in its canonical form. */
export type SubscriptionFinder = (identity: string) => Subscription | undefined;

/** A subscription that is not in its initial state. */
interface Live {
  readonly subscription: Subscription;
  readonly standing: Standing;
}

/**
 * All subscriptions, and the state of those of which there is something to remember. A user who is not registered costs
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
    return (subscription && this.#live.get(subscription.impi)?.standing) ?? INITIAL;
  }

  /** Lets an event happen to a subscription, and stores what it has come to. */
  apply(subscription: Subscription, event: SubscriptionEvent): void {
    const { impi, impus } = subscription;
    const input = this.standing(subscription);
    const actor = this.#host.spawn(subscriptionMachine, { id: `subscription/${impi}`, input });
    actor.send(event);
    const standing = standingOf(actor.getSnapshot());
    actor.stop();
    if (isInitial(standing)) {
      this.#live.delete(impi);
      for (const { uri } of impus) this.#liveImpus.delete(canonicalIdentity(uri));
      return;
    }
    const known = this.#live.has(impi);
    this.#live.set(impi, { subscription, standing });
    if (known) return;
    for (const { uri } of impus) this.#liveImpus.set(canonicalIdentity(uri), impi);
  }
}

function isInitial({ state, authenticationPending, reassignmentPending, serverName }: Standing): boolean {
  return (
    state === 'notRegistered' && serverName === undefined && !authenticationPending && !reassignmentPending
  );
}

/** What a machine has come to. */
function standingOf({ value, context }: SnapshotFrom<typeof subscriptionMachine>): Standing {
  const { serverName, reassignmentPending } = context;
  const base = { authenticationPending: false, reassignmentPending, serverName };
  if (typeof value === 'string') return { ...base, state: value === 'registered' ? value : 'notRegistered' };
  const [state, within] =
    'notRegistered' in value
      ? (['notRegistered', value.notRegistered] as const)
      : (['unregistered', value.unregistered] as const);
  return { ...base, state, authenticationPending: within === 'authenticationPending' };
}
