import { describe, expect, it } from 'vitest';
import { parseJwt } from '../../src/crypto/index.js';
import { Kernel } from '../../src/kernel/index.js';
import {
  type Host,
  type HttpResult,
  httpServer,
  Network,
  httpRequest as send,
} from '../../src/network/index.js';
import {
  formValue,
  type HttpResponse,
  header,
  httpRequest,
  httpResponse,
  parseForm,
  serializeForm,
  splitTarget,
} from '../../src/wire/http/index.js';
import { type PolicyOf, policyWith } from '../common/index.js';
import { Waf, wafPolicy } from '../waf/index.js';
import { Wwsf, type WwsfConfig, wwsfPolicy } from './index.js';

const config: WwsfConfig = {
  domain: 'wwsf.example.com',
  clientId: 'wwsf-1',
  waf: 'waf.example.com',
  epCscf: 'wss://ep1.visited1.net/',
};

interface Options {
  readonly policy?: Partial<PolicyOf<typeof wwsfPolicy>>;
  readonly config?: Partial<WwsfConfig>;
  /** The name the WAF wants to see in the WWSF's certificate. */
  readonly certificateName?: string;
  readonly redirectUri?: string;
  /** What a WAF of paper answers in place of the real one. */
  readonly paperWaf?: (path: string) => HttpResponse | undefined;
}

class Bed {
  readonly kernel = new Kernel({ trace: true });
  readonly network = new Network(this.kernel);
  readonly browser: Host;
  readonly wwsf: Wwsf;
  readonly waf: Waf | undefined;
  readonly https: boolean;

  constructor({ policy = {}, config: changes = {}, certificateName, redirectUri, paperWaf }: Options = {}) {
    this.https = policy.https ?? true;
    const access = (ip: string): { access: string } => ({ access: ip });
    this.browser = this.network.addHost({ name: 'wic', role: 'WIC', addresses: access('198.51.100.5') });
    const { domain } = config;
    const host = this.network.addHost({
      name: 'wwsf',
      role: 'WWSF',
      addresses: access('192.0.2.20'),
      domain,
    });
    this.wwsf = new Wwsf(host, { ...config, ...changes }, policyWith(wwsfPolicy, policy));
    const wafHost = this.network.addHost({
      name: 'waf',
      role: 'WAF',
      addresses: access('192.0.2.21'),
      domain: 'waf.example.com',
    });
    if (paperWaf !== undefined) {
      const tls = { certificateNames: ['waf.example.com'] };
      httpServer(wafHost, { realm: 'access', port: 443, tls }, (request, respond) => {
        const answer = paperWaf(splitTarget(request.target).path);
        if (answer !== undefined) respond(answer);
      });
      return;
    }
    this.waf = new Waf(
      wafHost,
      {
        issuer: 'waf.example.com',
        signingSeed: new Uint8Array(32).fill(7),
        findUser: () => ({ password: 'wonderland', impi: 'p@home1.net', impu: 'sip:u@home1.net' }),
        clients: [
          {
            clientId: 'wwsf-1',
            redirectUri: redirectUri ?? 'https://wwsf.example.com/callback',
            certificateName: certificateName ?? 'wwsf.example.com',
          },
        ],
        audience: 'ep1.visited1.net',
      },
      policyWith(wafPolicy),
    );
  }

  fetch(url: string, form?: Readonly<Record<string, string>>): HttpResponse {
    let result: HttpResult | undefined;
    this.#send(url, form, (answer) => {
      result = answer;
    });
    this.kernel.run({}, () => result !== undefined);
    if (result === undefined || 'error' in result) throw new Error(result?.error ?? 'no answer');
    return result;
  }

  /** Sends a GET without waiting for its answer. */
  request(url: string, done: (status: number) => void): void {
    this.#send(url, undefined, (answer) => done('error' in answer ? 0 : answer.status));
  }

  #send(
    url: string,
    form: Readonly<Record<string, string>> | undefined,
    done: (answer: HttpResult) => void,
  ): void {
    const { hostname, protocol, pathname, search } = new URL(url);
    const secure = protocol === 'https:';
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const request = httpRequest({
      method: form === undefined ? 'GET' : 'POST',
      target: `${pathname}${search}`,
      headers: { Host: hostname, ...(form === undefined ? {} : type) },
      ...(form === undefined ? {} : { body: serializeForm(form) }),
    });
    const ip = this.network.resolve(hostname, 'access') ?? '';
    const to = { ip, port: secure ? 443 : 80 };
    const tls = secure ? { tls: { serverName: hostname } } : {};
    send(this.browser, { realm: 'access', to, request, timeoutUs: 60_000_000, ...tls }, done);
  }

  get own(): string {
    return `${this.https ? 'https' : 'http'}://wwsf.example.com`;
  }

  /** Goes through the login up to the redirect back to the WWSF. */
  callbackUrl(): string {
    const page = this.fetch(location(this.fetch(`${this.own}/login`)));
    const id = /name="authorization" value="([^"]*)"/.exec(text(page))?.[1] ?? '';
    const fields = { authorization: id, username: 'alice', password: 'wonderland' };
    return location(this.fetch('https://waf.example.com/authorize', fields));
  }
}

