import { expect, test } from 'vitest';
import { Kernel } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import type { SipRequest } from '../../wire/sip/index.js';
import { type ServerTransaction, SipEndpoint } from '../sip/index.js';
import { ANSWER, NOTHING, Rig, wire } from './fixtures/rig.js';
import { answerInvite, resolveHop, SipUserAgent } from './index.js';

/** Sends a request from Alice through the proxy and says what status came back. */
function exchange(rig: Rig, method: string, change: (request: SipRequest) => void): string[] {
  const request = rig.alice.ua.createRequest(method, 'sip:bob@bob.test', {
    from: 'sip:alice@alice.test',
    to: 'sip:bob@bob.test',
  });
  change(request);
  const got: string[] = [];
  rig.alice.ua.send(request, rig.hop, {
    done: (status, response) => got.push(`${status} ${response?.headers.get('unsupported') ?? ''}`.trim()),
  });
  rig.run();
  expect(rig.left).toEqual(NOTHING);
  return got;
}

test('refuses what may not be forwarded: 483, 416, 420', () => {
  const rig = (): Rig => new Rig({ proxy: true });
  expect(exchange(rig(), 'MESSAGE', (request) => request.headers.set('Max-Forwards', '0'))).toEqual(['483']);
  expect(exchange(rig(), 'MESSAGE', (request) => (request.uri = 'gopher:x'))).toEqual(['416']);
  const tags = (request: SipRequest) => request.headers.append('Proxy-Require', 'a, sec-agree');
  expect(exchange(rig(), 'MESSAGE', tags)).toEqual(['420 a, sec-agree']);
  const known = new Rig({ proxy: true, proxyOptions: { supported: ['a', 'sec-agree'] } });
  expect(exchange(known, 'MESSAGE', tags)).toEqual(['405']);
});

test('counts Max-Forwards down and adds Record-Route on top, and takes its own Route off', () => {
  const rig = new Rig({ proxy: true });
  let seen: SipRequest | undefined;
  rig.bob.on.request = (transaction) => {
    seen = transaction.request;
    rig.bob.ua.respond(transaction, 200);
  };
  exchange(rig, 'MESSAGE', (request) => {
    request.headers.prepend('Route', '<sip:proxy.test;lr>, <sip:bob.test;lr>');
    request.headers.append('Record-Route', '<sip:other.test;lr>');
    request.headers.set('Max-Forwards', '9');
  });
  expect(seen?.headers.get('max-forwards')).toBe('8');
  expect(seen?.headers.list('route')).toEqual(['<sip:bob.test;lr>']);
  expect(seen?.headers.list('record-route')).toEqual(['<sip:proxy.test;lr>', '<sip:other.test;lr>']);
  expect(seen?.vias()).toHaveLength(2);
});

test('undoes the rewriting of a strict router, and rewrites for one', () => {
  const before = new Rig({ proxy: true });
  let seen: SipRequest | undefined;
  before.bob.on.request = (transaction) => {
    seen = transaction.request;
    before.bob.ua.respond(transaction, 200);
  };
  exchange(before, 'MESSAGE', (request) => {
    request.uri = 'sip:proxy.test;lr';
    request.headers.append('Route', '<sip:bob.test;lr>, <sip:bob@bob.test>');
  });
  expect(seen?.uri).toBe('sip:bob@bob.test');
  expect(seen?.headers.list('route')).toEqual(['<sip:bob.test;lr>']);

  const behind = new Rig({ proxy: true });
  behind.bob.on.request = (transaction) => {
    seen = transaction.request;
    behind.bob.ua.respond(transaction, 200);
  };
  exchange(behind, 'MESSAGE', (request) => {
    request.uri = 'sip:carol@far.test';
    request.headers.append('Route', '<sip:bob.test:5060>');
  });
  expect(seen?.uri).toBe('sip:bob.test:5060');
  expect(seen?.headers.list('route')).toEqual(['<sip:carol@far.test>']);
});

