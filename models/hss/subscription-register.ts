import type { SnapshotFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { INITIAL, type Standing } from './decision.js';
import { type SubscriptionEvent, subscriptionMachine } from './machine.js';
import { canonicalIdentity, type Subscription } from './subscription.js';

/** Finds the subscription of a private identity, or of a public one in its canonical form. */
export type SubscriptionFinder = (identity: string) => Subscription | undefined;

/**
 * All subscriptions, and the state of those of which there is something to remember. A user who is not registered costs
 * nothing but what the configuration holds, one who is a name and a reference.
 */
export class SubscriptionRegister {
  readonly #host: Host;
  readonly #listed = new Map<string, Subscription>();
  readonly #find: SubscriptionFinder | undefined;
  /** By private identity, of subscriptions that are not in their initial state. */
  readonly #standings = new Map<string, Standing>();
  /** Every standing there has been, to be shared: they differ in little but the name of the S-CSCF. */
  readonly #known = new Map<string, Standing>();
  /** By private identity: subscriptions with a state that are neither listed nor found, such as those of a pool. */
  readonly #others = new Map<string, Subscription>();
  /** The same by canonical public identity. */
  readonly #othersByImpu = new Map<string, Subscription>();

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
    return this.#standings.size;
  }

  byImpi(impi: string): Subscription | undefined {
    return this.#others.get(impi) ?? this.#configured(impi);
  }

  byImpu(impu: string): Subscription | undefined {
    const identity = canonicalIdentity(impu);
    return this.#othersByImpu.get(identity) ?? this.#configured(identity);
  }

  standing(subscription: Subscription | undefined): Standing {
    return (subscription && this.#standings.get(subscription.impi)) ?? INITIAL;
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
      this.#standings.delete(impi);
      if (this.#others.delete(impi))
        for (const { uri } of impus) this.#othersByImpu.delete(canonicalIdentity(uri));
      return;
    }
    this.#standings.set(impi, this.#shared(standing));
    if (this.#configured(impi) !== undefined) return;
    this.#others.set(impi, subscription);
    for (const { uri } of impus) this.#othersByImpu.set(canonicalIdentity(uri), subscription);
  }

  #configured(identity: string): Subscription | undefined {
    return this.#listed.get(identity) ?? this.#find?.(identity);
  }

  #shared(standing: Standing): Standing {
    const key = JSON.stringify(standing);
    const known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, standing);
    return known ?? standing;
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
