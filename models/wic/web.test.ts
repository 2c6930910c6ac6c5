import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kernel } from '../../src/kernel/index.js';
import { httpServer, Network } from '../../src/network/index.js';
import { type HttpRequest, type HttpResponse, header, httpResponse } from '../../src/wire/http/index.js';
import { Browser, type VisitResult } from './browser.js';
import { fillIn, readForm } from './html-form.js';
import { webLogin } from './web-login.js';

/** A browser and a web server that answers by a function. */
function web(answer: (request: HttpRequest) => HttpResponse): {
  browser: Browser;
  requests: HttpRequest[];
  run: () => void;
} {
  const kernel = new Kernel();
  const network = new Network(kernel);
  const host = network.addHost({ name: 'wic', role: 'WIC', addresses: { access: '198.51.100.5' } });
  const server = network.addHost({
    name: 'web',
    role: 'WWSF',
    addresses: { access: '192.0.2.20' },
    domain: 'web.example',
  });
  const requests: HttpRequest[] = [];
  httpServer(server, { realm: 'access', port: 80 }, (request, respond) => {
    requests.push(request);
    respond(answer(request));
  });
  return { browser: new Browser(host, 'access'), requests, run: () => kernel.run() };
}

const html = (body: string): HttpResponse =>
  httpResponse({ status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body });
const to = (location: string, status = 302): HttpResponse =>
  httpResponse({ status, headers: { Location: location } });
const json = (value: unknown): HttpResponse =>
  httpResponse({
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: typeof value === 'string' ? value : JSON.stringify(value),
  });
const FORM =
  '<form method=post action="/in?a=1&amp;b=2"><input type="hidden" name="id" value="x&quot;y">' +
  '<input name="user"><input type=password name="secret"></form>';

describe('a browser', () => {
  it('follows redirects, relative ones too, as GET', () => {
    const { browser, requests, run } = web(({ target }) => {
      if (target === '/a') return to('http://web.example/b/c');
      return target === '/b/c' ? to('d?x=1', 303) : html('there');
    });
    let result: VisitResult | undefined;
    browser.submit(new URL('http://web.example/page'), '/a', [['k', 'v w']], (visited) => {
      result = visited;
    });
    run();
    expect(result).toMatchObject({ status: 200, type: 'text/html', body: 'there' });
    expect(requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /a',
      'GET /b/c',
      'GET /b/d?x=1',
    ]);
    const [post, get] = requests;
    expect(new TextDecoder().decode(post?.body)).toBe('k=v+w');
    expect(header(post?.headers ?? [], 'origin')).toBe('http://web.example');
    expect(header(get?.headers ?? [], 'origin')).toBeUndefined();
    expect(get?.body.length).toBe(0);
  });

  it('repeats the form after a 307', () => {
    const { browser, requests, run } = web(({ target }) => (target === '/a' ? to('/b', 307) : html('')));
    browser.submit(new URL('http://web.example/'), '/a', [['k', 'v']], () => {});
    run();
    expect(requests.map(({ method, target }) => `${method} ${target}`)).toEqual(['POST /a', 'POST /b']);
  });

  it('follows twenty redirects and no more', () => {
    const { browser, requests, run } = web(() => to('/again'));
    let result: VisitResult | undefined;
    browser.open(new URL('http://web.example/'), (visited) => {
      result = visited;
    });
    run();
    expect(result).toEqual({ error: 'too many redirects' });
    expect(requests).toHaveLength(21);
  });

  it('says what is wrong with a redirect that leads nowhere', () => {
    for (const [location, error] of [
      ['http://', 'web.example: bad redirect'],
      ['http://other.example/', 'there is no other.example'],
    ] as const) {
      const { browser, run } = web(() => to(location));
      let result: VisitResult | undefined;
      browser.open(new URL('http://web.example/'), (visited) => {
        result = visited;
      });
      run();
      expect(result).toEqual({ error });
    }
  });
});

describe('a login form', () => {
  it('is found in a page and filled in, hidden fields as they are', () => {
    const form = readForm(`<!doctype html><p title="a > b">Hi<br>${FORM}<form action="/other"></form>`);
    expect(form).toMatchObject({ action: '/in?a=1&b=2', method: 'POST' });
    if (form === undefined) throw new Error('no form');
    expect(fillIn(form, 'alice', 'w')).toEqual([
      ['id', 'x"y'],
      ['user', 'alice'],
      ['secret', 'w'],
    ]);
    expect(readForm("<FORM ACTION='/x'><INPUT NAME='a'>")).toEqual({
      action: '/x',
      method: 'GET',
      inputs: [{ name: 'a', type: 'text', value: '' }],
    });
  });

  it('is not there in other pages, and no page makes its reader throw', () => {
    for (const page of ['', '<', '<p>form</p>', '<form', '<input name="a">', '< form>']) {
      expect(readForm(page), page).toBeUndefined();
    }
    const pieces = fc.constantFrom('<', '>', '"', "'", '=', ' ', '/', 'form', 'input', 'name', '&', 'a');
    fc.assert(fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => void readForm(parts.join(''))));
  });
});

describe('a login', () => {
  const grant = {
    access_token: 't',
    token_type: 'bearer',
    expires_in: 60,
    impi: 'p@home1.net',
    impu: 'sip:u@home1.net',
    epcscf: 'wss://ep1.visited1.net/',
  };
  const log = (last: HttpResponse, first: HttpResponse = html(FORM)): unknown => {
    const { browser, run } = web(({ method }) => (method === 'GET' ? first : last));
    let result: unknown;
    const credentials = { user: 'alice', password: 'wonderland' };
    webLogin(
      browser,
      new URL('http://web.example/login'),
      credentials,
      () => {},
      (outcome) => {
        result = outcome;
      },
    );
    run();
    return result;
  };

  it('ends with what the WWSF hands over', () => {
    expect(log(json(grant))).toEqual({
      accessToken: 't',
      expiresInS: 60,
      impi: 'p@home1.net',
      impu: 'sip:u@home1.net',
      epCscf: 'wss://ep1.visited1.net/',
    });
  });

  it('fails for good when the web says no, and for now when it cannot serve', () => {
    const error = (status: number): HttpResponse => httpResponse({ status });
    expect(log(html(FORM))).toEqual({ reason: 'login refused', refused: true });
    expect(log(error(403))).toEqual({ reason: 'web.example: HTTP 403', refused: true });
    expect(log(error(502))).toEqual({ reason: 'web.example: HTTP 502', refused: false });
    expect(log(json(grant), error(503))).toEqual({ reason: 'web.example: HTTP 503', refused: false });
    expect(log(html('Hello'))).toEqual({ reason: 'web.example: neither form nor token', refused: true });
    expect(log(json(grant), html('Hello'))).toMatchObject({ refused: true });
  });

  it('fails when what is handed over is of no use', () => {
    const useless = { reason: 'the WWSF gives no usable token', refused: true };
    for (const name of Object.keys(grant)) {
      expect(log(json({ ...grant, [name]: undefined })), name).toEqual(useless);
    }
    for (const value of [
      '{',
      '1',
      'null',
      { ...grant, token_type: 'mac' },
      { ...grant, epcscf: 'nowhere' },
    ]) {
      expect(log(json(value))).toEqual(useless);
    }
  });
});
