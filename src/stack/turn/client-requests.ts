import type { ActorRefFrom } from 'xstate';
import { toHex } from '../../crypto/index.js';
import type { Host } from '../../network/index.js';
import { attribute, type StunAttribute, type StunMessage, serializeStun } from '../../wire/stun/index.js';
import { checkClientMachine } from '../stun/index.js';
import type { ClientTransport } from './client-transport.js';
import { METHOD_NAMES } from './methods.js';
import { SessionCredentials } from './session-credentials.js';
import type { TurnCredentials } from './types.js';

/** How a request ended. */
export type RequestResult =
  | { readonly kind: 'success'; readonly response: StunMessage }
  /** The server refuses. */
  | { readonly kind: 'error'; readonly code: number; readonly reason: string }
  /** No answer, or none that can be trusted. */
  | { readonly kind: 'failure'; readonly reason: string };

/** Challenges that one request may get before it is given up; a nonce that is always stale would go on for ever. */
const MOST_CHALLENGES = 3;

/** One request under way, with the attempts that challenges lead to. */
interface Attempt {
  readonly method: number;
  readonly attributes: readonly StunAttribute[];
  readonly done: (result: RequestResult) => void;
  readonly challenges: number;
  readonly authenticated: boolean;
  readonly actor: ActorRefFrom<typeof checkClientMachine>;
  /** What has become of it, once that is known. */
  result: RequestResult | undefined;
  /** Whether a response was discarded for its integrity. */
  forged: boolean;
}

/** The requests of one client to its server: each a STUN transaction, repeated with credentials when they are asked for. */
export class ClientRequests {
  readonly #host: Host;
  readonly #transport: ClientTransport;
  readonly #credentials: SessionCredentials;
  /** By transaction id. */
  readonly #attempts = new Map<string, Attempt>();

  constructor(host: Host, transport: ClientTransport, credentials: TurnCredentials) {
    this.#host = host;
    this.#transport = transport;
    this.#credentials = new SessionCredentials(credentials);
  }

  /** Sends a request. `done` is called once, unless {@link stop} comes first. */
  send(
    method: number,
    attributes: readonly StunAttribute[],
    done: (result: RequestResult) => void,
    challenges = 0,
  ): void {
    const transactionId = this.#host.random('TURN transaction').bytes(12);
    const credentials = this.#credentials;
    const message: StunMessage = {
      class: 'request',
      method,
      transactionId,
      attributes: [...attributes, ...credentials.attributes],
    };
    const request = serializeStun(message, credentials.protection);
    const key = toHex(transactionId);
    const name = METHOD_NAMES.get(method) ?? String(method);
    const port = {
      transmit: () => this.#transport.send(request),
      succeed: () => this.#end(key),
      fail: (reason: string) => this.#end(key, reason),
    };
    const actor = this.#host.spawn(checkClientMachine, {
      id: `turn/${name}/${this.#host.nextNumber('TURN request')}`,
      input: { reliable: this.#transport.reliable },
      port,
    });
    const { known: authenticated } = credentials;
    this.#attempts.set(key, {
      method,
      attributes,
      done,
      challenges,
      authenticated,
      actor,
      result: undefined,
      forged: false,
    });
  }

  /** Takes a response; others are not for here. */
  receive(bytes: Uint8Array, response: StunMessage): void {
    const attempt = this.#attempts.get(toHex(response.transactionId));
    if (attempt === undefined || response.method !== attempt.method) return;
    const error = response.class === 'error' ? attribute(response, 'ERROR-CODE') : undefined;
    const code = error?.code ?? (response.class === 'error' ? 500 : 0);
    if (code === 401 || code === 438) {
      this.#challenged(attempt, response, code);
      return;
    }
    // a 400 by whoever may have sent it, or what does not verify, counts for nothing (RFC 8489 9.2.5)
    const trusted = attempt.authenticated ? this.#credentials.vouches(bytes) : code !== 400;
    if (!trusted) {
      attempt.forged = true;
      this.#host.reject('TURN', 'response without good integrity');
      if (this.#transport.reliable) attempt.actor.send({ type: 'broken', reason: VIOLATED });
      return;
    }
    if (code === 0) {
      attempt.result = { kind: 'success', response };
      attempt.actor.send({ type: 'success' });
    } else {
      attempt.result = { kind: 'error', code, reason: `${code} ${error?.reason ?? ''}`.trimEnd() };
      attempt.actor.send({ type: 'error', code });
    }
  }

  /** The transport is gone. */
  break(reason: string): void {
    for (const { actor } of [...this.#attempts.values()]) actor.send({ type: 'broken', reason });
  }

  /** Forgets every request under way. */
  stop(): void {
    for (const { actor } of this.#attempts.values()) actor.stop();
    this.#attempts.clear();
  }

  #challenged(attempt: Attempt, response: StunMessage, code: 401 | 438): void {
    const { method, attributes, done, challenges, authenticated, actor } = attempt;
    const why =
      challenges >= MOST_CHALLENGES
        ? 'challenged again and again'
        : this.#credentials.take(response, code, authenticated);
    if (why === undefined) {
      this.#attempts.delete(toHex(response.transactionId));
      actor.stop();
      this.send(method, attributes, done, challenges + 1);
      return;
    }
    attempt.result = { kind: 'error', code, reason: `${code} ${why}` };
    actor.send({ type: 'error', code });
  }

  #end(key: string, reason = ''): void {
    const attempt = this.#attempts.get(key);
    if (attempt === undefined) return;
    this.#attempts.delete(key);
    attempt.done(attempt.result ?? { kind: 'failure', reason: attempt.forged ? VIOLATED : reason });
  }
}

/** RFC 8489 9.2.5. */
const VIOLATED = 'integrity protection violated';
