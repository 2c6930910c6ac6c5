import { hmacSha1, toBase64, toHex, toUtf8 } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';

/** The beginning of every nonce of a server that knows RFC 8489 (9.2). */
const COOKIE = 'obMatJos2';

/** The nonce cookie with its 24 security features: bit 0 is "Password algorithms", the highest (RFC 8489 18.1). */
function cookie(passwordAlgorithms: boolean): string {
  return COOKIE + toBase64(Uint8Array.of(passwordAlgorithms ? 0x80 : 0, 0, 0));
}

/** What a nonce cookie says the server can do; `undefined` without a cookie (RFC 8489 9.2, 18.1). */
export function securityFeatures(
  nonce: string,
): { readonly passwordAlgorithms: boolean; readonly usernameAnonymity: boolean } | undefined {
  if (!nonce.startsWith(COOKIE)) return undefined;
  // four characters of base64; the two highest bits stand in the first
  const first = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(
    nonce.charAt(COOKIE.length),
  );
  return first < 0 ? undefined : { passwordAlgorithms: first >= 32, usernameAnonymity: (first & 16) !== 0 };
}

/**
 * Nonces that say when and for whom they were made, with an HMAC over both, so that the server need not remember them
 * (RFC 8489 9.2.4, RFC 7616 5.4).
 */
export class Nonces {
  readonly #host: Host;
  readonly #key: Uint8Array;
  readonly #lifetimeUs: number;
  readonly #cookie: string;

  /** @param passwordAlgorithms whether the server offers them */
  constructor(host: Host, lifetimeMs: number, passwordAlgorithms: boolean) {
    this.#host = host;
    this.#key = host.random('TURN nonce key').bytes(20);
    this.#lifetimeUs = lifetimeMs * 1000;
    this.#cookie = cookie(passwordAlgorithms);
  }

  /** A nonce for requests from an address. */
  make(client: Endpoint): string {
    return this.#of(client, this.#host.kernel.now.toString(36));
  }

  /** Whether a nonce was made for that address, and is still good. */
  isGood(nonce: string, client: Endpoint): boolean {
    const time = /^([0-9a-z]{1,11})-/.exec(nonce.slice(this.#cookie.length))?.[1];
    if (time === undefined || this.#of(client, time) !== nonce) return false;
    return this.#host.kernel.now - Number.parseInt(time, 36) < this.#lifetimeUs;
  }

  #of({ ip, port }: Endpoint, time: string): string {
    const mac = hmacSha1(this.#key, toUtf8(`${time} ${ip} ${port}`));
    return `${this.#cookie}${time}-${toHex(mac.subarray(0, 10))}`;
  }
}
