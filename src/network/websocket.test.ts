import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashTrace } from '../trace/index.js';
import { serializeHttp } from '../wire/http/index.js';
import { encodeFrame, upgradeRequest, webSocketKey } from '../wire/websocket/index.js';
import { type ByteStream, messageKey } from './byte-stream.js';
import { leftovers, type Testbed, testbed } from './fixtures/testbed.js';
import { acceptTls, connectTls } from './tls.js';
import type { WebSocketConnection, WebSocketHandlers } from './websocket.js';
import {
  acceptWebSocket,
  connectWebSocket,
  type WebSocketDecision,
  type WebSocketOffer,
} from './websocket-upgrade.js';

const to = { ip: '10.0.0.2', port: 443 };
const name = 'ep1.visited1.net';

interface Options {
  readonly secure?: boolean;
  readonly protocols?: readonly string[];
  readonly origin?: string;
  readonly decide?: (offer: WebSocketOffer) => WebSocketDecision;
  readonly maxMessageBytes?: number;
  readonly seed?: number;
  readonly mtu?: number;
  readonly tape?: number[];
}

/** A client and a server that says every message back. */
function websocket({
  secure = false,
  protocols = ['sip'],
  origin,
  decide,
  mtu = 1500,
  tape = [],
  ...rest
}: Options = {}) {
  const bed = testbed({ realms: { test: { mtu } } }, tape, { trace: true, seed: rest.seed ?? 1 });
  const log = { client: [] as unknown[], server: [] as unknown[] };
  const accepted: WebSocketConnection[] = [];
  const handlers: WebSocketHandlers = {
    onOpen: (connection) => {
      accepted.push(connection);
      log.server.push(`open ${connection.protocol}`);
    },
    onMessage: (data) => {
      log.server.push(data);
      accepted[0]?.send(data);
    },
    onClose: (code, reason) => log.server.push(`${code} ${reason}`),
  };
  const limit = rest.maxMessageBytes === undefined ? {} : { maxMessageBytes: rest.maxMessageBytes };
  bed.server.listen('test', to.port, (tcp) => {
    const stream = secure ? acceptTls(tcp, { certificateNames: [name] }) : tcp;
    acceptWebSocket(
      stream,
      decide ?? (({ protocols: [protocol] }) => ({ handlers, protocol: protocol ?? '' })),
      limit,
    );
  });
  const tcp = bed.ue.connect('test', to);
  const stream: ByteStream = secure ? connectTls(tcp, { serverName: name }) : tcp;
  const client = connectWebSocket(
    bed.ue,
    {
      stream,
      hostHeader: name,
      path: '/ws?token=secret',
      protocols,
      ...(origin !== undefined && { origin }),
    },
    {
      onOpen: ({ protocol }) => log.client.push(`open ${protocol}`),
      onMessage: (data) => log.client.push(data),
      onPong: (data) => log.client.push(`pong ${data.length}`),
      onRefused: ({ status }) => log.client.push(`refused ${status}`),
      onClose: (code, reason) => log.client.push(`${code} ${reason}`),
    },
  );
  return { ...bed, client, accepted, log };
}

function messages({ kernel }: Testbed): string[] {
  return (kernel.trace?.of('message.sent') ?? []).map(
    ({ entity, body: { message } }) =>
      `${entity} ${message.transport} ${message.protocol}: ${message.summary}`,
  );
}

