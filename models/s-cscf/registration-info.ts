import {
  type Content,
  REG_INFO_TYPE,
  type Registration,
  serializeRegInfo,
} from '../../src/stack/sip-ua/index.js';
import { canonicalIdentity } from '../hss/index.js';
import { type Binding, secondsLeft } from './bindings.js';
import type { ServedUser } from './served-user.js';

/** Why a contact is in its state (RFC 3680 5.1); `created` is made of `registered`. */
export type ContactEvent =
  | 'registered'
  | 'refreshed'
  | 'expired'
  | 'unregistered'
  | 'deactivated'
  | 'rejected';

/** What has just happened to the contacts of a user. */
export interface RegistrationChange {
  /** By binding id; contacts that are not named are `registered`. */
  readonly events: ReadonlyMap<string, ContactEvent>;
  readonly gone: readonly Binding[];
}

/**
 * The registrations of a user as they are now (RFC 3680 5; TS 24.229 5.4.2.1.2): one for each public identity that is not
 * barred, with the contacts there are and those that have just gone.
 */
export function registrationsOf(
  user: ServedUser,
  nowUs: number,
  { events, gone }: RegistrationChange = { events: new Map(), gone: [] },
): readonly Registration[] {
  const state = user.bindings.length > 0 ? 'active' : 'terminated';
  return (user.profile?.impus ?? [user.impu]).map((aor, index) => {
    const explicit = canonicalIdentity(aor) === user.impu;
    // RFC 3680 5.3.2: unique among all contacts, also those of other registrations
    const idOf = (binding: Binding): string => `r${index + 1}${binding.id}`;
    const contacts = [
      ...user.bindings.map((binding) => {
        const event = events.get(binding.id) ?? 'registered';
        return {
          id: idOf(binding),
          state: 'active',
          // TS 24.229 5.4.2.1.2: what was registered along with another identity is created
          event: event === 'registered' && !explicit ? 'created' : event,
          uri: binding.uri,
          expires: secondsLeft(binding, nowUs),
          callId: binding.callId,
          cseq: binding.cseq,
          ...(binding.pubGruu === undefined || !explicit ? undefined : { pubGruu: binding.pubGruu }),
        } as const;
      }),
      ...gone.map((binding) => {
        const { uri, callId, cseq } = binding;
        const event = events.get(binding.id) ?? 'unregistered';
        return { id: idOf(binding), state: 'terminated', event, uri, callId, cseq } as const;
      }),
    ];
    return { aor, id: `r${index + 1}`, state, contacts };
  });
}

/** The body of a NOTIFY with full state. */
export function registrationContent(registrations: readonly Registration[], version: number): Content {
  return { body: serializeRegInfo({ version, state: 'full', registrations }), type: REG_INFO_TYPE };
}
