import { describe, expect, it } from 'vitest';
import { serializeSip } from '../../wire/sip/index.js';
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
  TO_B,
} from './testbed.js';
import type { ClientTransaction, NextHop } from './types.js';

const TCP_TO_B = { ...TO_B, transport: 'TCP' } as const;

function send({ a }: SipTestbed, method: string, hop: NextHop = TCP_TO_B, bodyBytes = 0): ClientTransaction {
  return a.endpoint.sendRequest(request(method, bodyBytes), hop, a.user.client());
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A body with which a MESSAGE is `size` bytes long over UDP. */
function bodyFor(size: number): number {
  const bed = sipTestbed();
  const { length } = serializeSip(send(bed, 'MESSAGE', { ...TO_B, transport: 'UDP' }, 1000).request);
  return 1000 + size - length;
}

describe('requests over 1300 bytes', () => {
  it('go by TCP where no transport is asked for; those of 1300 bytes go by UDP', () => {
    for (const [size, transport] of [
      [1300, 'UDP'],
      [1301, 'TCP'],
    ] as const) {
      const bed = sipTestbed();
      answering(bed.b, 200);
      const transaction = send(bed, 'MESSAGE', TO_B, bodyFor(size));
      expect(transaction.flow?.transport).toBe(transport);
      expect(field(transaction.request, 'via')?.startsWith(`SIP/2.0/${transport} `)).toBe(true);
      bed.kernel.run();
      expect(bed.b.user.log[0]).toMatch(new RegExp(`MESSAGE by ${transport}`));
      expect(bed.a.user.log[0]).toMatch(/ 200$/);
      expect(leftovers(bed)).toEqual([]);
    }
  });

  it('go by UDP after all when the peer takes no TCP, in a transaction with the timers of UDP', () => {
    const bed = sipTestbed({ tcp: false }, 'a>b#1=drop');
    answering(bed.b, 200);
    const transaction = send(bed, 'MESSAGE', TO_B, bodyFor(1301));
    bed.kernel.run();
    expect(transaction.flow?.transport).toBe('UDP');
    expect(field(transaction.request, 'via')?.startsWith('SIP/2.0/UDP ')).toBe(true);
    // Refused at 4 ms; the first datagram is lost, the second goes out T1 later.
    expect(sent(bed, 'a').map((line) => line.replace(/ .* by/, ''))).toEqual(['0 tcp', '4 udp', '504 udp']);
    expect(bed.a.user.log).toEqual(['4 TCP closed: refused', '508 200']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('go by UDP after all as an ACK for a 2xx too', () => {
    const bed = sipTestbed({ tcp: false });
    bed.a.endpoint.sendAck(request('ACK', 1100), TO_B);
    bed.kernel.run();
    expect(bed.b.user.log).toEqual(['6 ACK']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('fail when TCP is asked for and refused', () => {
    const bed = sipTestbed({ tcp: false });
    send(bed, 'MESSAGE');
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['4 transport error: refused', '4 TCP closed: refused']);
    expect(leftovers(bed)).toEqual([]);
  });
});

describe('transactions over TCP', () => {
  it('share a connection, end with their answers, and the idle connection is closed after 64*T1', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    send(bed, 'OPTIONS');
    bed.kernel.run({ untilUs: 1_000_000 });
    expect(bed.a.endpoint.openTransactions + bed.b.endpoint.openTransactions).toBe(0);
    const again = send(bed, 'MESSAGE');
    bed.kernel.run({ untilUs: 20_000_000 });
    expect(bed.a.user.log).toEqual(['8 200', '1004 200']);
    expect(bed.b.user.flows[0]).toBe(bed.b.user.flows[1]);
    expect(again.flow?.open).toBe(true);
    bed.kernel.run();
    // Last used at 1004 ms.
    expect(bed.a.user.log.slice(2)).toEqual(['33008 TCP closed: closed']);
    expect(again.flow?.open).toBe(false);
    expect(bed.a.endpoint.flow(again.flow?.id ?? '')).toBeUndefined();
    expect(leftovers(bed)).toEqual([]);
    expect(socketsAfterClose(bed)).toEqual([]);
  });

  it('keep the connection while one of them is open', () => {
    const bed = sipTestbed();
    bed.b.user.answer = (transaction) =>
      transaction.respond(bed.b.endpoint.makeResponse(transaction.request, 180));
    const transaction = send(bed, 'INVITE');
    bed.kernel.run({ untilUs: 200_000_000 });
    expect(transaction.flow?.open).toBe(true);
    expect(bed.kernel.pending).toBe(0);
  });

  it('keep the connection for ever where the owner wants it so', () => {
    const bed = sipTestbed({ tcpIdleMs: Number.POSITIVE_INFINITY });
    answering(bed.b, 200);
    const transaction = send(bed, 'OPTIONS');
    bed.kernel.run();
    expect(transaction.flow?.open).toBe(true);
    expect(socketsAfterClose(bed)).toEqual([]);
  });

  it('send nothing twice: one INVITE, one 486, one ACK, and both sides are done', () => {
    const bed = sipTestbed();
    answering(bed.b, 486);
    send(bed, 'INVITE');
    bed.kernel.run({ untilUs: 1_000_000 });
    expect(sent(bed, 'a')).toEqual(['0 INVITE sip:bob@home1.net by tcp', '8 ACK sip:bob@home1.net by tcp']);
    expect(sent(bed, 'b')).toEqual(['6 486 Busy Here (INVITE) by tcp']);
    expect(bed.b.user.log).toEqual(['6 INVITE by TCP', '10 INVITE ended']);
    expect(bed.a.endpoint.openTransactions + bed.b.endpoint.openTransactions).toBe(0);
  });

  it('tell of their end after respond has returned, and not once the endpoint is closed', () => {
    for (const closes of [false, true]) {
      const bed = sipTestbed();
      bed.b.user.answer = (transaction) => {
        transaction.respond(bed.b.endpoint.makeResponse(transaction.request, 200));
        bed.b.user.note('responded');
        if (closes) bed.b.endpoint.close();
      };
      send(bed, 'OPTIONS');
      bed.kernel.run({ untilUs: 100_000 });
      const log = ['6 OPTIONS by TCP', '6 responded', '6 OPTIONS ended'];
      expect(bed.b.user.log).toEqual(closes ? log.slice(0, 2) : log);
      expect(bed.b.endpoint.openTransactions).toBe(0);
    }
  });

  it('all fail with their connection, and only they', () => {
    const bed = sipTestbed();
    const over = [send(bed, 'OPTIONS'), send(bed, 'INVITE')];
    send(bed, 'MESSAGE', TO_B);
    bed.kernel.run({ untilUs: 100_000 });
    const flow = over[0]?.flow;
    if (flow === undefined) throw new Error('no flow');
    bed.a.endpoint.closeFlow(flow);
    bed.kernel.run({ untilUs: 200_000 });
    expect(bed.a.user.log).toEqual([
      '104 transport error: closed',
      '104 transport error: closed',
      '104 TCP closed: closed',
    ]);
    expect(over[1]?.pending).toBe(false);
  });

  it('have their responses go by a new connection where the old one is gone (RFC 3261 18.2.2)', () => {
    const bed = sipTestbed();
    const transaction = send(bed, 'OPTIONS');
    bed.kernel.run({ untilUs: 100_000 });
    const flow = transaction.flow;
    if (flow === undefined) throw new Error('no flow');
    bed.a.endpoint.closeFlow(flow);
    bed.kernel.run({ untilUs: 200_000 });
    const [incoming] = bed.b.user.transactions;
    incoming?.respond(bed.b.endpoint.makeResponse(incoming.request, 200));
    bed.kernel.run();
    // The client side gave up with its connection; a proxy or a B2BUA hears of it all the same.
    expect(bed.a.user.log.find((line) => line.includes('stray'))).toMatch(/stray 200/);
    expect(leftovers(bed)).toEqual([]);
  });

  it('report a response whose new connection is refused', () => {
    const bed = sipTestbed({ sentByPort: 5070 });
    const transaction = send(bed, 'INVITE');
    bed.kernel.run({ untilUs: 100_000 });
    const flow = transaction.flow;
    if (flow === undefined) throw new Error('no flow');
    bed.a.endpoint.closeFlow(flow);
    bed.kernel.run({ untilUs: 200_000 });
    const [incoming] = bed.b.user.transactions;
    incoming?.respond(bed.b.endpoint.makeResponse(incoming.request, 200));
    bed.kernel.run();
    expect(bed.b.user.log.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'INVITE by TCP',
      'TCP closed: closed',
      'TCP closed: refused',
      'error: refused',
      'INVITE ended',
    ]);
    expect(leftovers(bed)).toEqual([]);
  });

  it('lie in one stream in any pieces, between keep-alives, of which a ping is answered', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    const got: number[] = [];
    const connection = bed.a.host.connect('core', TO_B.to);
    connection.attach({ onData: (data) => got.push(...data) });
    const lines = [
      'OPTIONS sip:bob@home1.net SIP/2.0',
      'Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKq',
      'Max-Forwards: 70',
    ];
    lines.push(
      'From: <sip:a@b>;tag=1',
      'To: <sip:bob@home1.net>',
      'Call-ID: c',
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    );
    for (const byte of bytes(`${lines.join('\r\n')}\r\n\r\n`)) connection.write(Uint8Array.of(byte));
    connection.write(bytes('\r\n\r\n'));
    bed.kernel.run();
    const text = new TextDecoder().decode(Uint8Array.from(got));
    expect(text).toMatch(/^SIP\/2\.0 200 OK\r\n[\s\S]*\r\n\r\n\r\n$/);
    expect(bed.b.user.log).toEqual(['6 OPTIONS by TCP', expect.stringMatching(/OPTIONS ended/)]);
  });

  it('tell the owner of a pong', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    const { flow } = send(bed, 'OPTIONS');
    if (flow === undefined) throw new Error('no flow');
    bed.kernel.run({ untilUs: 100_000 });
    bed.a.endpoint.ping(flow);
    bed.kernel.run({ untilUs: 200_000 });
    expect(bed.a.user.log).toEqual(['8 200', '104 pong by TCP']);
  });

  it('end when the stream can no longer be divided: what can be answered is, then it is closed', () => {
    const bed = sipTestbed();
    const got: number[] = [];
    let closed = '';
    const connection = bed.a.host.connect('core', TO_B.to);
    connection.attach({ onData: (data) => got.push(...data), onClose: (reason) => (closed = reason) });
    const lines = [
      'OPTIONS sip:bob@home1.net SIP/2.0',
      'Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKq',
      'Max-Forwards: 70',
    ];
    lines.push('From: <sip:a@b>;tag=1', 'To: <sip:bob@home1.net>', 'Call-ID: c', 'CSeq: 1 OPTIONS');
    connection.write(bytes(`${lines.join('\r\n')}\r\n\r\nbody of unknown length`));
    bed.kernel.run();
    expect(new TextDecoder().decode(Uint8Array.from(got))).toMatch(/^SIP\/2\.0 400 Bad Request\r\n/);
    expect(closed).toBe('closed');
    expect(rejected(bed, 'b')).toHaveLength(2);
    expect(bed.b.user.log.filter((line) => line.includes('OPTIONS'))).toEqual([]);
    expect(leftovers(bed)).toEqual([]);
  });

  it('have messages paired at both ends of the stream by their keys', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    for (const method of ['OPTIONS', 'MESSAGE']) send(bed, method);
    bed.kernel.run();
    const keys = (kind: 'message.sent' | 'message.received'): string[] =>
      (bed.kernel.trace?.of(kind) ?? [])
        .filter(({ body }) => body.message.protocol === 'SIP')
        .map(({ body }) => `${body.message.key} ${body.message.summary} ${body.message.text}`)
        .sort();
    expect(keys('message.sent')).toHaveLength(4);
    expect(keys('message.received')).toEqual(keys('message.sent'));
  });
});
