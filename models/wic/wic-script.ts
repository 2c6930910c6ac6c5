import type { ActorRefFrom } from 'xstate';
import { toHex } from '../../src/crypto/index.js';
import type { Host, WebSocketConnection } from '../../src/network/index.js';
import {
  ACCESS_TIMERS,
  type ServerTransaction,
  SipEndpoint,
  type SipFlow,
  type SipTimers,
} from '../../src/stack/sip/index.js';
import { ownText, SipUserAgent, type UserAgentCallbacks } from '../../src/stack/sip-ua/index.js';
import { parseRetryAfter, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { Browser } from './browser.js';
import { type ConnectionUser, openWebSocket, portOf } from './connection.js';
import type { RefusalCause, WicPort, wicMachine } from './machine.js';
import type { WicPolicy } from './policy.js';
import { bearerAuthorization, makeRegister, readRegistrationGrant } from './register-request.js';
import { RegistrationWatch, type WatchedRegistration } from './registration-watch.js';
import { type WebCredentials, type WebGrant, webLogin } from './web-login.js';
import type { WicPhone } from './wic-phone.js';

/** The realm in which a WIC lives. */
const REALM = 'access';

/** From this duration on a registration is refreshed a fixed time before its end, below that at half (TS 24.229 5.1.1.4.1). */
const LONG_REGISTRATION_S = 1200;
const REFRESH_BEFORE_S = 600;

/** The claims of a token are whole seconds, so that it may end up to one second sooner (RFC 7519 2). */
const CLAIM_GRAIN_S = 1;

const SECOND_US = 1_000_000;

/** Methods that a WIC answers. */
const METHODS = 'INVITE ACK CANCEL BYE PRACK UPDATE INFO OPTIONS NOTIFY MESSAGE'.split(' ');

/** A token and when it ends, in microseconds of virtual time. */
interface Token extends WebGrant {
  readonly endsAtUs: number;
}

/** The SIP side of the page: made when it first connects, kept until the page is left. */
export interface SipSide {
  readonly endpoint: SipEndpoint;
  readonly ua: SipUserAgent;
  /** Contact URI with a host that names nobody (24371-6.2.1.1-04). */
  readonly contactUri: string;
  readonly callId: string;
  /** Route value of the eP-CSCF, which comes before the Service-Route (TS 24.229 5.1.2A.1.1). */
  readonly route: string;
}

const timersFor = (): SipTimers => ACCESS_TIMERS;

/** The object beside the WIC's machine: what the script in the page holds and does. */
export class WicScript implements WicPort, WatchedRegistration, ConnectionUser, UserAgentCallbacks {
  actor!: ActorRefFrom<typeof wicMachine>;
  phone: WicPhone | undefined;
  /** URL of the page of the WWSF. */
  page: string | undefined;
  credentials: WebCredentials | undefined;
  token: Token | undefined;
  sip: SipSide | undefined;
  flow: SipFlow | undefined;
  serviceRoute: readonly string[] = [];
  identities: readonly string[] = [];
  pubGruu: string | undefined;
  readonly #host: Host;
  readonly #policy: WicPolicy;
  readonly #browser: Browser;
  /** `urn:uuid:` of this browser, the same for all its pages (RFC 5626 4.1). */
  readonly #instance: string;
  readonly #initialRequest: (method: string, uri: string, headers: [string, string][]) => SipRequest;
  #connection: WebSocketConnection | undefined;
  #watch: RegistrationWatch | undefined;
  #sequence = 0;
  #registeredUntilUs = 0;
  /** Counts what was begun on the web; answers to what came before are not listened to. */
  #visit = 0;
  /** The same for REGISTERs and for calls that are being ended. */
  #attempt = 0;

  constructor(
    host: Host,
    policy: WicPolicy,
    initialRequest: (method: string, uri: string, headers: [string, string][]) => SipRequest,
  ) {
    this.#host = host;
    this.#policy = policy;
    this.#browser = new Browser(host, REALM);
    this.#instance = ownText(`urn:uuid:${randomUuid(host.random('sip instance').bytes(16))}`);
    this.#initialRequest = initialRequest;
  }

  /** Dialogs besides that of the registration's own subscription. */
  get callDialogs(): number {
    return this.sip === undefined ? 0 : this.sip.ua.openDialogs - (this.#watch?.dialogs ?? 0);
  }

  loadPage(): void {
    const visit = ++this.#visit;
    if (this.page === undefined) throw new Error('a page is loaded before it was opened');
    const page = new URL(this.page);
    this.#browser.open(page, (result) => {
      if (visit !== this.#visit) return;
      if ('error' in result) this.#webFailed(result.error, false);
      else if (result.status !== 200) this.#webFailed(`${page.host}: HTTP ${result.status}`, true);
      else {
        this.#host.realises('24371-6.1-04', ...(page.protocol === 'https:' ? ['24371-6.1-05'] : []));
        this.actor.send({ type: 'page.loaded' });
      }
    });
  }

  login(): void {
    const { page, credentials } = this;
    const visit = ++this.#visit;
    if (page === undefined || credentials === undefined) throw new Error('a login without a page');
    let submittedAtUs = 0;
    const { kernel } = this.#host;
    webLogin(
      this.#browser,
      new URL('/login', page),
      credentials,
      () => {
        submittedAtUs = kernel.now;
      },
      (result) => {
        this.#browser.close();
        if (visit !== this.#visit) return;
        if ('reason' in result) {
          this.#webFailed(result.reason, result.refused);
          return;
        }
        const endsAtUs = submittedAtUs + (result.expiresInS - CLAIM_GRAIN_S) * SECOND_US;
        const { accessToken, expiresInS, impi, impu, epCscf } = result;
        this.token = { accessToken, expiresInS, impi, impu, epCscf, endsAtUs };
        this.actor.send({ type: 'token.received' });
      },
    );
  }

  #webFailed(reason: string, refused: boolean): void {
    this.#browser.close();
    this.actor.send({ type: 'web.failed', reason, refused, leftMs: this.#registrationLeftMs() });
  }

  connect(): void {
    this.#visit++;
    const token = this.#token();
    if (this.#secondsLeft(token) < 1) this.actor.send({ type: 'token.expired' });
    else if (this.flow !== undefined) this.actor.send({ type: 'connected' });
    else this.#openWebSocket(new URL(token.epCscf));
  }

  #openWebSocket(url: URL): void {
    this.sip ??= this.#makeSipSide(url);
    const origin = this.page === undefined ? 'null' : new URL(this.page).origin;
    this.#connection = openWebSocket(this.#host, REALM, url, origin, this);
    if (this.#connection === undefined) this.#connectionFailed(`there is no ${url.hostname}`, false);
  }

  /** The opening handshake is done. */
  connected(connection: WebSocketConnection): void {
    this.flow = this.#sipSide().endpoint.attachWebSocket(connection, { realm: REALM });
    this.#host.realises('24371-5.2-03');
    if (connection.stream.secure) this.#host.realises('24371-6.2.1.1-02', '24371-6.2.2-02');
    this.actor.send({ type: 'connected' });
  }

  /** A connection has ended; once open, its end is told by the flow. */
  disconnected(connection: WebSocketConnection | undefined, reason: string, refused: boolean): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (this.flow === undefined) this.#connectionFailed(reason, refused);
  }

  #connectionFailed(reason: string, refused: boolean): void {
    this.actor.send({ type: 'connection.failed', reason, fatal: refused || reason.startsWith('tls:') });
  }

  #makeSipSide(url: URL): SipSide {
    const host = this.#host;
    const random = host.random('sip address');
    const sentBy = ownText(`${random.token(12)}.invalid`);
    const contactUri = ownText(`sip:${random.token(8)}@${sentBy};transport=ws`);
    let endpoint: SipEndpoint | undefined;
    const ua = new SipUserAgent(host, {
      endpoint: (user) => {
        endpoint = new SipEndpoint(host, { user, sentBy, methods: METHODS, timersFor });
        return endpoint;
      },
      contact: ownText(`<${contactUri};ob>`),
      realm: REALM,
      timersFor,
      on: this,
    });
    if (endpoint === undefined) throw new Error('the user agent made no endpoint');
    const route = ownText(`<sip:${url.hostname}:${portOf(url)};transport=ws;lr>`);
    const callId = ownText(`wicreg-${random.token(6)}@${sentBy}`);
    return { endpoint, ua, contactUri, callId, route };
  }

  invite(transaction: ServerTransaction): void {
    if (this.phone === undefined) this.sip?.ua.respond(transaction, 480);
    else this.phone.onInvite(transaction);
  }

  request(transaction: ServerTransaction): void {
    const ua = this.sip?.ua;
    if (this.phone?.onRequest === undefined)
      ua?.respond(transaction, 405, { headers: [['Allow', ua.allow]] });
    else this.phone.onRequest(transaction);
  }

  flowClosed(flow: SipFlow, reason: string): void {
    if (flow !== this.flow) return;
    this.#leaveFlow();
    this.actor.send({ type: 'flow.lost', reason });
  }

  dropFlow(): void {
    const connection = this.#leaveFlow();
    if (connection?.state === 'open') connection.close();
    else connection?.stream.abort();
  }

  /** Lets go of the connection; its end is not listened to. */
  #leaveFlow(): WebSocketConnection | undefined {
    const connection = this.#connection;
    const { flow } = this;
    this.#connection = undefined;
    this.flow = undefined;
    this.#attempt++;
    if (flow !== undefined) this.phone?.onFlowLost?.();
    return connection;
  }

  register(expiresS: number): void {
    this.#visit++;
    const token = this.#token();
    const leftS = this.#secondsLeft(token);
    if (leftS < expiresS) this.#host.realises('24371-6.2.2-08');
    this.#sendRegister(Math.min(expiresS, leftS), (status, response) => {
      const grant =
        response === undefined || status >= 300
          ? undefined
          : readRegistrationGrant(response, this.contactUri);
      if (grant === undefined) {
        this.#refused(status, response, expiresS);
        return;
      }
      this.serviceRoute = grant.serviceRoute;
      this.identities = grant.identities.length > 0 ? grant.identities : [token.impu];
      this.pubGruu = grant.pubGruu;
      const lastsS = Math.min(grant.expiresS, this.#secondsLeft(token));
      this.#registeredUntilUs = this.#host.kernel.now + lastsS * SECOND_US;
      const refreshS = lastsS > LONG_REGISTRATION_S ? lastsS - REFRESH_BEFORE_S : lastsS / 2;
      // a refresh has to be able to last as long again (24371-6.2.2-06, -08)
      const renewFirst = this.#secondsLeft(token) - refreshS < lastsS;
      this.actor.send({ type: 'registered', refreshMs: refreshS * 1000, renewFirst });
    });
  }

  #refused(status: number, response: SipResponse | undefined, askedS: number): void {
    const minExpiresS = Number(response?.headers.get('min-expires') ?? 0);
    const retryAfter = parseRetryAfter(response?.headers.get('retry-after') ?? '');
    const answered = response !== undefined && status < 300;
    const reason = answered
      ? 'the registrar keeps no binding'
      : `${status} ${response?.reason ?? ''}`.trimEnd();
    this.actor.send({
      type: 'refused',
      cause: answered ? 'final' : causeOf(status, minExpiresS > askedS),
      reason: `REGISTER: ${reason}`,
      minExpiresS,
      retryAfterMs: retryAfter.ok ? retryAfter.value.seconds * 1000 : 0,
      leftMs: this.#registrationLeftMs(),
    });
  }

  #sendRegister(expiresS: number, done: (status: number, response: SipResponse | undefined) => void): void {
    const { flow } = this;
    const attempt = ++this.#attempt;
    // the end of the connection is on its way
    if (flow === undefined) return;
    const { ua, contactUri, callId } = this.#sipSide();
    const { impi, impu, accessToken } = this.#token();
    const authorization = bearerAuthorization(accessToken, this.#policy.bearerProfile);
    const instance = this.#instance;
    const sequence = ++this.#sequence;
    const parts = { impi, impu, callId, sequence, contactUri, instance, expiresS, authorization };
    ua.send(
      makeRegister(parts),
      { flow },
      {
        done: (status, response) => {
          const flowGone = response === undefined && !flow.open;
          if (attempt === this.#attempt && !flowGone) done(status, response);
        },
      },
    );
  }

  watch(): void {
    this.#watch ??= new RegistrationWatch(this.#host, this);
    this.#watch.begin(this.#sipSide().ua);
  }

  get contactUri(): string {
    return this.#sipSide().contactUri;
  }

  get impu(): string {
    return this.#token().impu;
  }

  get registered(): boolean {
    return this.actor.getSnapshot().matches('registered');
  }

  makeSubscribe(headers: [name: string, value: string][]): SipRequest {
    return this.#initialRequest('SUBSCRIBE', this.identities[0] ?? this.impu, headers);
  }

  endedByNetwork(event: string): void {
    const reason = `registration ended by the network: ${event}`;
    this.actor.send({ type: 'terminated by network', reason, again: event === 'deactivated' });
  }

  shortenedByNetwork(expiresS: number): void {
    this.#registeredUntilUs = this.#host.kernel.now + expiresS * SECOND_US;
    this.actor.send({ type: 'shortened', refreshMs: (expiresS * 1000) / 2 });
  }

  endCalls(): void {
    const { phone } = this;
    const attempt = ++this.#attempt;
    this.#visit++;
    if (phone === undefined || phone.openCalls === 0) {
      this.actor.send({ type: 'calls.ended' });
      return;
    }
    this.#host.realises('24371-6A.2-05');
    phone.endCalls(() => {
      if (attempt === this.#attempt) this.actor.send({ type: 'calls.ended' });
    });
  }

  deregister(): void {
    this.#sendRegister(0, () => this.actor.send({ type: 'deregistered' }));
  }

  disconnect(): void {
    this.#attempt++;
    this.#visit++;
    if (this.flow === undefined) this.actor.send({ type: 'flow.lost', reason: 'closed' });
    else this.sip?.endpoint.closeFlow(this.flow);
  }

  forget(): void {
    this.#visit++;
    this.dropFlow();
    const { sip } = this;
    this.sip = undefined;
    this.token = undefined;
    this.serviceRoute = [];
    this.identities = [];
    this.pubGruu = undefined;
    this.#watch?.stop();
    this.#watch = undefined;
    if (sip === undefined) return;
    this.phone?.onGone?.();
    sip.endpoint.close();
  }

  /** Gives up everything without a word to the network. */
  close(): void {
    // its transactions hear of the end before the endpoint forgets them
    this.#leaveFlow()?.stream.abort();
    this.forget();
    this.#browser.close();
  }

  /** Adds the token to a request other than REGISTER where policy wants it (24371-7.2.1-04). */
  authorize(request: SipRequest): void {
    const { token } = this;
    if (!this.#policy.bearerInAllRequests || token === undefined || request.headers.has('authorization'))
      return;
    request.headers.append(
      'Authorization',
      bearerAuthorization(token.accessToken, this.#policy.bearerProfile),
    );
    this.#host.realises('24371-7.2.1-04');
  }

  /** RFC 5626 4.5 with one flow: half to all of base * 2^failures, up to a maximum. */
  backoffMs(failures: number): number {
    const { retryBaseS, retryMaxS } = this.#policy;
    const longestS = Math.min(retryMaxS, retryBaseS * 2 ** failures);
    return longestS * 1000 * (0.5 + this.#host.random('flow recovery').uniform() / 2);
  }

  #secondsLeft(token: Token): number {
    return Math.max(0, Math.floor((token.endsAtUs - this.#host.kernel.now) / SECOND_US));
  }

  #registrationLeftMs(): number {
    return Math.max(0, (this.#registeredUntilUs - this.#host.kernel.now) / 1000);
  }

  #token(): Token {
    if (this.token === undefined) throw new Error('there is no access token');
    return this.token;
  }

  #sipSide(): SipSide {
    if (this.sip === undefined) throw new Error('there is no connection');
    return this.sip;
  }
}

/** What a refusal means for the next step (24371-6.2.2-07; RFC 3261 10.3, 21; TS 24.229 5.1.1.2, 5.1.1.4). */
function causeOf(status: number, longerWanted: boolean): RefusalCause {
  if (status === 401 || status === 403) return 'token';
  if (status === 423 && longerWanted) return 'interval';
  return status === 408 || status === 430 || status === 480 || (status >= 500 && status < 600)
    ? 'unavailable'
    : 'final';
}

/** A version 4 UUID (RFC 4122 4.4). */
function randomUuid(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
