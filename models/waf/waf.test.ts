import { beforeEach, describe, expect, it } from 'vitest';
import { sha256, toBase64Url, toUtf8, verifyJwt } from '../../src/crypto/index.js';
import { Kernel } from '../../src/kernel/index.js';
import { type Host, type HttpResult, Network, httpRequest as send } from '../../src/network/index.js';
import {
  type HttpResponse,
  header,
  httpRequest,
  parseForm,
  serializeForm,
  splitTarget,
} from '../../src/wire/http/index.js';
import { EPOCH_S, policyWith, wallClockS } from '../common/index.js';
import { Waf, type WafConfig, wafPolicy, wafPublicKey } from './index.js';

const redirectUri = 'https://wwsf.example.com/callback';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
/** RFC 7636 appendix B has this pair. */
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

const asked = {
  response_type: 'code',
  client_id: 'wwsf-1',
  redirect_uri: redirectUri,
  scope: 'ims.register',
  state: 'st/&1',
  code_challenge: challenge,
  code_challenge_method: 'S256',
};

const config: WafConfig = {
  issuer: 'waf.example.com',
  signingSeed: new Uint8Array(32).fill(7),
  findUser: (name) =>
    name === 'alice'
      ? {
          password: 'wonderland',
          impi: 'user1_private@home1.net',
          impu: 'sip:user1_public1@home1.net',
        }
      : undefined,
  clients: [
    { clientId: 'wwsf-1', redirectUri, certificateName: 'wwsf.example.com' },
    { clientId: 'other', redirectUri: 'https://other.example/', certificateName: 'other.example' },
  ],
  audience: 'ep1.visited1.net',
};

