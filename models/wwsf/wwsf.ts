import type { ActorRefFrom } from 'xstate';
import { sha256, toBase64Url, toUtf8 } from '../../src/crypto/index.js';
import { type Host, httpRequest, httpServer } from '../../src/network/index.js';
import {
  type FormFields,
  formValue,
  type HttpRequest,
  type HttpResponse,
  httpResponse,
  httpRequest as makeRequest,
  parseForm,
  serializeForm,
  splitTarget,
  withQuery,
} from '../../src/wire/http/index.js';
import type { Entity } from '../common/index.js';
import { type LoginPort, loginMachine } from './login.js';
import { wwsfMachine } from './machine.js';
import type { WwsfPolicy } from './policy.js';
import { type GrantedToken, readTokenAnswer } from './token-answer.js';

/** Where a WWSF stands. */
export interface WwsfConfig {
  /** Own domain name, which its certificate carries on W1 and W4. */
  readonly domain: string;
  /** What the WAF knows it by. */
  readonly clientId: string;
  /** Domain name of the WAF. */
  readonly waf: string;
  /** The scope to ask for. Default `ims.register`. */
  readonly scope?: string;
  /** URI of the eP-CSCF for the WIC, such as `wss://ep1.visited1.net/` (24371-6.2.1.1-01). */
  readonly epCscf: string;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** How a request is answered. */
type Respond = (response: HttpResponse) => void;

/**
 * The WebRTC web server function (24371-5.3): gives the browser the WIC, sends its user to the WAF, and hands access token
 * and IMS identities to the WIC. Towards the WAF it is an OAuth 2.0 client (RFC 6749 4.1, RFC 7636).
 */
export class Wwsf implements Entity {
  readonly host: Host;
  readonly #config: WwsfConfig;
  readonly #policy: WwsfPolicy;
  readonly #redirectUri: string;
  readonly #page: HttpResponse;
  readonly #actor: ActorRefFrom<typeof wwsfMachine>;
  readonly #server: { close(): void };
  readonly #logins = new Set<Login>();
  /** By `state`, until its user is back. */
  readonly #awaited = new Map<string, Login>();
  #count = 0;

  constructor(host: Host, config: WwsfConfig, policy: WwsfPolicy) {
    this.host = host;
    this.#config = config;
    this.#policy = policy;
    this.#redirectUri = `${policy.https ? 'https' : 'http'}://${config.domain}/callback`;
    this.#page = applicationPage(config.domain);
    this.#actor = host.spawn(wwsfMachine, { id: 'wwsf', input: { https: policy.https } });
    const tls = { certificateNames: [config.domain] };
    const where = policy.https ? { port: HTTPS_PORT, tls } : { port: HTTP_PORT };
    this.#server = httpServer(host, { realm: 'access', ...where }, (request, respond) =>
      this.#serve(request, respond),
    );
  }

  leftovers(): readonly string[] {
    return [...this.#logins].map(
      ({ actor }) => `${this.host.name}: ${actor.id} ${actor.getSnapshot().value}`,
    );
  }

