import { describe, expect, test } from 'vitest';
import { httpResponse, httpRequest as request } from '../wire/http/index.js';
import { leftovers, type Testbed, testbed } from './fixtures/testbed.js';
import { HttpClient, type HttpClientOptions, type HttpResult, httpRequest } from './http-client.js';
import { type HttpContext, httpServer } from './http-server.js';
import type { TlsServerOptions } from './tls.js';

const to = { ip: '10.0.0.2', port: 443 };

function ask(
  bed: Testbed,
  options: Partial<HttpClientOptions> = {},
  target = '/token?code=secret',
): HttpResult[] {
  const results: HttpResult[] = [];
  const get = request({ method: 'GET', target, headers: { Host: 'waf.example' } });
  httpRequest(bed.ue, { realm: 'test', to, request: get, ...options }, (result) => results.push(result));
  return results;
}

/** A server that answers with the request's target, later by `delayUs`. */
function serve(bed: Testbed, tls?: TlsServerOptions, delayUs = 0): HttpContext[] {
  const contexts: HttpContext[] = [];
  httpServer(
    bed.server,
    { realm: 'test', port: to.port, ...(tls && { tls }) },
    ({ target }, respond, context) => {
      contexts.push(context);
      const answer = () => respond(httpResponse({ status: 200, body: target }));
      if (delayUs === 0) answer();
      else bed.server.schedule(delayUs, answer);
    },
  );
  return contexts;
}

const body = (result: HttpResult | undefined) =>
  result === undefined || 'error' in result ? result : new TextDecoder().decode(result.body);