test('a loop is found and answered 482, a spiral with another Request-URI is not', () => {
  const looping = new Rig({
    proxy: true,
    proxyOptions: {
      route: (transaction) =>
        looping.proxy.forward(transaction, { hop: { realm: 'core', to: { ip: '10.0.0.3', port: 5060 } } }),
    },
  });
  expect(exchange(looping, 'MESSAGE', () => {})).toEqual(['482']);

  let rounds = 0;
  const spiral = new Rig({
    proxy: true,
    proxyOptions: {
      route: (transaction: ServerTransaction) => {
        const again = ++rounds < 3;
        spiral.proxy.forward(transaction, {
          requestUri: again ? `sip:${rounds}@proxy.test` : 'sip:bob@bob.test',
        });
      },
    },
  });
  expect(exchange(spiral, 'MESSAGE', () => {})).toEqual(['405']);
  expect(rounds).toBe(3);
});

test('an unknown next hop and a dead one give 503 and 504 to MESSAGE, 408 to INVITE', () => {
  const unknown = new Rig({ proxy: true });
  expect(exchange(unknown, 'MESSAGE', (request) => (request.uri = 'sip:x@nowhere.test'))).toEqual(['503']);
  const dead = new Rig({ proxy: true });
  dead.network.partition('proxy', 'bob');
  // RFC 4320 4.2: no 408 for non-INVITE; Alice's own timer F fired before the 504 came.
  expect(exchange(dead, 'MESSAGE', () => {})).toEqual(['408']);
  const invite = new Rig({ proxy: true });
  invite.network.partition('proxy', 'bob');
  invite.call();
  invite.run();
  expect(invite.log).toEqual(['alice rejected 408']);
  expect(invite.left).toEqual(NOTHING);
});

test('timer C cancels a call that shows no sign of life for three minutes', () => {
  const rig = new Rig({ proxy: true, trace: true });
  rig.answer(() => {});
  // Bob never gets beyond 100.
  rig.call();
  rig.run();
  expect(rig.log).toEqual(['bob cancelled', 'alice rejected 487']);
  const cancel = rig.kernel.trace?.events.find(
    ({ body }) => body.kind === 'message.sent' && body.message.summary.startsWith('CANCEL'),
  );
  expect(cancel?.at).toBeGreaterThan(180_000_000);
  expect(rig.left).toEqual(NOTHING);
});

test('a CANCEL before the owner has decided gives 487, and forwarding later does nothing', () => {
  const rig = new Rig({
    proxy: true,
    trace: true,
    proxyOptions: {
      route: (transaction) => rig.after(500, () => rig.proxy.forward(transaction)),
    },
  });
  const session = rig.call();
  rig.after(300, () => session.cancel());
  rig.run();
  expect(rig.log).toEqual(['alice rejected 487']);
  expect(wire(rig).some((line) => line.startsWith('proxy>bob'))).toBe(false);
  expect(rig.left).toEqual(NOTHING);
});

test('responses can be changed on their way back, and the owner hears of the final one', () => {
  const finals: number[] = [];
  const rig = new Rig({
    proxy: true,
    proxyOptions: {
      route: (transaction) =>
        rig.proxy.forward(transaction, {
          recordRoute: 'sip:proxy.test;lr',
          onResponse: (response) => {
            response.headers.append('P-Test', 'yes');
            return response;
          },
          done: (response) => finals.push(response.status),
        }),
    },
  });
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  let mark: string | undefined;
  const session = rig.call({
    accepted: (response) => {
      mark = response.headers.get('p-test');
      rig.after(10, () => session.bye());
    },
  });
  rig.run();
  expect(mark).toBe('yes');
  expect(finals).toEqual([200, 200]);
});

test('a user agent beside the proxy takes what is its own', () => {
  const rig = new Rig({
    proxy: true,
    proxyOptions: { local: (request) => (request.uri.includes('me@') ? own : undefined) },
  });
  const asked: string[] = [];
  const own = {
    onRequest: (transaction: ServerTransaction) => {
      asked.push(transaction.request.method);
      transaction.respond(rig.proxyEndpoint.makeResponse(transaction.request, 200));
    },
    onAck: () => {},
  };
  expect(exchange(rig, 'OPTIONS', (request) => (request.uri = 'sip:me@proxy.test'))).toEqual(['200']);
  expect(asked).toEqual(['OPTIONS']);
});

