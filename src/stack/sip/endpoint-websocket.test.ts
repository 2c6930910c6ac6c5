import { describe, expect, it } from 'vitest';
import {
  acceptTls,
  acceptWebSocket,
  connectTls,
  connectWebSocket,
  type WebSocketConnection,
  type WebSocketHandlers,
} from '../../network/index.js';
import {
  answering,
  field,
  leftovers,
  rejected,
  request,
  type SipTestbed,
  sent,
  sipTestbed,
  socketsAfterClose,
} from './testbed.js';
import type { SipFlow } from './types.js';

const name = 'ep1.visited1.net';

interface WebSocketBed extends SipTestbed {
  readonly flowA: SipFlow;
  readonly flowB: SipFlow;
  readonly connection: WebSocketConnection;
  readonly outer: string[];
}

/** Endpoint `a` is a WebSocket client of endpoint `b`. */
function webSocketBed(secure: boolean): WebSocketBed {
  const bed = sipTestbed({
    sentByFor: ({ transport }) => (transport.startsWith('WS') ? 'df7jal23ls0d.invalid' : undefined),
  });
  const { a, b, kernel } = bed;
  let flowA: SipFlow | undefined;
  let flowB: SipFlow | undefined;
  const outer: string[] = [];
  const server: WebSocketHandlers = {
    onOpen: (connection) => {
      flowB = b.endpoint.attachWebSocket(connection, { realm: 'core' });
    },
  };
  b.host.listen('core', 443, (tcp) => {
    acceptWebSocket(secure ? acceptTls(tcp, { certificateNames: [name] }) : tcp, () => ({
      handlers: server,
      protocol: 'sip',
    }));
  });
  const tcp = a.host.connect('core', { ip: '10.0.0.2', port: 443 });
  const connection = connectWebSocket(
    a.host,
    {
      stream: secure ? connectTls(tcp, { serverName: name }) : tcp,
      hostHeader: name,
      protocols: ['sip'],
    },
    {
      onOpen: (opened) => {
        flowA = a.endpoint.attachWebSocket(opened, { realm: 'core' });
      },
      onPong: () => outer.push('pong'),
      onClose: (code) => outer.push(`closed ${code}`),
    },
  );
  kernel.run();
  if (flowA === undefined || flowB === undefined) throw new Error('no connection');
  return { ...bed, flowA, flowB, connection, outer };
}

const without = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^\S+ /, ''));