describe('HTTP', () => {
  test('answers a request and closes the connection', () => {
    const bed = testbed();
    serve(bed);
    const results = ask(bed);
    bed.kernel.run();
    expect(results.map(body)).toEqual(['/token?code=secret']);
    // Not the 30 s of the client's patience: 10 ms to connect, 10 ms to ask, 15 ms to close.
    expect(bed.kernel.now).toBe(35_000);
    expect(leftovers(bed)).toEqual([]);
  });

  test('shows both messages in the trace, without the query in the summary, and pairs their ends', () => {
    const bed = testbed();
    serve(bed);
    ask(bed);
    bed.kernel.run();
    const of = (kind: 'message.sent' | 'message.received') => bed.kernel.trace?.of(kind) ?? [];
    expect(of('message.sent').map(({ body: { message } }) => message.summary)).toEqual([
      'GET /token HTTP/1.1',
      'HTTP/1.1 200 OK',
    ]);
    expect(of('message.received').map(({ body: { message } }) => message.text)).toEqual(
      of('message.sent').map(({ body: { message } }) => message.text),
    );
    expect(of('message.received').map(({ body: { message } }) => message.key)).toEqual(
      of('message.sent').map(({ body: { message } }) => message.key),
    );
  });

  test('works over TLS with certificates of both', () => {
    const bed = testbed();
    const contexts = serve(bed, { certificateNames: ['waf.example'], requireClientCertificate: true });
    const tls = { serverName: 'waf.example', clientCertificateNames: ['wwsf.example'] };
    const results = ask(bed, { tls });
    const refused = ask(bed, { tls: { serverName: 'waf.example' } });
    bed.kernel.run();
    expect(results.map(body)).toEqual(['/token?code=secret']);
    expect(contexts.map(({ clientCertificateNames }) => clientCertificateNames)).toEqual([['wwsf.example']]);
    expect(refused).toEqual([{ error: 'tls: alert handshake_failure' }]);
    expect(leftovers(bed)).toEqual([]);
  });

  test('reports what went wrong: nobody there, no answer in time, an answer that is none', () => {
    const bed = testbed();
    const refused = ask(bed);
    bed.kernel.run();
    serve(bed, undefined, 2_000_000);
    const late = ask(bed, { timeoutUs: 1_000_000 });
    bed.server.listen('test', 80, (tcp) => {
      tcp.onData = () => tcp.write(new TextEncoder().encode('SIP/2.0 200 OK\r\n\r\n'));
    });
    const garbage = ask(bed, { to: { ip: to.ip, port: 80 } });
    bed.server.listen('test', 81, (tcp) => {
      tcp.onData = () => tcp.close();
    });
    const nothing = ask(bed, { to: { ip: to.ip, port: 81 } });
    bed.kernel.run();
    expect([refused, late, garbage, nothing]).toEqual([
      [{ error: 'refused' }],
      [{ error: 'timeout' }],
      [{ error: 'not a status line' }],
      [{ error: 'closed' }],
    ]);
    expect(leftovers(bed)).toEqual([]);
  });

  test('keeps a connection for several requests and answers them in order, one after the other', () => {
    const bed = testbed();
    serve(bed, undefined, 1_000);
    const tcp = bed.ue.connect('test', to);
    let answers = '';
    tcp.onData = (data) => {
      answers += new TextDecoder().decode(data);
    };
    const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const upgrade = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';
    const last = get('/c', 'Connection: close\r\n');
    tcp.write(new TextEncoder().encode(get('/a', upgrade) + get('/b') + last + get('/d')));
    bed.kernel.run();
    expect(answers.match(/^\/\w/gm)).toEqual(['/a', '/b', '/c']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('owes a bad request its status', () => {
    const bed = testbed();
    serve(bed);
    const tcp = bed.ue.connect('test', to);
    let answer = '';
    tcp.onData = (data) => {
      answer += new TextDecoder().decode(data);
    };
    tcp.write(new TextEncoder().encode('nonsense\r\n\r\n'));
    bed.kernel.run();
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(leftovers(bed)).toEqual([]);
  });
});

describe('an HTTP client that keeps connections', () => {
  const options = (target: string, method = 'GET'): HttpClientOptions => ({
    realm: 'test',
    to,
    request: request({ method, target, headers: { Host: 'waf.example' } }),
  });
  const connections = (contexts: readonly HttpContext[]): number =>
    new Set(contexts.map(({ stream }) => stream)).size;

  test('asks again on the same connection, and closes it after 5 s without a request', () => {
    const bed = testbed();
    const contexts = serve(bed);
    const client = new HttpClient(bed.ue);
    const results: HttpResult[] = [];
    client.request(options('/1'), (first) => {
      results.push(first);
      client.request(options('/2'), (second) => results.push(second));
    });
    bed.kernel.run({ untilUs: 4_000_000 });
    expect(results.map(body)).toEqual(['/1', '/2']);
    expect(connections(contexts)).toBe(1);
    expect(bed.ue.openSockets).toBe(1);
    bed.kernel.run();
    expect(leftovers(bed)).toEqual([]);
  });

  test('opens another connection while one is busy', () => {
    const bed = testbed();
    const contexts = serve(bed, undefined, 50_000);
    const client = new HttpClient(bed.ue);
    const results: HttpResult[] = [];
    for (const target of ['/1', '/2']) client.request(options(target), (result) => results.push(result));
    bed.kernel.run();
    expect(results.map(body)).toEqual(['/1', '/2']);
    expect(connections(contexts)).toBe(2);
    expect(leftovers(bed)).toEqual([]);
  });

  test.each([
    ['GET', '/2'],
    ['POST', { error: 'reset' }],
  ])('asks %s again, or not, when the server has dropped the kept connection', (method, expected) => {
    const bed = testbed();
    const contexts = serve(bed);
    const client = new HttpClient(bed.ue);
    const results: HttpResult[] = [];
    client.request(options('/1'), () => {
      contexts[0]?.stream.abort();
      client.request(options('/2', method), (result) => results.push(result));
    });
    bed.kernel.run();
    expect(results.map(body)).toEqual([expected]);
    expect(leftovers(bed)).toEqual([]);
  });

  test('leaves nothing behind when it is closed', () => {
    const bed = testbed();
    serve(bed);
    const client = new HttpClient(bed.ue);
    client.request(options('/1'), () => client.close());
    bed.kernel.run({ untilUs: 1_000_000 });
    expect(leftovers(bed)).toEqual([]);
  });
});
