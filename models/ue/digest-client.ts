import type { Host } from '../../src/network/index.js';
import {
  answerChallenge,
  challengeAlgorithm,
  digestClaim,
  digestHa1,
  provesServer,
} from '../../src/stack/sip-auth/index.js';
import {
  type Challenge,
  type Credentials,
  digestParams,
  parseAuthParams,
  parseChallenge,
  type SipResponse,
  serializeCredentials,
} from '../../src/wire/sip/index.js';

/** Who proves what: the parameters of a user's credentials. */
export interface DigestUser {
  readonly impi: string;
  readonly password: string;
  readonly homeDomain: string;
}

/** SIP Digest at a client that registers (TS 24.229 5.1.1.2.2, 5.1.1.5.4; RFC 3261 22). */
export class DigestClient {
  readonly #host: Host;
  readonly #user: DigestUser;
  #challenge: Challenge | undefined;
  #ha1 = '';
  /** Requests made with the nonce. */
  #count = 0;
  #sent: Credentials | undefined;

  constructor(host: Host, user: DigestUser) {
    this.#host = host;
    this.#user = user;
  }

  /** The Authorization value of a first REGISTER: it names the user and proves nothing (TS 24.229 5.1.1.2.2). */
  initial(): string {
    const { impi, homeDomain } = this.#user;
    const values = { username: impi, realm: homeDomain, nonce: '', uri: this.#uri, response: '' };
    this.#challenge = undefined;
    this.#sent = undefined;
    return serializeCredentials({ scheme: 'Digest', params: digestParams(values, 'credentials') });
  }

  /** The Authorization value by the challenge known last; {@link initial} without one. */
  next(): string {
    const challenge = this.#challenge;
    if (challenge === undefined) return this.initial();
    this.#sent = answerChallenge(challenge, {
      username: this.#user.impi,
      ha1: this.#ha1,
      method: 'REGISTER',
      uri: this.#uri,
      cnonce: this.#host.random('digest cnonce').token(16),
      count: ++this.#count,
    });
    return this.#sent === undefined ? this.initial() : serializeCredentials(this.#sent);
  }

  /**
   * Takes the challenge of a 401.
   *
   * @returns whether only the nonce was old; `undefined` when the challenge cannot be answered
   */
  take(response: SipResponse): { readonly stale: boolean } | undefined {
    for (const text of response.headers.all('WWW-Authenticate')) {
      const challenge = parseChallenge(text);
      const algorithm = challenge.ok ? challengeAlgorithm(challenge.value) : undefined;
      if (!challenge.ok || algorithm === undefined) continue;
      const { params } = challenge.value;
      this.#challenge = challenge.value;
      this.#count = 0;
      this.#ha1 = digestHa1(algorithm, this.#user.impi, params.get('realm') ?? '', this.#user.password);
      return { stale: params.get('stale')?.toLowerCase() === 'true' };
    }
    return undefined;
  }

  /**
   * Reads the Authentication-Info of a 200: takes the next nonce, and checks the proof of the server if there is one.
   *
   * @returns `false` when the server does not know the password (RFC 7616 3.5)
   */
  confirm(response: SipResponse): boolean {
    const value = response.headers.get('Authentication-Info');
    const params = value === undefined ? undefined : parseAuthParams(value);
    if (value === undefined || params?.ok !== true) return true;
    const claim = this.#sent === undefined ? undefined : digestClaim(this.#sent);
    const proves =
      !params.value.has('rspauth') || (claim !== undefined && provesServer(value, claim, this.#ha1));
    const nonce = params.value.get('nextnonce');
    if (proves && nonce !== undefined && this.#challenge !== undefined) {
      this.#challenge = { ...this.#challenge, params: this.#challenge.params.withQuoted('nonce', nonce) };
      this.#count = 0;
    }
    return proves;
  }

  get #uri(): string {
    return `sip:${this.#user.homeDomain}`;
  }
}