  close(): void {
    this.#server.close();
    for (const { actor } of this.#logins) actor.stop();
    this.#logins.clear();
    this.#awaited.clear();
    this.#actor.send({ type: 'stopped' });
  }

  #serve(request: HttpRequest, respond: Respond): void {
    const { path, query } = splitTarget(request.target);
    if (path !== '/' && path !== '/login' && path !== '/callback') {
      respond(errorPage(404, 'There is nothing here.'));
    } else if (request.method !== 'GET') {
      respond(httpResponse({ status: 405, headers: { Allow: 'GET' } }));
    } else if (path === '/') {
      this.#actor.send({ type: 'page.served' });
      respond(this.#page);
    } else if (path === '/login') respond(this.#begin());
    else this.#callback(parseForm(query) ?? [], respond);
  }

  /** Sends the user to the WAF (RFC 6749 4.1.1, RFC 7636 4.3). */
  #begin(): HttpResponse {
    const { host } = this;
    const state = host.random('oauth state').token(32);
    const login = new Login(toBase64Url(host.random('code verifier').bytes(32)), (code, verifier) =>
      this.#exchange(login, code, verifier),
    );
    login.actor = host.spawn(loginMachine, {
      id: `login/${++this.#count}`,
      input: { callbackMs: this.#policy.callbackTimeoutS * 1000 },
      port: login,
      onDone: () => {
        this.#logins.delete(login);
        this.#awaited.delete(state);
      },
    });
    this.#logins.add(login);
    this.#awaited.set(state, login);
    const { waf, clientId, scope = 'ims.register' } = this.#config;
    const location = withQuery(`https://${waf}/authorize`, {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: this.#redirectUri,
      scope,
      state,
      code_challenge: toBase64Url(sha256(toUtf8(login.verifier))),
      code_challenge_method: 'S256',
    });
    return httpResponse({ status: 302, headers: { Location: location, 'Cache-Control': 'no-store' } });
  }

  /** The user is back from the WAF (RFC 6749 4.1.2). A state serves once (RFC 6749 10.12). */
  #callback(fields: FormFields, respond: Respond): void {
    const state = formValue(fields, 'state') ?? '';
    const login = this.#awaited.get(state);
    const code = formValue(fields, 'code');
    const error = formValue(fields, 'error');
    if (login === undefined || (code === undefined && error === undefined)) {
      respond(errorPage(400, 'Nobody was expected here. Please log in again.'));
      return;
    }
    this.#awaited.delete(state);
    if (code === undefined) {
      login.actor.send({ type: 'authorization.refused' });
      respond(errorPage(403, `The WAF does not allow it: ${error}.`));
      return;
    }
    login.code = code;
    login.respond = respond;
    login.actor.send({ type: 'code.received' });
  }

  /** Asks for the token on W4, where both sides show certificates (24371-6.3.1-05; RFC 6749 4.1.3). */
  #exchange(login: Login, code: string, verifier: string): void {
    const { host } = this;
    const { waf, clientId, domain } = this.#config;
    const ip = host.network.resolve(waf, 'access');
    if (ip === undefined) {
      this.#finish(login, readTokenAnswer({ error: `there is no ${waf}` }));
      return;
    }
    const request = makeRequest({
      method: 'POST',
      target: '/token',
      headers: { Host: waf, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      body: serializeForm({
        grant_type: 'authorization_code',
        code,
        redirect_uri: this.#redirectUri,
        client_id: clientId,
        code_verifier: verifier,
      }),
    });
    const tls = { serverName: waf, clientCertificateNames: [domain] };
    httpRequest(host, { realm: 'access', to: { ip, port: HTTPS_PORT }, tls, request }, (result) =>
      this.#finish(login, readTokenAnswer(result)),
    );
  }

  #finish(login: Login, answer: ReturnType<typeof readTokenAnswer>): void {
    const { respond } = login;
    if (!this.#logins.has(login) || respond === undefined) return;
    if ('status' in answer) {
      login.actor.send({ type: 'exchange.failed' });
      respond(errorPage(answer.status, answer.what));
      return;
    }
    login.actor.send({ type: 'token.received' });
    if (this.#policy.https) this.host.realises('24371-6.3.1-08');
    respond(deliver(answer, this.#config.epCscf));
  }
}

/** The object beside a login's machine. */
class Login implements LoginPort {
  actor!: ActorRefFrom<typeof loginMachine>;
  /** RFC 7636 4.1. */
  readonly verifier: string;
  code = '';
  /** Answers the callback. */
  respond: Respond | undefined;
  readonly #ask: (code: string, verifier: string) => void;

  constructor(verifier: string, ask: (code: string, verifier: string) => void) {
    this.verifier = verifier;
    this.#ask = ask;
  }

  exchange(): void {
    this.#ask(this.code, this.verifier);
  }
}

/** What the WIC needs in order to register (24371-6.3.1-04, 24371-6.2.1.1-01). */
function deliver(
  { accessToken, tokenType, expiresIn, impi, impu }: GrantedToken,
  epCscf: string,
): HttpResponse {
  return httpResponse({
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify({
      access_token: accessToken,
      token_type: tokenType,
      expires_in: expiresIn,
      impi,
      impu,
      epcscf: epCscf,
    }),
  });
}

/** The page that stands for the code of the WIC. */
function applicationPage(domain: string): HttpResponse {
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Calls from ${domain}</title></head>
<body>
<h1>Calls from ${domain}</h1>
<p><a id="login" href="/login">Log in</a></p>
<script type="module">/* the WebRTC IMS client runs here */</script>
</body>
</html>
`;
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' };
  return httpResponse({ status: 200, headers, body: page });
}

function errorPage(status: number, what: string): HttpResponse {
  const text = what.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return httpResponse({
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' },
    body: `<!doctype html>\n<title>This does not work</title>\n<p>${text}</p>\n`,
  });
}
