import type { ActorRefFrom } from 'xstate';
import { constantTimeEqual, type JsonObject, p256KeyPair, signJwt, toUtf8 } from '../../src/crypto/index.js';
import { type Host, type HttpContext, httpServer } from '../../src/network/index.js';
import {
  type FormFields,
  formValue,
  type HttpRequest,
  type HttpResponse,
  header,
  httpResponse,
  parseForm,
  splitTarget,
  withQuery,
} from '../../src/wire/http/index.js';
import { type Entity, wallClockS } from '../common/index.js';
import { authorizationMachine } from './authorization.js';
import {
  type AuthorizationRequest,
  judgeRequest,
  type OAuthClient,
  type RequestError,
} from './authorization-request.js';
import { wafMachine } from './machine.js';
import { AUTHORIZE_PATH, errorPage, loginPage } from './pages.js';
import type { WafPolicy } from './policy.js';
import { grantError, readTokenRequest, type TokenError } from './token-request.js';

/** A user of the web with the IMS subscription that belongs to him (24371-6.3.1-02). */
export interface WebUser {
  readonly password: string;
  readonly impi: string;
  readonly impu: string;
}

/** Where a WAF stands. */
export interface WafConfig {
  /** Own domain name: the `iss` of its tokens, and what its certificate says. */
  readonly issuer: string;
  /** 32 bytes from which the key of the tokens is made. */
  readonly signingSeed: Uint8Array;
  /** Finds a user by his name. A function, so that ten thousand of them need not exist as objects. */
  readonly findUser: (name: string) => WebUser | undefined;
  readonly clients: readonly OAuthClient[];
  /** The eP-CSCF that takes the tokens. */
  readonly audience: string;
  /** Scope tokens that can be granted. Default `ims.register`. */
  readonly scopes?: readonly string[];
}

/** Port of HTTP over TLS (RFC 9110 4.2.2). */
const HTTPS_PORT = 443;

const TOKEN_PATH = '/token';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** An authorization under way. */
interface Authorization {
  readonly id: string;
  readonly request: AuthorizationRequest;
  actor: ActorRefFrom<typeof authorizationMachine>;
  /** Who has logged in, from then on. */
  user?: WebUser & { readonly name: string };
  code?: string;
}

/** The public key of the tokens that a WAF with this seed signs; 65 bytes. */
export function wafPublicKey(signingSeed: Uint8Array): Uint8Array {
  return p256KeyPair(signingSeed).publicKey;
}

/**
 * The WebRTC authorisation function (24371-5.4): an OAuth 2.0 authorization server with the authorization code grant
 * (RFC 6749 4.1) and PKCE (RFC 7636), which knows whose IMS subscription a web user may use and says so in signed tokens
 * (RFC 7519).
 */
export class Waf implements Entity {
  readonly host: Host;
  readonly #config: WafConfig;
  readonly #policy: WafPolicy;
  readonly #scopes: readonly string[];
  readonly #secretKey: Uint8Array;
  readonly #actor: ActorRefFrom<typeof wafMachine>;
  readonly #server: { close(): void };
  /** By the id in the login form, until a code has been issued. */
  readonly #logins = new Map<string, Authorization>();
  readonly #codes = new Map<string, Authorization>();
  #count = 0;

  constructor(host: Host, config: WafConfig, policy: WafPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    this.#scopes = config.scopes ?? ['ims.register'];
    this.#secretKey = p256KeyPair(config.signingSeed).secretKey;
    this.#actor = host.spawn(wafMachine, { id: 'waf' });
    // browsers show no certificate, so it is asked for by the token endpoint and not in the handshake
    const tls = { certificateNames: [config.issuer] };
    this.#server = httpServer(host, { realm: 'access', port: HTTPS_PORT, tls }, (request, respond, context) =>
      respond(this.#serve(request, context)),
    );
  }