describe('transactions over WebSocket', () => {
  it.each([
    [false, 'WS', 'ws'],
    [true, 'WSS', 'wss'],
  ] as const)('run both ways on one connection (TLS: %s)', (secure, transport, recorded) => {
    const bed = webSocketBed(secure);
    answering(bed.a, 200);
    answering(bed.b, 401);
    const there = bed.a.endpoint.sendRequest(request('REGISTER'), { flow: bed.flowA }, bed.a.user.client());
    const back = bed.b.endpoint.sendRequest(request('OPTIONS'), { flow: bed.flowB }, bed.b.user.client());
    bed.kernel.run();
    expect(field(there.request, 'via')).toMatch(
      new RegExp(`^SIP/2\\.0/${transport} df7jal23ls0d\\.invalid;branch=z9hG4bK[a-z0-9]{16}$`),
    );
    expect(back.flow).toBe(bed.flowB);
    expect(without(bed.a.user.log).sort()).toEqual(
      ['401', `OPTIONS by ${transport}`, 'OPTIONS ended'].sort(),
    );
    expect(without(bed.b.user.log).sort()).toEqual(
      ['200', `REGISTER by ${transport}`, 'REGISTER ended'].sort(),
    );
    // RFC 7118 5.3: no received is added, and none is needed.
    expect(field(bed.b.user.transactions[0]?.request ?? request('X'), 'via')).toBe(
      field(there.request, 'via'),
    );
    expect(without(sent(bed, 'b'))).toContain(`401 Unauthorized (REGISTER) by ${recorded}`);
    expect(leftovers(bed)).toEqual([]);
  });

  it('have messages paired at both ends by their keys, masked or not', () => {
    const bed = webSocketBed(true);
    answering(bed.b, 200);
    bed.a.endpoint.sendRequest(request('OPTIONS'), { flow: bed.flowA }, bed.a.user.client());
    bed.kernel.run();
    const keys = (kind: 'message.sent' | 'message.received'): (string | undefined)[] =>
      (bed.kernel.trace?.of(kind) ?? [])
        .filter(({ body }) => body.message.protocol === 'SIP')
        .map(({ body }) => body.message.key);
    expect(keys('message.sent')).toHaveLength(2);
    expect(keys('message.sent')).toEqual(keys('message.received'));
  });

  it('fail with the connection: clients hear of it, a response is dropped and reported', () => {
    const bed = webSocketBed(false);
    const transaction = bed.a.endpoint.sendRequest(
      request('INVITE'),
      { flow: bed.flowA },
      bed.a.user.client(),
    );
    bed.kernel.run();
    bed.connection.close(1001);
    bed.kernel.run();
    const [incoming] = bed.b.user.transactions;
    incoming?.respond(bed.b.endpoint.makeResponse(incoming.request, 486));
    bed.kernel.run();
    expect(transaction.pending).toBe(false);
    expect(without(bed.a.user.log)).toEqual([
      '100',
      'transport error: WebSocket closed: 1001',
      'WS closed: WebSocket closed: 1001',
    ]);
    expect(bed.outer).toEqual(['closed 1001']);
    expect(without(bed.b.user.log)).toEqual([
      'INVITE by WS',
      'WS closed: WebSocket closed: 1001',
      `error: flow ${bed.flowB.id} is closed`,
      'error: no ACK came for the final response',
      'INVITE ended',
    ]);
    const notes = bed.kernel.trace?.of('note').map(({ body }) => body.text);
    expect(notes).toEqual([`486 Busy Here (INVITE) dropped: flow ${bed.flowB.id} is closed`]);
    expect(leftovers(bed)).toEqual([]);
    expect(socketsAfterClose(bed)).toEqual(['tcp 10.0.0.2:443 listening']);
  });

  it('report a dropped final response even where it ends the transaction', () => {
    const bed = webSocketBed(false);
    bed.a.endpoint.sendRequest(request('OPTIONS'), { flow: bed.flowA }, bed.a.user.client());
    bed.kernel.run({ untilUs: 100_000 });
    bed.b.endpoint.closeFlow(bed.flowB);
    const [incoming] = bed.b.user.transactions;
    incoming?.respond(bed.b.endpoint.makeResponse(incoming.request, 200));
    bed.kernel.run();
    expect(without(bed.b.user.log)).toContain(`error: flow ${bed.flowB.id} is closed`);
    expect(leftovers(bed)).toEqual([]);
  });

  it('fail at once, but not before the call returns, on a flow that has gone', () => {
    const bed = webSocketBed(false);
    bed.connection.close();
    bed.kernel.run();
    bed.a.user.log.length = 0;
    const { now } = bed.kernel;
    bed.a.endpoint.sendRequest(request('INVITE'), { flow: bed.flowA }, bed.a.user.client());
    expect(bed.a.user.log).toEqual([]);
    bed.kernel.run();
    expect(bed.a.user.log).toEqual([`${now / 1000} transport error: flow ${bed.flowA.id} is closed`]);
    expect(leftovers(bed)).toEqual([]);
  });

  it('report nothing any more once the endpoint is closed', () => {
    const bed = webSocketBed(false);
    bed.connection.close();
    bed.kernel.run();
    bed.a.user.log.length = 0;
    bed.a.endpoint.sendRequest(request('INVITE'), { flow: bed.flowA }, bed.a.user.client());
    bed.a.endpoint.close();
    bed.kernel.run();
    expect(bed.a.user.log).toEqual([]);
    expect(leftovers(bed)).toEqual([]);
  });

  it('close a connection on which something else than SIP comes with 1008', () => {
    const bed = webSocketBed(false);
    bed.connection.send('{"type":"register"}');
    bed.kernel.run();
    expect(rejected(bed, 'b')).toHaveLength(1);
    expect(bed.outer).toEqual(['closed 1008']);
  });

  it('close a connection on which text comes that is not UTF-8 with 1007', () => {
    const bed = webSocketBed(false);
    bed.connection.sendText(Uint8Array.of(0x4f, 0xff, 0xfe));
    bed.kernel.run();
    expect(bed.outer).toEqual(['closed 1007']);
  });

  it('carry a body that is not UTF-8 in a binary message', () => {
    const bed = webSocketBed(false);
    answering(bed.b, 200);
    const message = request('MESSAGE', 4);
    message.body = Uint8Array.of(0xff, 0xfe, 0x00, 0x80);
    bed.a.endpoint.sendRequest(message, { flow: bed.flowA }, bed.a.user.client());
    bed.kernel.run();
    expect([...(bed.b.user.transactions[0]?.request.body ?? [])]).toEqual([0xff, 0xfe, 0x00, 0x80]);
    expect(without(bed.a.user.log)).toEqual(['200']);
  });

  it('answer the ping of RFC 5626, and leave the pong of RFC 6455 to whoever made the connection', () => {
    const bed = webSocketBed(false);
    bed.a.endpoint.ping(bed.flowA);
    bed.connection.ping();
    bed.kernel.run();
    expect(without(bed.a.user.log)).toEqual(['pong by WS']);
    expect(bed.outer).toEqual(['pong']);
  });

  it('leave no socket open after close', () => {
    const bed = webSocketBed(true);
    bed.a.endpoint.sendRequest(request('INVITE'), { flow: bed.flowA }, bed.a.user.client());
    bed.kernel.run({ untilUs: bed.kernel.now + 5000 });
    expect(socketsAfterClose(bed)).toEqual(['tcp 10.0.0.2:443 listening']);
    expect(without(bed.a.user.log)).toEqual([]);
    expect(leftovers(bed)).toEqual([]);
  });
});
