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
  userHash,
} from '../../wire/stun/index.js';
import { securityFeatures } from './nonces.js';
import type { TurnCredentials } from './types.js';

/** What a server has asked for, and the key that follows. */
interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly offered: readonly PasswordAlgorithm[] | undefined;
  readonly chosen: PasswordAlgorithm | undefined;
  readonly anonymous: boolean;
  readonly key: Uint8Array;
}

/** The client's part of the long-term credential mechanism (RFC 8489 9.2.3, 9.2.5): what it knows from the last challenge. */
export class SessionCredentials {
  readonly #credentials: TurnCredentials;
  #challenge: Challenge | undefined;

  constructor(credentials: TurnCredentials) {
    this.#credentials = credentials;
  }

  /** Whether requests are protected; the first is not (RFC 8489 9.2.3.1). */
  get known(): boolean {
    return this.#challenge !== undefined;
  }

  /** What requests carry (RFC 8489 9.2.3.2). */
  get attributes(): readonly StunAttribute[] {
    if (this.#challenge === undefined) return [];
    const { realm, nonce, offered, chosen, anonymous } = this.#challenge;
    const { username } = this.#credentials;
    const attributes: StunAttribute[] = [
      anonymous
        ? { name: 'USERHASH', bytes: userHash(username, realm) }
        : { name: 'USERNAME', text: username },
      { name: 'REALM', text: realm },
      { name: 'NONCE', text: nonce },
    ];
    if (offered !== undefined) attributes.push({ name: 'PASSWORD-ALGORITHMS', algorithms: offered });
    if (chosen !== undefined) attributes.push({ name: 'PASSWORD-ALGORITHM', algorithm: chosen });
    return attributes;
  }

  /** With password algorithms SHA-256 alone protects (RFC 8489 9.2.5). */
  get protection(): StunProtection {
    if (this.#challenge === undefined) return {};
    const { key, offered } = this.#challenge;
    return offered === undefined ? { integrityKey: key } : { integritySha256Key: key };
  }

  /** Whether a response is from a server that knows the password. */
  vouches(bytes: Uint8Array): boolean {
    if (this.#challenge === undefined) return true;
    const { key } = this.#challenge;
    const sha256 = checkIntegritySha256(bytes, key);
    return sha256 === 'absent' ? checkIntegrity(bytes, key) === 'good' : sha256 === 'good';
  }

  /**
   * Takes a 401 or 438.
   *
   * @param authenticated whether the request that it answers was protected
   * @returns why the request must not be tried again, if it must not (RFC 8489 9.2.5)
   */
  take(response: StunMessage, code: 401 | 438, authenticated: boolean): string | undefined {
    const realm = attribute(response, 'REALM')?.text;
    const nonce = attribute(response, 'NONCE')?.text;
    if (realm === undefined || nonce === undefined) return `${code} without REALM and NONCE`;
    const offered = attribute(response, 'PASSWORD-ALGORITHMS')?.algorithms;
    const features = securityFeatures(nonce);
    // somebody on the way has taken the list out to weaken the key (RFC 8489 9.2.1)
    if (features?.passwordAlgorithms === true && offered === undefined) return 'bid-down attack';
    if (code === 401 && authenticated && realm === this.#challenge?.realm) return 'wrong credentials';
    const chosen = offered?.find(
      ({ number }) => number === PASSWORD_ALGORITHM.sha256 || number === PASSWORD_ALGORITHM.md5,
    );
    if (offered !== undefined && chosen === undefined) return 'no password algorithm in common';
    const { username, password } = this.#credentials;
    const key =
      chosen?.number === PASSWORD_ALGORITHM.sha256
        ? longTermKeySha256(username, realm, password)
        : longTermKey(username, realm, password);
    this.#challenge = { realm, nonce, offered, chosen, anonymous: features?.usernameAnonymity === true, key };
    return undefined;
  }
}
