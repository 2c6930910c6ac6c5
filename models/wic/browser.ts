import { type Host, HttpClient, type HttpResult } from '../../src/network/index.js';
import {
  type HttpResponse,
  header,
  httpRequest as makeRequest,
  serializeForm,
} from '../../src/wire/http/index.js';
import { portOf } from './connection.js';

/** Where a visit ended, and what came back there. */
export interface Visited {
  readonly url: URL;
  readonly status: number;
  /** Media type in lower case, without parameters. */
  readonly type: string;
  readonly body: string;
}

/** What a visit comes to. */
export type VisitResult = Visited | { readonly error: string };

/** Most redirects in a row (WHATWG Fetch 4.4). */
const MOST_REDIRECTS = 20;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Visit {
  readonly url: URL;
  /** The body of a POST; a GET has none. */
  readonly form?: string;
  /** The origin of the page from which a form is sent (RFC 6454 7). */
  readonly origin?: string;
  readonly redirects: number;
}

/** The part of a web browser that fetches: follows redirects, keeps no cookies, runs no scripts. */
export class Browser {
  readonly #host: Host;
  readonly #realm: string;
  readonly #client: HttpClient;

  /** @param realm the realm in which names are looked up */
  constructor(host: Host, realm: string) {
    this.#host = host;
    this.#realm = realm;
    this.#client = new HttpClient(host);
  }

  /** Opens a page. `done` is called once. */
  open(url: URL, done: (result: VisitResult) => void): void {
    this.#visit({ url, redirects: 0 }, done);
  }

  /** Sends a form by POST from the page at `from`. `done` is called once. */
  submit(
    from: URL,
    action: string,
    fields: readonly (readonly [string, string])[],
    done: (result: VisitResult) => void,
  ): void {
    const url = new URL(action, from);
    this.#visit({ url, form: serializeForm(fields), origin: from.origin, redirects: 0 }, done);
  }

  /** Closes the connections that are kept for further requests, as closing the window does. */
  close(): void {
    this.#client.close();
  }

  #visit(visit: Visit, done: (result: VisitResult) => void): void {
    const { url, form, origin } = visit;
    const ip = this.#host.network.resolve(url.hostname, this.#realm);
    if (ip === undefined) {
      done({ error: `there is no ${url.hostname}` });
      return;
    }
    const secure = url.protocol === 'https:';
    const headers: Record<string, string> = { Host: url.host, Accept: 'text/html, application/json' };
    if (origin !== undefined) headers.Origin = origin;
    if (form !== undefined) headers['Content-Type'] = 'application/x-www-form-urlencoded';
    const method = form === undefined ? 'GET' : 'POST';
    const target = `${url.pathname}${url.search}`;
    const request = makeRequest({ method, target, headers, ...(form === undefined ? {} : { body: form }) });
    this.#client.request(
      {
        realm: this.#realm,
        to: { ip, port: portOf(url) },
        request,
        ...(secure ? { tls: { serverName: url.hostname } } : {}),
      },
      (result) => this.#answered(visit, result, done),
    );
  }

  #answered(visit: Visit, result: HttpResult, done: (result: VisitResult) => void): void {
    if ('error' in result) {
      done({ error: `${visit.url.host}: ${result.error}` });
      return;
    }
    const location = REDIRECTS.has(result.status) ? header(result.headers, 'location') : undefined;
    if (location === undefined) done(visited(visit.url, result));
    else if (visit.redirects === MOST_REDIRECTS) done({ error: 'too many redirects' });
    else if (!URL.canParse(location, visit.url.href)) done({ error: `${visit.url.host}: bad redirect` });
    else {
      const url = new URL(location, visit.url);
      const redirects = visit.redirects + 1;
      // 307 and 308 repeat the request, the others make it a GET (RFC 9110 15.4, WHATWG Fetch 4.4)
      this.#visit(result.status >= 307 ? { ...visit, url, redirects } : { url, redirects }, done);
    }
  }
}

function visited(url: URL, { status, headers, body }: HttpResponse): Visited {
  const type = header(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return { url, status, type, body: new TextDecoder().decode(body) };
}
