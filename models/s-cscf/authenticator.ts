import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import { verifyDigest } from '../../src/stack/sip-auth/index.js';
import { digestParams, serializeChallenge } from '../../src/wire/sip/index.js';
import { type AuthenticationPort, authenticationMachine } from './authentication.js';
import type { CxClient, DigestCredentials } from './cx-client.js';
import type { Register } from './register-request.js';
import type { ProvenCredentials } from './served-user.js';

/** What an authenticator leaves to the registrar. */
export interface AuthenticatorOptions {
  readonly host: Host;
  readonly cx: CxClient;
  /** Wrong responses after which there is no other challenge. */
  readonly failedResponses: number;
  /** The user has proved that the password is known. */
  accepted(register: Register, credentials: ProvenCredentials): void;
  /** Answers a REGISTER. */
  respond(register: Register, status: number, headers?: Iterable<readonly [string, string]>): void;
}

/** Retry-After of a REGISTER that comes while the one before is still being looked at, in seconds. */
const RETRY_AFTER_S = 5;

/** SIP Digest at the S-CSCF: one authentication at a time for a private identity (TS 24.229 5.4.1.2). */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #pending = new Map<string, Authentication>();
  #count = 0;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Authentications under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** Takes a REGISTER whose sender has to prove, or proves, who it is. */
  handle(register: Register): void {
    const pending = this.#pending.get(register.impi);
    if (pending !== undefined) {
      pending.take(register);
      return;
    }
    const started = new Authentication(this.#options, register, () => this.#pending.delete(register.impi));
    this.#pending.set(register.impi, started);
    started.start(`authentication/${++this.#count}`);
  }

  close(): void {
    for (const authentication of this.#pending.values()) authentication.stop();
    this.#pending.clear();
  }
}

/** The authentication of one private identity: the object beside its machine. */
class Authentication implements AuthenticationPort {
  readonly #options: AuthenticatorOptions;
  readonly #onDone: () => void;
  #actor: ActorRefFrom<typeof authenticationMachine> | undefined;
  /** The REGISTER that is owed an answer, or was the last to get one. */
  #register: Register;
  #credentials: DigestCredentials | undefined;
  #nonce = '';
  /** Whether the challenge is due to a nonce that is not known (RFC 7616 3.3). */
  #stale: boolean;

  constructor(options: AuthenticatorOptions, register: Register, onDone: () => void) {
    this.#options = options;
    this.#onDone = onDone;
    this.#register = register;
    this.#stale = register.claim !== undefined;
  }

  start(id: string): void {
    const { host, failedResponses } = this.#options;
    const input = { limit: failedResponses };
    this.#actor = host.spawn(authenticationMachine, { id, input, port: this, onDone: this.#onDone });
  }

  stop(): void {
    this.#actor?.stop();
  }

  take(register: Register): void {
    if (this.#actor?.getSnapshot().value === 'fetching') {
      this.#options.respond(register, 500, [['Retry-After', String(RETRY_AFTER_S)]]);
      return;
    }
    const { claim, request } = register;
    // TS 24.229 5.4.1.2.2: the answer to a challenge has the Call-ID of what was challenged
    const sameCall = request.callId() === this.#register.request.callId();
    this.#register = register;
    this.#stale = claim !== undefined && sameCall && claim.nonce !== this.#nonce;
    if (claim === undefined || this.#credentials === undefined || !sameCall)
      this.#actor?.send({ type: 'restarted' });
    else if (this.#stale) this.#actor?.send({ type: 'stale' });
    else this.#actor?.send({ type: isProof(register, this.#credentials) ? 'proved' : 'wrong' });
  }

  fetch(): void {
    // TS 33.203 P.4: the HSS tells SIP Digest from NASS-bundled authentication
    this.#options.cx.authenticate(this.#register, 'Unknown', (result) => {
      if ('status' in result) {
        this.#actor?.send({ type: 'refused', status: result.status });
        return;
      }
      this.#credentials = result;
      this.#actor?.send({ type: 'credentials' });
    });
  }

  challenge(): void {
    this.#nonce = newNonce(this.#options.host);
    const values = {
      realm: this.#credentials?.realm ?? '',
      nonce: this.#nonce,
      qop: 'auth',
      algorithm: this.#credentials?.algorithm,
      stale: this.#stale ? 'true' : undefined,
    };
    const challenge = serializeChallenge({ scheme: 'Digest', params: digestParams(values, 'challenge') });
    this.#options.respond(this.#register, 401, [['WWW-Authenticate', challenge]]);
  }

  accept(): void {
    if (this.#credentials === undefined) return;
    const count = nonceCountOf(this.#register);
    this.#options.accepted(this.#register, { ...this.#credentials, nonce: this.#nonce, count });
  }

  reject(status: number): void {
    this.#options.respond(this.#register, status);
  }

  report(type: 'AUTHENTICATION_FAILURE' | 'AUTHENTICATION_TIMEOUT'): void {
    this.#options.cx.assign(this.#register, type, true, () => {});
  }
}

/** A nonce that nobody can guess. */
export function newNonce(host: Host): string {
  return host.random('digest nonce').token(24);
}

/** Whether a REGISTER has a response that was made with the password. */
export function isProof(
  { claim, impi, request }: Register,
  { realm, algorithm, ha1 }: DigestCredentials,
): boolean {
  if (claim === undefined || claim.username !== impi || claim.realm !== realm) return false;
  return claim.algorithm === algorithm && verifyDigest(claim, ha1, request.method);
}

/** The nonce count of a claim; 0 when there is none. */
export function nonceCountOf({ claim }: Register): number {
  const count = Number.parseInt(claim?.nc ?? '', 16);
  return Number.isNaN(count) ? 0 : count;
}