describe('a WAF', () => {
  let kernel: Kernel;
  let network: Network;
  let client: Host;
  let waf: Waf;

  beforeEach(() => {
    kernel = new Kernel({ trace: true });
    network = new Network(kernel);
    client = network.addHost({ name: 'client', role: 'WWSF', addresses: { access: '192.0.2.20' } });
    const host = network.addHost({
      name: 'waf',
      role: 'WAF',
      addresses: { access: '192.0.2.21' },
      domain: 'waf.example.com',
    });
    waf = new Waf(host, config, policyWith(wafPolicy));
  });

  function exchange(
    method: string,
    target: string,
    form?: Readonly<Record<string, string>> | string,
    certificate?: string,
  ): HttpResponse {
    let result: HttpResult | undefined;
    const body = typeof form === 'object' ? serializeForm(form) : form;
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const headers = { Host: 'waf.example.com', ...(body === undefined ? {} : type) };
    const tls = {
      serverName: 'waf.example.com',
      ...(certificate === undefined ? {} : { clientCertificateNames: [certificate] }),
    };
    const request = httpRequest({ method, target, headers, ...(body === undefined ? {} : { body }) });
    send(client, { realm: 'access', to: { ip: '192.0.2.21', port: 443 }, tls, request }, (answer) => {
      result = answer;
    });
    kernel.run({}, () => result !== undefined);
    if (result === undefined || 'error' in result) throw new Error(result?.error ?? 'no answer');
    return result;
  }

  const text = ({ body }: HttpResponse): string => new TextDecoder().decode(body);
  const authorize = (changes: Readonly<Record<string, string | undefined>> = {}): HttpResponse => {
    const fields = Object.entries({ ...asked, ...changes }).filter(([, value]) => value !== undefined);
    return exchange('GET', `/authorize?${serializeForm(fields as [string, string][])}`);
  };
  const formId = (page: HttpResponse): string =>
    /name="authorization" value="([^"]*)"/.exec(text(page))?.[1] ?? '';
  const logIn = (id: string, password = 'wonderland', username = 'alice'): HttpResponse =>
    exchange('POST', '/authorize', { authorization: id, username, password });
  /** The fields that a redirect gives to the client. */
  const sentBack = (response: HttpResponse): Record<string, string> => {
    expect(response.status).toBe(302);
    const location = header(response.headers, 'location') ?? '';
    const { path, query } = splitTarget(location);
    expect(path).toBe(redirectUri);
    return Object.fromEntries(parseForm(query) ?? []);
  };
  const getCode = (): string => sentBack(logIn(formId(authorize()))).code ?? '';
  const redeem = (
    code: string,
    changes: Readonly<Record<string, string | undefined>> = {},
    certificate: string | undefined = 'wwsf.example.com',
  ): { status: number; answer: Record<string, unknown>; response: HttpResponse } => {
    const fields = Object.entries({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: 'wwsf-1',
      code_verifier: verifier,
      ...changes,
    }).filter(([, value]) => value !== undefined);
    const form = serializeForm(fields as [string, string][]);
    const response = exchange('POST', '/token', form, certificate === '' ? undefined : certificate);
    return { status: response.status, answer: JSON.parse(text(response)), response };
  };

  it('gives a token that says who may use which identity, until when, and for whom', () => {
    const code = getCode();
    const { status, answer, response } = redeem(code);
    expect(status).toBe(200);
    expect(header(response.headers, 'cache-control')).toBe('no-store');
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'ims.register',
      impi: 'user1_private@home1.net',
      impu: 'sip:user1_public1@home1.net',
    });
    const now = wallClockS(kernel.now);
    const token = verifyJwt(String(answer.access_token), {
      key: { alg: 'ES256', publicKey: wafPublicKey(config.signingSeed) },
      nowSeconds: now,
      issuer: 'waf.example.com',
      audience: 'ep1.visited1.net',
    });
    if (!token.ok) throw new Error(token.error.what);
    // the whole login takes less than a second of virtual time
    expect(token.value.claims).toEqual({
      iss: 'waf.example.com',
      aud: 'ep1.visited1.net',
      sub: 'alice',
      impi: 'user1_private@home1.net',
      impu: 'sip:user1_public1@home1.net',
      wwsf: 'wwsf.example.com',
      scope: 'ims.register',
      iat: EPOCH_S,
      nbf: EPOCH_S,
      exp: EPOCH_S + 3600,
      jti: expect.any(String),
    });
    expect(waf.publicKey).toEqual(wafPublicKey(config.signingSeed));
    const ids = kernel.trace?.of('requirement').flatMap(({ body }) => body.ids);
    expect(ids).toEqual(
      expect.arrayContaining(['24371-6.3.1-01', '24371-6.3.1-02', '24371-6.3.1-03', '24371-6.3.1-05']),
    );
    expect(waf.leftovers()).toEqual([]);
  });

  it('gives the state back as it came', () => {
    expect(sentBack(logIn(formId(authorize()))).state).toBe('st/&1');
    expect(sentBack(logIn(formId(authorize({ state: undefined }))))).not.toHaveProperty('state');
  });

  it('shows the form again after a wrong password, and gives up after three', () => {
    const id = formId(authorize());
    for (const [user, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wonderland'],
    ] as const) {
      const again = logIn(id, password, user);
      expect(again.status).toBe(200);
      expect(text(again)).toContain('Name or password is wrong.');
      expect(formId(again)).toBe(id);
    }
    expect(sentBack(logIn(id, 'Wonderland'))).toMatchObject({ error: 'access_denied', state: 'st/&1' });
    expect(logIn(id).status).toBe(400);
    expect(waf.leftovers()).toEqual([]);
  });

  it('takes the right password after a wrong one', () => {
    const id = formId(authorize());
    logIn(id, 'wrong');
    expect(sentBack(logIn(id)).code).toMatch(/^[a-z0-9]{32}$/);
  });

  it('tells the client when the user does not allow it', () => {
    const id = formId(authorize());
    const answer = exchange('POST', '/authorize', { authorization: id, decision: 'deny' });
    expect(sentBack(answer)).toMatchObject({ error: 'access_denied', state: 'st/&1' });
  });

  it('never redirects to where the client is not registered (RFC 6749 4.1.2.1)', () => {
    for (const changes of [
      { redirect_uri: 'https://evil.example/' },
      { redirect_uri: `${redirectUri}/` },
      { client_id: 'nobody' },
      { client_id: undefined },
      { client_id: 'other' },
    ]) {
      const answer = authorize(changes);
      expect(answer.status, JSON.stringify(changes)).toBe(400);
      expect(header(answer.headers, 'location')).toBeUndefined();
    }
    const twice = exchange(
      'GET',
      `/authorize?${serializeForm(asked)}&redirect_uri=https%3A%2F%2Fevil.example`,
    );
    expect(twice.status).toBe(400);
    expect(waf.leftovers()).toEqual([]);
  });

  it('tells the client what is wrong with its request (RFC 6749 4.1.2.1, RFC 7636 4.4.1)', () => {
    const cases: [Record<string, string | undefined>, string][] = [
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_type: undefined }, 'invalid_request'],
      [{ scope: 'ims.register everything' }, 'invalid_scope'],
      [{ code_challenge: undefined }, 'invalid_request'],
      [{ code_challenge: 'short' }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge_method: undefined }, 'invalid_request'],
    ];
    for (const [changes, error] of cases) {
      expect(sentBack(authorize(changes)), JSON.stringify(changes)).toMatchObject({ error, state: 'st/&1' });
    }
    const twice = exchange('GET', `/authorize?${serializeForm(asked)}&scope=ims.register`);
    expect(sentBack(twice).error).toBe('invalid_request');
  });

  it('takes a code once only', () => {
    const code = getCode();
    expect(redeem(code).status).toBe(200);
    expect(redeem(code)).toMatchObject({ status: 400, answer: { error: 'invalid_grant' } });
  });

  it('issues one code for a login', () => {
    const id = formId(authorize());
    expect(sentBack(logIn(id)).code).toBeDefined();
    expect(logIn(id).status).toBe(400);
  });

  it('takes a code for 60 seconds', () => {
    const early = getCode();
    kernel.run({ untilUs: kernel.now + 59_000_000 });
    expect(redeem(early).status).toBe(200);
    const late = getCode();
    kernel.run({ untilUs: kernel.now + 60_000_000 });
    expect(redeem(late)).toMatchObject({ status: 400, answer: { error: 'invalid_grant' } });
    expect(waf.leftovers()).toEqual([]);
  });

  it('lets go of a login that nobody finishes after 300 seconds', () => {
    const id = formId(authorize());
    expect(waf.leftovers()).toHaveLength(1);
    kernel.run();
    expect(kernel.now).toBeGreaterThan(300_000_000);
    expect(waf.leftovers()).toEqual([]);
    expect(logIn(id).status).toBe(400);
  });

  it('refuses a verifier that does not fit, and the code with it (RFC 7636 4.6)', () => {
    const code = getCode();
    const other = 'a'.repeat(43);
    expect(toBase64Url(sha256(toUtf8(other)))).not.toBe(challenge);
    expect(redeem(code, { code_verifier: other })).toMatchObject({
      status: 400,
      answer: { error: 'invalid_grant' },
    });
    expect(redeem(code).answer.error).toBe('invalid_grant');
  });

  it('refuses a client without its certificate on W4, and keeps the code for the right one', () => {
    const code = getCode();
    for (const certificate of ['', 'other.example']) {
      expect(redeem(code, {}, certificate)).toMatchObject({
        status: 400,
        answer: { error: 'invalid_client' },
      });
    }
    expect(redeem(code, { client_id: 'other' }, 'other.example').answer.error).toBe('invalid_grant');
    expect(redeem(code, { client_id: 'nobody' }).answer.error).toBe('invalid_client');
    expect(redeem(code).status).toBe(200);
  });

  it('tells the client what is wrong with its token request (RFC 6749 5.2)', () => {
    const cases: [Record<string, string | undefined>, string][] = [
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ grant_type: undefined }, 'invalid_request'],
      [{ code: undefined }, 'invalid_request'],
      [{ code_verifier: undefined }, 'invalid_request'],
      [{ code: 'made-up' }, 'invalid_grant'],
      [{ redirect_uri: undefined }, 'invalid_grant'],
      [{ redirect_uri: 'https://evil.example/' }, 'invalid_grant'],
    ];
    for (const [changes, error] of cases) {
      const { status, answer } = redeem(getCode(), changes);
      expect({ status, error: answer.error }, JSON.stringify(changes)).toEqual({ status: 400, error });
    }
    const json = exchange('POST', '/token', undefined, 'wwsf.example.com');
    expect(JSON.parse(text(json)).error).toBe('invalid_request');
  });

  it('answers other paths and methods as HTTP has it', () => {
    expect(exchange('GET', '/').status).toBe(404);
    expect(exchange('GET', '/token').status).toBe(405);
    expect(header(exchange('DELETE', '/authorize').headers, 'allow')).toBe('GET, POST');
    expect(exchange('GET', '/authorize?%').status).toBe(400);
  });

  it('leaves nothing behind when it is closed', () => {
    authorize();
    getCode();
    waf.close();
    expect(waf.leftovers()).toEqual([]);
    kernel.run({ untilUs: kernel.now + 10_000_000 });
    expect(kernel.failure).toBeUndefined();
    expect(kernel.pending).toBe(0);
    expect(network.hosts.flatMap((host) => host.describeSockets())).toEqual([]);
  });

  it('meets no event that it does not expect, and gives every login a code of its own', () => {
    const codes = Array.from({ length: 20 }, () => {
      const code = getCode();
      redeem(code);
      return code;
    });
    expect(new Set(codes).size).toBe(20);
    expect(waf.leftovers()).toEqual([]);
    expect(kernel.trace?.of('unexpected')).toEqual([]);
  });
});