describe('WebSocket', () => {
  test('echoes text and binary messages over TLS and closes in order', () => {
    const bed = websocket({ secure: true });
    bed.kernel.run();
    bed.client.send('héllo');
    bed.client.send(Uint8Array.of(1, 2));
    bed.client.send('x'.repeat(60_000));
    bed.kernel.run();
    bed.client.close(1000, 'bye');
    bed.kernel.run();
    expect(bed.log.client).toEqual(['open sip', 'héllo', Uint8Array.of(1, 2), 'x'.repeat(60_000), '1000 ']);
    expect(bed.log.server.at(-1)).toBe('1000 bye');
    expect(messages(bed).slice(3)).toEqual([
      'ue tls HTTP: GET /ws HTTP/1.1 (Upgrade: websocket, sip)',
      'server tls HTTP: HTTP/1.1 101 Switching Protocols',
      'ue wss WebSocket: Close 1000 bye',
      'server wss WebSocket: Close 1000',
    ]);
    expect(leftovers(bed)).toEqual([]);
  });

  test('is closed by the server as well, and it is the server that ends the TCP connection', () => {
    const bed = websocket();
    bed.kernel.run();
    bed.accepted[0]?.close(1001, 'maintenance');
    bed.kernel.run();
    expect(bed.log.client).toEqual(['open sip', '1001 maintenance']);
    expect(bed.log.server).toEqual(['open sip', '1001 ']);
    const fins = bed.kernel.trace
      ?.of('packet.sent')
      .filter(({ body }) => ((body.packet.tcp?.flags ?? 0) & 1) === 1);
    expect(fins?.map(({ entity }) => entity)).toEqual(['server', 'ue']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('answers a ping with its data', () => {
    const bed = websocket();
    bed.kernel.run();
    bed.client.ping(new Uint8Array(4));
    bed.kernel.run();
    expect(bed.log.client).toEqual(['open sip', 'pong 4']);
    expect(messages(bed).slice(-2)).toEqual(['ue ws WebSocket: Ping', 'server ws WebSocket: Pong']);
  });

  test('tells where a frame ends on the stream at both ends, so that the keys agree', () => {
    const bed = websocket({ secure: true });
    bed.kernel.run();
    const ends: number[] = [];
    const server = bed.accepted[0] as WebSocketConnection;
    server.handlers = { onMessage: (_, end) => ends.push(end) };
    const predicted: number[] = [];
    for (const length of [1, 125, 126, 65_535, 65_536]) {
      predicted.push(bed.client.endOfNext(length));
      bed.client.send('a'.repeat(length));
    }
    bed.kernel.run();
    expect(ends).toEqual(predicted);
    const end = predicted[0] as number;
    expect(messageKey(bed.client.stream, 'sent', end)).toBe(messageKey(server.stream, 'received', end));
  });

  test('lets the server refuse by origin', () => {
    const offers: unknown[] = [];
    const bed = websocket({
      origin: 'https://evil.example',
      decide: ({ origin, target, protocols }) => {
        offers.push(origin, target, protocols);
        return { status: 403, reason: 'Origin not allowed' };
      },
    });
    bed.kernel.run();
    expect(offers).toEqual(['https://evil.example', '/ws?token=secret', ['sip']]);
    expect(bed.log.client).toEqual(['refused 403', '1006 HTTP 403 Origin not allowed']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('fails at the client when the server picks a subprotocol that was not offered', () => {
    const bed = websocket({ decide: () => ({ handlers: {}, protocol: 'msrp' }) });
    bed.kernel.run();
    expect(bed.log.client).toEqual(['1006 subprotocol "msrp" was not offered']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('owes a plain request 426 and garbage 400', () => {
    for (const [request, status] of [
      ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '426'],
      ['\0\0\0\0\r\n\r\n', '400'],
    ] as const) {
      const bed = testbed();
      bed.server.listen('test', to.port, (tcp) => acceptWebSocket(tcp, () => ({ handlers: {} })));
      const tcp = bed.ue.connect('test', to);
      let answer = '';
      tcp.onData = (data) => {
        answer += new TextDecoder().decode(data);
      };
      tcp.write(new TextEncoder().encode(request));
      bed.kernel.run();
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(leftovers(bed)).toEqual([]);
    }
  });

  test('reads frames that come in one segment with the opening handshake', () => {
    const bed = testbed();
    const received: unknown[] = [];
    const handlers: WebSocketHandlers = { onMessage: (data, end) => received.push(data, end) };
    bed.server.listen('test', to.port, (tcp) => acceptWebSocket(tcp, () => ({ handlers })));
    const handshake = serializeHttp(upgradeRequest({ host: name, key: webSocketKey(new Uint8Array(16)) }));
    const payload = new TextEncoder().encode('early');
    const frame = encodeFrame({ fin: true, rsv: 0, opcode: 1, maskingKey: new Uint8Array(4), payload });
    const tcp = bed.ue.connect('test', to);
    tcp.onData = () => {};
    tcp.write(Uint8Array.of(...handshake, ...frame));
    bed.kernel.run();
    expect(received).toEqual(['early', tcp.written]);
  });

  test('reports a TLS failure and a refused port as 1006 with the reason', () => {
    const bed = testbed();
    const reasons: string[] = [];
    const handlers: WebSocketHandlers = { onClose: (code, reason) => reasons.push(`${code} ${reason}`) };
    connectWebSocket(bed.ue, { stream: bed.ue.connect('test', to), hostHeader: name }, handlers);
    bed.kernel.run();
    bed.server.listen('test', to.port, (tcp) => acceptTls(tcp, { certificateNames: ['other.net'] }));
    const stream = connectTls(bed.ue.connect('test', to), { serverName: name });
    connectWebSocket(bed.ue, { stream, hostHeader: name }, handlers);
    bed.kernel.run();
    expect(reasons).toEqual(['1006 refused', `1006 tls: certificate names other.net, expected ${name}`]);
  });

  test('gives up 5 s after a Close that nobody answers', () => {
    const bed = websocket();
    bed.kernel.run();
    const begin = bed.kernel.now;
    bed.network.partition('ue', 'server');
    bed.client.close();
    bed.kernel.run({}, () => bed.client.state === 'closed');
    expect(bed.kernel.now - begin).toBe(5_000_000);
    expect(bed.log.client.at(-1)).toBe('1006 no answer to Close');
  });

  test.each([
    ['an unmasked frame', { fin: true, rsv: 0, opcode: 1, payload: new Uint8Array(1) }, 1002],
    [
      'text that is not UTF-8',
      { fin: true, rsv: 0, opcode: 1, payload: Uint8Array.of(0xff), maskingKey: new Uint8Array(4) },
      1007,
    ],
    [
      'a message beyond the bound',
      { fin: true, rsv: 0, opcode: 2, payload: new Uint8Array(101), maskingKey: new Uint8Array(4) },
      1009,
    ],
  ])('ends the connection on %s', (_, frame, code) => {
    const bed = websocket({ maxMessageBytes: 100 });
    bed.kernel.run();
    bed.client.stream.write(encodeFrame(frame));
    bed.kernel.run();
    expect(bed.log.client.at(-1)).toMatch(`${code} `);
    expect(bed.log.server.at(-1)).toMatch(`${code} `);
    expect(bed.kernel.trace?.of('message.rejected')).toHaveLength(1);
    expect(leftovers(bed)).toEqual([]);
  });

  test('may be closed while it is still connecting', () => {
    const bed = websocket({ secure: true });
    bed.kernel.run({ untilUs: 12_000 });
    bed.client.close(1000, 'changed my mind');
    bed.kernel.run();
    expect(bed.log.client).toEqual(['1006 changed my mind']);
    expect(leftovers(bed)).toEqual([]);
  });

  test('echoes every message in order whatever the segments and faults', () => {
    const faults = fc.array(fc.oneof(fc.constant(0), fc.nat(4)), { maxLength: 50 });
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        faults,
        texts,
        fc.integer({ min: 60, max: 300 }),
        fc.boolean(),
        (tape, sent, mtu, secure) => {
          const bed = websocket({ secure, tape, mtu });
          bed.kernel.run();
          for (const one of sent) bed.client.send(one);
          bed.kernel.run();
          bed.client.close();
          bed.kernel.run();
          expect(bed.log.client.slice(1, -1)).toEqual(sent);
          expect(leftovers(bed)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('any bytes after the upgrade leave nothing behind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, toServer) => {
        const bed = websocket();
        bed.kernel.run();
        const stream = (toServer ? bed.client : bed.accepted[0])?.stream;
        stream?.write(bytes);
        stream?.close();
        expect(bed.kernel.run().status).toBe('idle');
        expect(leftovers(bed)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('the same seed gives the same trace', () => {
    const run = (seed: number): string => {
      const bed = websocket({ secure: true, seed });
      bed.kernel.run();
      bed.client.send('hello');
      bed.kernel.run();
      return bed.kernel.trace === undefined ? '' : hashTrace(bed.kernel.trace);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });
});
