import type { ServerTransaction } from '../../src/stack/sip/index.js';
import { Authenticator, isProof, nonceCountOf } from './authenticator.js';
import {
  asksOutbound,
  isDeregistration,
  offersOutbound,
  type Register,
  readRegister,
} from './register-request.js';
import {
  type Authenticated,
  type ProvenCredentials,
  ServedUser,
  type ServedUserHome,
} from './served-user.js';
import type { UserDirectory } from './user-directory.js';

/** Values of `integrity-protected` that vouch for where a REGISTER came from (TS 24.229 7.2A.2). */
const PROTECTED = new Set(['tls-yes', 'ip-assoc-yes']);

/** Those that only IMS AKA has (TS 24.229 7.2A.2, TS 33.203 P.4). */
const AKA_ONLY = new Set(['yes', 'no', 'tls-connected']);

/** The registrar of an S-CSCF (TS 24.229 5.4.1). */
export class Registrar {
  readonly #home: ServedUserHome;
  readonly #users: UserDirectory;
  readonly #authenticator: Authenticator;
  #count = 0;

  constructor(home: ServedUserHome, users: UserDirectory) {
    this.#home = home;
    this.#users = users;
    this.#authenticator = new Authenticator({
      host: home.host,
      cx: home.cx,
      failedResponses: home.policy.failedResponses,
      accepted: (register, credentials) => this.#proceed(register, 'authenticated', credentials),
      respond: (register, status, headers) => home.respond(register.transaction, status, headers),
    });
  }

  /** Authentications under way. */
  get openAuthentications(): number {
    return this.#authenticator.size;
  }

  close(): void {
    this.#authenticator.close();
    for (const user of this.#users) user.stop();
  }

  /** Takes a REGISTER. The order of schemes is that of TS 33.203 P.4. */
  handle(transaction: ServerTransaction): void {
    const register = readRegister(transaction);
    const { respond } = this.#home;
    if (register === undefined) {
      respond(transaction, 400);
      return;
    }
    const refusal = this.#refusalOf(register);
    if (refusal !== undefined) respond(transaction, refusal.status, refusal.headers);
    else if (asksAka(register)) respond(transaction, 501);
    else if (register.integrity === 'auth-done') {
      this.#proceed(register, 'authenticated by trusted node', undefined);
    } else this.#checkDigest(register);
  }

  /** Takes a REGISTER again whose user has ended while it waited; its sender is authenticated. */
  handleAgain(register: Register): void {
    const how = register.integrity === 'auth-done' ? 'authenticated by trusted node' : 'authenticated';
    this.#proceed(register, how, undefined);
  }

  /** What is wrong with a REGISTER whoever sent it (RFC 5626 6, RFC 3261 10.3). */
  #refusalOf(
    register: Register,
  ): { readonly status: number; readonly headers?: readonly (readonly [string, string])[] } | undefined {
    if (asksOutbound(register) && !offersOutbound(register)) return { status: 439 };
    const { shortestRegistrationS: shortest } = this.#home.policy;
    const brief = register.contacts.some(({ expiresS = shortest }) => expiresS > 0 && expiresS < shortest);
    return brief ? { status: 423, headers: [['Min-Expires', String(shortest)]] } : undefined;
  }

  #checkDigest(register: Register): void {
    const known = this.#users.byImpi(register.impi)?.credentials;
    if (known === undefined || this.#home.policy.challengeRefresh) {
      this.#authenticator.handle(register);
      return;
    }
    const { claim, integrity = '' } = register;
    const count = nonceCountOf(register);
    if (claim?.nonce === known.nonce && count > known.count && isProof(register, known)) {
      this.#proceed(register, 'authenticated', { ...known, count });
    } else if (claim === undefined && PROTECTED.has(integrity)) {
      // TS 24.229 5.4.1.2.2: it comes from where the registration came from
      this.#proceed(register, 'authenticated', undefined);
    } else this.#authenticator.handle(register);
  }

  /** The sender of a REGISTER is authenticated. */
  #proceed(register: Register, how: Authenticated, credentials: ProvenCredentials | undefined): void {
    const user = this.#users.byImpi(register.impi);
    if (user !== undefined) {
      user.credentials = credentials ?? user.credentials;
      user.submit(register);
    } else if (isDeregistration(register) || register.contacts.length === 0) {
      // there is nothing to take away, and nothing to tell
      this.#home.respond(register.transaction, 200);
    } else {
      const token = `${++this.#count}-${this.#home.host.random('service route').token(8)}`;
      const made = new ServedUser(this.#home, register, token, credentials);
      this.#users.add(made);
      made.start(how);
    }
  }
}

/** Whether a REGISTER is one of IMS AKA, by its protection or its algorithm (TS 33.203 P.4). */
function asksAka({ integrity = '', algorithm = '' }: Register): boolean {
  return AKA_ONLY.has(integrity) || algorithm.toUpperCase().startsWith('AKA');
}