test('resolves literal addresses, names, ports and transports, and prefers a realm', () => {
  const network = new Network(new Kernel());
  const host = network.addHost({
    name: 'a',
    role: 'x',
    addresses: { access: '192.0.2.1', core: '10.0.0.1' },
  });
  network.addHost({
    name: 'b',
    role: 'x',
    addresses: { access: '192.0.2.2', core: '10.0.0.2' },
    domain: 'b.test',
  });
  network.addHost({ name: 'c', role: 'x', addresses: { core: '2001:db8::3' }, domain: 'c.test' });
  const at = (realm: string, ip: string, port = 5060) => ({ realm, to: { ip, port } });
  expect(resolveHop(host, 'sip:b.test')).toEqual(at('access', '192.0.2.2'));
  expect(resolveHop(host, 'sip:u@B.test:5070;lr', 'core')).toEqual(at('core', '10.0.0.2', 5070));
  expect(resolveHop(host, 'sip:c.test', 'access')).toEqual(at('core', '2001:db8::3'));
  expect(resolveHop(host, 'sip:[2001:db8::3]:5080')).toEqual(at('core', '2001:db8::3', 5080));
  expect(resolveHop(host, 'sip:10.0.0.2;transport=tcp')).toEqual({
    ...at('core', '10.0.0.2'),
    transport: 'TCP',
  });
  for (const uri of ['tel:+123', 'sip:nowhere.test', 'sip:b.test;transport=ws', 'nonsense']) {
    expect(resolveHop(host, uri), uri).toBeUndefined();
  }
});

/** Another callee, who answers a little later than Bob. */
function carolParty(rig: Rig, host: Host, log: string[], accepts: boolean): SipUserAgent {
  const ua: SipUserAgent = new SipUserAgent(host, {
    endpoint: (user) => {
      const endpoint = new SipEndpoint(host, {
        user,
        sentBy: 'carol.test',
        methods: ['INVITE', 'ACK', 'BYE', 'PRACK'],
      });
      endpoint.listenUdp('core');
      return endpoint;
    },
    contact: '<sip:carol@carol.test>',
    on: {
      invite: (transaction) => {
        const session = answerInvite(ua, transaction, {
          on: { acked: () => log.push('carol acked'), ended: ({ by }) => log.push(`carol ended ${by}`) },
        });
        session.progress(183, { reliable: true, sdp: ANSWER });
        rig.after(1001, () => (accepts ? session.accept() : session.reject(480)));
      },
    },
  });
  return ua;
}

test.each([true, false])(
  'forked early dialogs are kept apart; the first 2xx wins, another is acknowledged and released (%s)',
  (accepts) => {
    const rig = new Rig({ trace: true });
    const carolHost = rig.network.addHost({
      name: 'carol',
      role: 'UE',
      addresses: { core: '10.0.0.4' },
      domain: 'carol.test',
    });
    const forker = rig.network.addHost({ name: 'forker', role: 'proxy', addresses: { core: '10.0.0.5' } });
    const fork = new SipEndpoint(forker, {
      sentBy: 'forker.test',
      user: {
        onAck: () => {},
        onRequest: (transaction) => {
          for (const ip of ['10.0.0.2', '10.0.0.4']) {
            fork.sendRequest(
              transaction.request,
              { realm: 'core', to: { ip, port: 5060 } },
              {
                onResponse: (response) => {
                  if (response.status === 100) return;
                  const copy = response.clone();
                  copy.headers.removeFirst('via');
                  transaction.respond(copy);
                },
                onTimeout: () => {},
                onTransportError: () => {},
              },
            );
          }
        },
      },
    });
    fork.listenUdp('core');
    rig.answer((session) => {
      session.progress(183, { reliable: true, sdp: ANSWER });
      rig.after(1000, () => session.accept());
    });
    const carolLog: string[] = [];
    const carolUa = carolParty(rig, carolHost, carolLog, accepts);
    const dialogs = new Set<string | undefined>();
    const session = rig.call(
      {
        progress: (_response, { dialog }) => dialogs.add(dialog?.data.remoteTag),
        accepted: () => rig.after(5000, () => session.bye()),
      },
      { hop: { realm: 'core', to: { ip: '10.0.0.5', port: 5060 } } },
    );
    rig.run();
    expect(dialogs.size).toBe(2);
    expect(rig.log.filter((line) => line === 'alice accepted 200')).toHaveLength(1);
    expect(rig.log).toContain('bob ended remote');
    expect(carolLog).toEqual(accepts ? ['carol acked', 'carol ended remote'] : []);
    expect(carolUa.openDialogs).toBe(0);
    expect(rig.left).toEqual(NOTHING);
  },
);