const text = ({ body }: HttpResponse): string => new TextDecoder().decode(body);
const location = (response: HttpResponse): string => {
  expect(response.status).toBe(302);
  return header(response.headers, 'location') ?? '';
};
const json = (value: unknown, status = 200): HttpResponse =>
  httpResponse({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });

describe('a WWSF', () => {
  it('serves the page of the WIC with a way to log in', () => {
    const bed = new Bed();
    const page = bed.fetch(`${bed.own}/`);
    expect(page.status).toBe(200);
    expect(text(page)).toContain('<a id="login" href="/login">');
    const ids = bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids);
    expect(ids).toEqual(['24371-5.3-01', '24371-6.1-04', '24371-6.1-05']);
  });

  it('sends the user to the WAF with state and an S256 challenge, fresh ones for each login', () => {
    const bed = new Bed();
    const seen = [1, 2].map(() => {
      const { path, query } = splitTarget(location(bed.fetch(`${bed.own}/login`)));
      expect(path).toBe('https://waf.example.com/authorize');
      return parseForm(query) ?? [];
    });
    const first = seen[0] ?? [];
    expect(first.map(([name]) => name)).toEqual([
      'response_type',
      'client_id',
      'redirect_uri',
      'scope',
      'state',
      'code_challenge',
      'code_challenge_method',
    ]);
    expect(formValue(first, 'redirect_uri')).toBe('https://wwsf.example.com/callback');
    for (const name of ['state', 'code_challenge']) {
      expect(new Set(seen.map((fields) => formValue(fields, name))).size, name).toBe(2);
    }
  });

  it('hands token, identities and eP-CSCF to the WIC', () => {
    const bed = new Bed();
    const answer = bed.fetch(bed.callbackUrl());
    expect(answer.status).toBe(200);
    expect(header(answer.headers, 'content-type')).toBe('application/json');
    expect(header(answer.headers, 'cache-control')).toBe('no-store');
    const given = JSON.parse(text(answer));
    expect(given).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      impi: 'p@home1.net',
      impu: 'sip:u@home1.net',
      epcscf: 'wss://ep1.visited1.net/',
    });
    const token = parseJwt(given.access_token);
    expect(token.ok && token.value.claims.wwsf).toBe('wwsf.example.com');
    expect(bed.wwsf.leftovers()).toEqual([]);
    expect(bed.kernel.trace?.of('unexpected')).toEqual([]);
    expect(bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids)).toEqual(
      expect.arrayContaining(['24371-6.3.1-04', '24371-6.3.1-05', '24371-6.3.1-08']),
    );
  });

  it('answers 400 to a state that it does not expect', () => {
    const bed = new Bed();
    const url = new URL(bed.callbackUrl());
    const good = url.href;
    url.searchParams.set('state', 'forged');
    expect(bed.fetch(url.href).status).toBe(400);
    expect(bed.fetch(`${bed.own}/callback`).status).toBe(400);
    expect(bed.fetch(good).status).toBe(200);
  });

  it('takes a code once only', () => {
    const bed = new Bed();
    const url = bed.callbackUrl();
    expect(bed.fetch(url).status).toBe(200);
    expect(bed.fetch(url).status).toBe(400);
  });

  it('takes a callback once only, also while it still asks the WAF', () => {
    const good = { access_token: 't', token_type: 'Bearer', expires_in: 1, impi: 'p', impu: 'u' };
    let asked = 0;
    const bed = new Bed({
      paperWaf: () => {
        asked++;
        return asked === 1 ? undefined : json(good);
      },
    });
    const { query } = splitTarget(location(bed.fetch(`${bed.own}/login`)));
    const url = `${bed.own}/callback?code=c&state=${formValue(parseForm(query) ?? [], 'state')}`;
    const first: number[] = [];
    bed.request(url, (status) => first.push(status));
    bed.kernel.run({}, () => asked === 1);
    expect(bed.fetch(url).status).toBe(400);
    expect(asked).toBe(1);
    bed.kernel.run({}, () => first.length === 1);
    // the WAF has not answered within 30 s
    expect(first).toEqual([502]);
  });

  it('answers 403 to a user whose code is no longer good', () => {
    const bed = new Bed();
    const url = bed.callbackUrl();
    bed.kernel.run({ untilUs: bed.kernel.now + 61_000_000 });
    const answer = bed.fetch(url);
    expect(answer.status).toBe(403);
    expect(text(answer)).toContain('The login is not good any more.');
    expect(bed.wwsf.leftovers()).toEqual([]);
  });

  it('answers 403 when the WAF does not allow it', () => {
    const bed = new Bed();
    const state = formValue(
      parseForm(splitTarget(location(bed.fetch(`${bed.own}/login`))).query) ?? [],
      'state',
    );
    const answer = bed.fetch(`${bed.own}/callback?error=access_denied&state=${state}`);
    expect(answer.status).toBe(403);
    expect(bed.wwsf.leftovers()).toEqual([]);
  });

  it('answers 502 when the WAF does not take its certificate', () => {
    const bed = new Bed({ certificateName: 'another.example.com' });
    const answer = bed.fetch(bed.callbackUrl());
    expect(answer.status).toBe(502);
    expect(text(answer)).toContain('invalid_client');
  });

  it('answers 502 when the WAF gives no good answer, or none', () => {
    const good = { access_token: 't', token_type: 'Bearer', expires_in: 1, impi: 'p', impu: 'u' };
    const answers: (HttpResponse | undefined)[] = [
      json({ ...good, token_type: 'mac' }),
      json({ ...good, impu: undefined }),
      json('token'),
      httpResponse({ status: 200, headers: { 'Content-Type': 'application/json' }, body: '{' }),
      httpResponse({ status: 200, headers: { 'Content-Type': 'text/html' }, body: JSON.stringify(good) }),
      json({ error: 'server_error' }, 500),
      undefined,
    ];
    for (const answer of answers) {
      const bed = new Bed({ paperWaf: () => answer });
      const { query } = splitTarget(location(bed.fetch(`${bed.own}/login`)));
      const state = formValue(parseForm(query) ?? [], 'state');
      expect(bed.fetch(`${bed.own}/callback?code=c&state=${state}`).status).toBe(502);
      expect(bed.wwsf.leftovers()).toEqual([]);
    }
    const lower = new Bed({ paperWaf: () => json({ ...good, token_type: 'bearer' }) });
    const { query } = splitTarget(location(lower.fetch(`${lower.own}/login`)));
    const state = formValue(parseForm(query) ?? [], 'state');
    expect(lower.fetch(`${lower.own}/callback?code=c&state=${state}`).status).toBe(200);
    const nowhere = new Bed({ config: { waf: 'nowhere.example.com' } });
    const there = splitTarget(location(nowhere.fetch(`${nowhere.own}/login`))).query;
    const known = formValue(parseForm(there) ?? [], 'state');
    expect(nowhere.fetch(`${nowhere.own}/callback?code=c&state=${known}`).status).toBe(502);
  });

  it('waits 300 seconds for a user to come back', () => {
    const bed = new Bed();
    const { query } = splitTarget(location(bed.fetch(`${bed.own}/login`)));
    const state = formValue(parseForm(query) ?? [], 'state');
    expect(bed.wwsf.leftovers()).toEqual(['wwsf: login/1 awaitingCallback']);
    bed.kernel.run();
    expect(bed.wwsf.leftovers()).toEqual([]);
    expect(bed.fetch(`${bed.own}/callback?code=c&state=${state}`).status).toBe(400);
  });

  it('works over plain HTTP when policy says so', () => {
    const bed = new Bed({ policy: { https: false }, redirectUri: 'http://wwsf.example.com/callback' });
    expect(bed.fetch('http://wwsf.example.com/').status).toBe(200);
    expect(bed.fetch(bed.callbackUrl()).status).toBe(200);
    const ids = bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids);
    expect(ids).not.toContain('24371-6.1-05');
  });

  it('answers other paths and methods as HTTP has it', () => {
    const bed = new Bed();
    expect(bed.fetch(`${bed.own}/favicon.ico`).status).toBe(404);
    expect(bed.fetch(`${bed.own}/login`, {}).status).toBe(405);
  });

  it('leaves nothing behind when it is closed', () => {
    const bed = new Bed();
    bed.fetch(`${bed.own}/login`);
    bed.callbackUrl();
    bed.wwsf.close();
    bed.waf?.close();
    expect(bed.wwsf.leftovers()).toEqual([]);
    bed.kernel.run({ untilUs: bed.kernel.now + 10_000_000 });
    expect(bed.kernel.failure).toBeUndefined();
    expect(bed.kernel.pending).toBe(0);
    expect(bed.network.hosts.flatMap((host) => host.describeSockets())).toEqual([]);
  });
});