  /** Verifies its tokens; 65 bytes (24371-6.3.1-06). */
  get publicKey(): Uint8Array {
    return wafPublicKey(this.#config.signingSeed);
  }

  leftovers(): readonly string[] {
    const { name } = this.host;
    const logins = [...this.#logins.values()].map(({ actor }) => `${name}: ${actor.id} awaits its login`);
    return [
      ...logins,
      ...[...this.#codes.values()].map(({ actor }) => `${name}: ${actor.id} awaits its code`),
    ];
  }

  close(): void {
    this.#server.close();
    for (const { actor } of [...this.#logins.values(), ...this.#codes.values()]) actor.stop();
    this.#logins.clear();
    this.#codes.clear();
    this.#actor.send({ type: 'stopped' });
  }

  #serve(request: HttpRequest, context: HttpContext): HttpResponse {
    const { path, query } = splitTarget(request.target);
    if (path === AUTHORIZE_PATH) {
      if (request.method === 'GET') return this.#authorize(parseForm(query));
      if (request.method === 'POST') return this.#login(formFields(request));
      return notAllowed('GET, POST');
    }
    if (path !== TOKEN_PATH) return errorPage(404, 'There is nothing here.');
    return request.method === 'POST' ? this.#token(formFields(request), context) : notAllowed('POST');
  }

  #authorize(fields: FormFields | undefined): HttpResponse {
    if (fields === undefined) return errorPage(400, 'The request cannot be read.');
    const judgement = judgeRequest(fields, this.#config.clients, this.#scopes);
    if ('untrusted' in judgement) return errorPage(400, judgement.untrusted);
    if ('error' in judgement) return redirect(judgement.redirectUri, judgement.error, judgement.state);
    const id = this.host.random('authorization').token(24);
    const authorization: Authorization = { id, request: judgement.request, actor: this.#spawn(id) };
    this.#logins.set(id, authorization);
    return loginPage(id);
  }

  #spawn(id: string): Authorization['actor'] {
    const { loginLifetimeS, codeLifetimeS, loginAttempts } = this.#policy;
    return this.host.spawn(authorizationMachine, {
      id: `authorization/${++this.#count}`,
      input: { loginMs: loginLifetimeS * 1000, codeMs: codeLifetimeS * 1000, attempts: loginAttempts },
      onDone: () => this.#forget(id),
    });
  }

  #forget(id: string): void {
    this.#logins.delete(id);
    for (const [code, authorization] of this.#codes) if (authorization.id === id) this.#codes.delete(code);
  }

  #login(fields: FormFields | undefined): HttpResponse {
    const authorization = this.#logins.get(formValue(fields ?? [], 'authorization') ?? '');
    if (fields === undefined || authorization === undefined) {
      return errorPage(400, 'This login is over. Please go back to where you came from.');
    }
    const { id, request, actor } = authorization;
    if (formValue(fields, 'decision') === 'deny') {
      actor.send({ type: 'denied' });
      return redirect(request.redirectUri, denied('the user does not allow it'), request.state);
    }
    const name = formValue(fields, 'username') ?? '';
    const user = this.#config.findUser(name);
    if (user !== undefined && samePassword(user.password, formValue(fields, 'password') ?? '')) {
      authorization.user = { ...user, name };
      return this.#issueCode(authorization);
    }
    actor.send({ type: 'credentials.refused' });
    if (this.#logins.has(id)) return loginPage(id, 'Name or password is wrong.');
    return redirect(request.redirectUri, denied('too many wrong passwords'), request.state);
  }

  #issueCode(authorization: Authorization): HttpResponse {
    const { id, request, actor } = authorization;
    const code = this.host.random('authorization code').token(32);
    authorization.code = code;
    this.#logins.delete(id);
    this.#codes.set(code, authorization);
    actor.send({ type: 'credentials.accepted' });
    return redirect(request.redirectUri, { code }, request.state);
  }

  #token(fields: FormFields | undefined, { clientCertificateNames }: HttpContext): HttpResponse {
    if (fields === undefined) {
      return tokenError({ error: 'invalid_request', description: `not a form of type ${FORM_TYPE}` });
    }
    const request = readTokenRequest(fields, this.#config.clients, clientCertificateNames);
    if ('error' in request) {
      if (request.error === 'invalid_client') this.#actor.send({ type: 'client.refused' });
      return tokenError(request);
    }
    this.#actor.send({ type: 'client.authenticated' });
    const authorization = this.#codes.get(request.code);
    // another client's attempt does not use the code up
    if (authorization === undefined || authorization.request.client !== request.client) {
      return tokenError({
        error: 'invalid_grant',
        description: 'the code is not good, or not good any more',
      });
    }
    const error = grantError(authorization.request, request);
    if (error !== undefined) {
      authorization.actor.send({ type: 'code.refused' });
      return tokenError(error);
    }
    const answer = this.#issueToken(authorization);
    authorization.actor.send({ type: 'code.redeemed' });
    return json(200, answer);
  }

  /** The answer of RFC 6749 5.1, with the identities that the WWSF hands on (24371-6.3.1-04). */
  #issueToken({ request, user }: Authorization): JsonObject {
    if (user === undefined) throw new Error('a code was issued before anyone logged in');
    const { issuer, audience } = this.#config;
    const { impi, impu, name } = user;
    const { scope, client } = request;
    const { tokenLifetimeS } = this.#policy;
    const now = wallClockS(this.host.kernel.now);
    const token = signJwt(
      { alg: 'ES256', secretKey: this.#secretKey },
      {
        iss: issuer,
        aud: audience,
        sub: name,
        impi,
        impu,
        wwsf: client.certificateName,
        scope,
        iat: now,
        nbf: now,
        exp: now + tokenLifetimeS,
        jti: this.host.random('token id').token(16),
      },
    );
    return { access_token: token, token_type: 'Bearer', expires_in: tokenLifetimeS, scope, impi, impu };
  }
}

/** The fields of a form that was posted; `undefined` when the body is none. */
function formFields(request: HttpRequest): FormFields | undefined {
  const type = header(request.headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type === FORM_TYPE ? parseForm(new TextDecoder().decode(request.body)) : undefined;
}

function samePassword(a: string, b: string): boolean {
  return constantTimeEqual(toUtf8(a), toUtf8(b));
}

function denied(description: string): RequestError {
  return { error: 'access_denied', description };
}

/** Sends the browser back to the client with an answer (RFC 6749 4.1.2, 4.1.2.1). */
function redirect(
  uri: string,
  answer: { readonly code: string } | RequestError,
  state: string | undefined,
): HttpResponse {
  const fields: [string, string][] =
    'code' in answer
      ? [['code', answer.code]]
      : [
          ['error', answer.error],
          ['error_description', answer.description],
        ];
  if (state !== undefined) fields.push(['state', state]);
  return httpResponse({
    status: 302,
    headers: { Location: withQuery(uri, fields), 'Cache-Control': 'no-store' },
  });
}

/**
 * RFC 6749 5.2: 400, also for `invalid_client`, since 401 would need a challenge (RFC 9110 15.5.2) and there is none for a
 * certificate.
 */
function tokenError({ error, description }: TokenError): HttpResponse {
  return json(400, { error, error_description: description });
}

function json(status: number, value: JsonObject): HttpResponse {
  return httpResponse({
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Pragma: 'no-cache' },
    body: JSON.stringify(value),
  });
}

function notAllowed(allow: string): HttpResponse {
  return httpResponse({ status: 405, headers: { Allow: allow } });
}
