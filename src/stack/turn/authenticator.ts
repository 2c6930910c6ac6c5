import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  attribute,
  checkIntegrity,
  checkIntegritySha256,
  longTermKey,
  longTermKeySha256,
  PASSWORD_ALGORITHM,
  type PasswordAlgorithm,
  type StunAttribute,
  type StunMessage,
  type StunProtection,
} from '../../wire/stun/index.js';
import type { ErrorCode, Refusal } from './answer.js';
import { Nonces } from './nonces.js';
import type { PasswordAlgorithms, PasswordLookup } from './types.js';

/** A nonce is good for at most an hour (RFC 8656 5). */
const NONCE_MS = 3_600_000;

const NUMBERS = { MD5: PASSWORD_ALGORITHM.md5, 'SHA-256': PASSWORD_ALGORITHM.sha256 } as const;
const NO_PARAMETERS = new Uint8Array(0);

export interface AuthenticatorOptions {
  /** The REALM. */
  readonly domain: string;
  readonly passwords: PasswordLookup;
  readonly passwordAlgorithms?: PasswordAlgorithms;
  readonly nonceMs?: number;
}

/** Who asks, and how the response is to be protected. */
export interface Authenticated {
  readonly username: string;
  readonly protection: StunProtection;
}

/** What to answer instead. */
export interface Unauthenticated extends Refusal {
  readonly protection?: StunProtection;
}

/** The server's part of the long-term credential mechanism (RFC 8489 9.2.4). */
export class Authenticator {
  readonly #domain: string;
  readonly #passwords: PasswordLookup;
  readonly #nonces: Nonces;
  readonly #offered: readonly PasswordAlgorithm[];

  constructor(host: Host, options: AuthenticatorOptions) {
    const { domain, passwords, passwordAlgorithms = ['SHA-256', 'MD5'], nonceMs = NONCE_MS } = options;
    this.#domain = domain;
    this.#passwords = passwords;
    this.#nonces = new Nonces(host, nonceMs, passwordAlgorithms.length > 0);
    this.#offered = passwordAlgorithms.map((name) => ({ number: NUMBERS[name], parameters: NO_PARAMETERS }));
  }

  /**
   * Whose request it is.
   *
   * @param bytes as received
   * @param client where it came from
   * @returns the refusal where it is nobody's, with which a response is protected only if its nonce alone is stale
   */
  check(bytes: Uint8Array, request: StunMessage, client: Endpoint): Authenticated | Unauthenticated {
    const withSha1 = attribute(request, 'MESSAGE-INTEGRITY') !== undefined;
    const withSha256 = attribute(request, 'MESSAGE-INTEGRITY-SHA256') !== undefined;
    if (!withSha1 && !withSha256) return this.#challenge(401, client);
    const username = attribute(request, 'USERNAME')?.text;
    const nonce = attribute(request, 'NONCE')?.text;
    const realm = attribute(request, 'REALM')?.text;
    const anonymous = attribute(request, 'USERHASH') !== undefined;
    if ((username === undefined && !anonymous) || nonce === undefined || realm === undefined) {
      return { code: 400 };
    }
    const algorithm = this.#algorithm(request);
    if (algorithm === undefined) return { code: 400 };
    const password = username === undefined || realm !== this.#domain ? undefined : this.#passwords(username);
    if (username === undefined || password === undefined) return this.#challenge(401, client);
    const key =
      algorithm === PASSWORD_ALGORITHM.sha256
        ? longTermKeySha256(username, realm, password)
        : longTermKey(username, realm, password);
    const integrity = withSha256 ? checkIntegritySha256(bytes, key) : checkIntegrity(bytes, key);
    if (integrity !== 'good') return this.#challenge(401, client);
    const negotiated = attribute(request, 'PASSWORD-ALGORITHM') !== undefined;
    const protection = negotiated ? { integritySha256Key: key } : { integrityKey: key };
    if (this.#nonces.isGood(nonce, client)) return { username, protection };
    // need not be protected, but clients have been seen that believe nothing else (9.2.4)
    return { ...this.#challenge(438, client), protection };
  }

  /** The algorithm of the key; `undefined` when the client did not choose one of those offered (RFC 8489 9.2.4). */
  #algorithm(request: StunMessage): number | undefined {
    const list = attribute(request, 'PASSWORD-ALGORITHMS')?.algorithms;
    const chosen = attribute(request, 'PASSWORD-ALGORITHM')?.algorithm;
    if ((list === undefined && chosen === undefined) || this.#offered.length === 0) {
      return PASSWORD_ALGORITHM.md5;
    }
    if (list === undefined || chosen === undefined || list.length !== this.#offered.length) return undefined;
    if (!list.every((one, i) => isSame(one, this.#offered[i]))) return undefined;
    return this.#offered.some((one) => isSame(one, chosen)) ? chosen.number : undefined;
  }

  /** What a client needs to try again (RFC 8489 9.2.4). */
  #challenge(code: ErrorCode, client: Endpoint): Refusal {
    const more: StunAttribute[] = [
      { name: 'REALM', text: this.#domain },
      { name: 'NONCE', text: this.#nonces.make(client) },
    ];
    if (this.#offered.length > 0) more.push({ name: 'PASSWORD-ALGORITHMS', algorithms: this.#offered });
    return { code, more };
  }
}

function isSame(a: PasswordAlgorithm, b: PasswordAlgorithm | undefined): boolean {
  return a.number === b?.number && a.parameters.length === 0 && b.parameters.length === 0;
}
