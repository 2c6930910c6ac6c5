import { type Params, parseParams } from '../../wire/sip/index.js';

/** An Event or Subscription-State value: a word and parameters (RFC 6665 8.2.1, 8.2.3). */
export interface EventValue {
  readonly value: string;
  readonly params: Params;
}

/** Reads an Event or Subscription-State value; `undefined` when there is none or its parameters are broken. */
export function parseEventValue(text: string | undefined): EventValue | undefined {
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(';');
  const end = semicolon < 0 ? text.length : semicolon;
  const params = parseParams(text, end);
  const value = text.slice(0, end).trim();
  return params.ok && value !== '' ? { value, params: params.value } : undefined;
}

/** Whether two Event values name the same event: type and `id`, byte by byte (RFC 6665 8.2.1). */
export function sameEvent(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return a !== undefined;
  const one = parseEventValue(a);
  const other = parseEventValue(b);
  if (one === undefined || other === undefined) return false;
  return one.value === other.value && one.params.raw('id') === other.params.raw('id');
}

/** What a Subscription-State says (RFC 6665 4.1.3). */
export interface SubscriptionState {
  readonly state: 'active' | 'pending' | 'terminated';
  /** Seconds the subscription has left. */
  readonly expiresS?: number;
  /** Why it is terminated: `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant`, or other. */
  readonly reason?: string;
  readonly retryAfterS?: number;
}

/** Reads a Subscription-State value; an unknown state counts as `active` (RFC 6665 8.4: extensions are allowed). */
export function parseSubscriptionState(text: string | undefined): SubscriptionState | undefined {
  const parsed = parseEventValue(text);
  if (parsed === undefined) return undefined;
  const word = parsed.value.toLowerCase();
  const state = word === 'pending' || word === 'terminated' ? word : 'active';
  const expiresS = seconds(parsed.params.get('expires'));
  const retryAfterS = seconds(parsed.params.get('retry-after'));
  const reason = parsed.params.get('reason');
  return {
    state,
    ...(expiresS === undefined ? undefined : { expiresS }),
    ...(reason === undefined ? undefined : { reason }),
    ...(retryAfterS === undefined ? undefined : { retryAfterS }),
  };
}

/** A Subscription-State value as text. */
export function formatSubscriptionState({ state, expiresS, reason, retryAfterS }: SubscriptionState): string {
  let text: string = state;
  if (reason !== undefined) text += `;reason=${reason}`;
  if (expiresS !== undefined) text += `;expires=${expiresS}`;
  if (retryAfterS !== undefined) text += `;retry-after=${retryAfterS}`;
  return text;
}

/** An Expires value or parameter in seconds, 0 to 2^32-1. */
export function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  return Math.min(Number(text), 0xffffffff);
}
