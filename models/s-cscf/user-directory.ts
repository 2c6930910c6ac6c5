import { ownText } from '../../src/stack/sip-ua/index.js';
import { canonicalIdentity } from '../hss/index.js';
import type { ServedUser } from './served-user.js';

/** The users that an S-CSCF serves, by each of their names. */
export class UserDirectory {
  readonly #byImpi = new Map<string, ServedUser>();
  readonly #byImpu = new Map<string, ServedUser>();
  readonly #byToken = new Map<string, ServedUser>();

  get size(): number {
    return this.#byImpi.size;
  }

  [Symbol.iterator](): IterableIterator<ServedUser> {
    return this.#byImpi.values();
  }

  byImpi(impi: string): ServedUser | undefined {
    return this.#byImpi.get(impi);
  }

  /** @param impu a URI; its parameters do not count */
  byImpu(impu: string): ServedUser | undefined {
    return this.#byImpu.get(canonicalIdentity(impu));
  }

  /** By the user part of the Service-Route. */
  byToken(token: string): ServedUser | undefined {
    return this.#byToken.get(token);
  }

  add(user: ServedUser): void {
    this.#byImpi.set(user.impi, user);
    this.#byToken.set(user.token, user);
  }

  /** Makes a user known by the identities of the profile. */
  addIdentities(user: ServedUser): void {
    for (const impu of user.profile?.impus ?? []) this.#byImpu.set(ownText(canonicalIdentity(impu)), user);
  }

  remove(user: ServedUser): void {
    this.#byImpi.delete(user.impi);
    this.#byToken.delete(user.token);
    for (const impu of user.profile?.impus ?? []) this.#byImpu.delete(canonicalIdentity(impu));
  }
}
