import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Kernel, listChoices, parseTape, seededChoices, tapeChoices } from '../../kernel/index.js';
import { parseSip, type SipRequest } from '../../wire/sip/index.js';
import {
  answering,
  field,
  leftovers,
  rejected,
  request,
  type SipTestbed,
  sendRaw,
  sent,
  sipTestbed,
  socketsAfterClose,
  TO_B,
} from './testbed.js';
import type { ClientTransaction } from './types.js';

function send({ a }: SipTestbed, method: string, bodyBytes = 0): ClientTransaction {
  return a.endpoint.sendRequest(request(method, bodyBytes), TO_B, a.user.client());
}

const ackFor2xx = (): SipRequest => {
  const ack = request('ACK');
  ack.headers.set('To', '<sip:bob@home1.net>;tag=b1');
  return ack;
};

describe('transactions over UDP', () => {
  it('carry a request there and a response back, 2 ms each way, and end after T4 and 64*T1', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    const transaction = send(bed, 'OPTIONS');
    expect(transaction.pending).toBe(false);
    const outcome = bed.kernel.run();
    expect(outcome.status).toBe('idle');
    expect(bed.a.user.log).toEqual(['4 200']);
    expect(bed.b.user.log).toEqual(['2 OPTIONS by UDP', '32002 OPTIONS ended']);
    expect(leftovers(bed)).toEqual([]);
    expect(socketsAfterClose(bed)).toEqual([]);
  });

  it('put a Via with sent-by, a fresh branch and rport on a copy of the request, and fill received and rport in', () => {
    const bed = sipTestbed();
    const original = request('OPTIONS');
    const first = bed.a.endpoint.sendRequest(original, TO_B, bed.a.user.client());
    const second = bed.a.endpoint.sendRequest(original, TO_B, bed.a.user.client(), { viaParams: ';keep' });
    expect(original.headers.has('via')).toBe(false);
    expect(field(first.request, 'via')).toMatch(
      /^SIP\/2\.0\/UDP 10\.0\.0\.1:5060;branch=z9hG4bK[a-z0-9]{16};rport$/,
    );
    expect(field(second.request, 'via')).toMatch(/;rport;keep$/);
    expect(field(second.request, 'via')?.slice(0, 52)).not.toBe(field(first.request, 'via')?.slice(0, 52));
    bed.kernel.run({ untilUs: 10_000 });
    const [received] = bed.b.user.transactions;
    expect(received?.request.via()?.params.toString()).toMatch(/;rport=5060;received=10\.0\.0\.1$/);
  });

  it('repeat a request that is lost until the answer comes', () => {
    const bed = sipTestbed({}, 'a>b#0=drop,a>b#1=drop,b>a#0=drop');
    answering(bed.b, 200);
    send(bed, 'OPTIONS');
    bed.kernel.run();
    // Sent at 0, 500 and 1500; the answer to the third is lost; the fourth at 3500 has it repeated.
    expect(sent(bed, 'a').map((line) => line.split(' ')[0])).toEqual(['0', '500', '1500', '3500']);
    expect(bed.a.user.log).toEqual(['3504 200']);
    expect(bed.b.user.log).toEqual(['1502 OPTIONS by UDP', '33502 OPTIONS ended']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('time out when nobody answers: INVITE is sent seven times in 32 s', () => {
    const bed = sipTestbed();
    bed.network.partition('a', 'b');
    send(bed, 'INVITE');
    bed.kernel.run();
    const times = sent(bed, 'a').map((line) => Number(line.split(' ')[0]));
    expect(times).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(bed.a.user.log).toEqual(['32000 timeout']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('take the timers of the realm', () => {
    const bed = sipTestbed({ timersFor: () => ({ t1Ms: 2000, t2Ms: 16_000, t4Ms: 17_000 }) });
    bed.network.partition('a', 'b');
    send(bed, 'INVITE');
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['128000 timeout']);
  });

  it('answer an INVITE 100 after 200 ms, carry 180 and 486, and acknowledge the latter in the transaction', () => {
    const bed = sipTestbed();
    send(bed, 'INVITE');
    // Nothing is left to do once the 100 is there, at 204 ms.
    bed.kernel.run();
    const [incoming] = bed.b.user.transactions;
    if (incoming === undefined) throw new Error('no INVITE came');
    for (const status of [180, 486]) {
      incoming.respond(bed.b.endpoint.makeResponse(incoming.request, status));
    }
    expect(incoming.answered).toBe(true);
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['204 100', '206 180', '206 486']);
    expect(sent(bed, 'a')).toEqual(['0 INVITE sip:bob@home1.net by udp', '206 ACK sip:bob@home1.net by udp']);
    // Nobody but the transaction hears of that ACK; timer I is 5 s.
    expect(bed.b.user.log).toEqual(['2 INVITE by UDP', '5208 INVITE ended']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('copy Request-URI, Via, Route, From, Call-ID and CSeq number into that ACK, and the To of the response', () => {
    const bed = sipTestbed();
    answering(bed.b, 486);
    const invite = request('INVITE');
    invite.headers.append('Route', '<sip:10.0.0.2;lr>, <sip:scscf.home1.net;lr>');
    const transaction = bed.a.endpoint.sendRequest(invite, TO_B, bed.a.user.client());
    bed.kernel.run();
    const text = bed.kernel.trace
      ?.of('message.sent')
      .find(({ body }) => body.message.summary.startsWith('ACK'))?.body.message.text;
    const ack = parseSip(new TextEncoder().encode(text));
    if (!ack.ok || ack.value.kind !== 'request') throw new Error('no ACK');
    expect(ack.value.uri).toBe(transaction.request.uri);
    for (const name of ['via', 'route', 'from', 'call-id', 'max-forwards']) {
      expect(field(ack.value, name)).toBe(field(transaction.request, name));
    }
    expect(ack.value.cseq()).toEqual({ sequence: 1, method: 'ACK' });
    expect(ack.value.toTag()).toMatch(/^[a-z0-9]{10}$/);
  });

  it('pass every 2xx up and the ACK for it to the user, and send a repeated 2xx again', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    send(bed, 'INVITE');
    bed.kernel.run({ untilUs: 500_000 });
    const [incoming] = bed.b.user.transactions;
    if (incoming === undefined) throw new Error('no INVITE came');
    incoming.respond(bed.b.endpoint.makeResponse(incoming.request, 200));
    incoming.respond(bed.b.endpoint.makeResponse(incoming.request, 486));
    bed.a.endpoint.sendAck(ackFor2xx(), TO_B);
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['4 200', '502 200']);
    // RFC 6026: both sides stay for 64*T1 after the first 2xx.
    expect(bed.b.user.log).toEqual(['2 INVITE by UDP', '502 ACK', '32002 INVITE ended']);
    expect(leftovers(bed)).toEqual([]);
  });

  it('hand a 2xx that comes after the client transaction to the user as a stray', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    send(bed, 'OPTIONS');
    bed.kernel.run({ untilUs: 10_000_000 });
    const [incoming] = bed.b.user.transactions;
    if (incoming === undefined) throw new Error('no OPTIONS came');
    const flow = bed.b.user.flows[0];
    expect(bed.b.endpoint.flow(flow?.id ?? '')).toBe(flow);
    // The client side forgot after T4 = 5 s; repeating the request makes the server answer again.
    sendRaw(bed.a, bedText(bed), TO_B.to, 5998);
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['4 200', '10004 stray 200']);
  });

  it('drop a response whose Via is not theirs', () => {
    const bed = sipTestbed();
    const response =
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n';
    sendRaw(bed.b, `${response}To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n`, {
      ip: '10.0.0.1',
      port: 5060,
    });
    bed.kernel.run();
    expect(rejected(bed, 'a')).toEqual(['top Via of 200 OK (OPTIONS) is not ours']);
    expect(bed.a.user.log).toEqual([]);
  });

  it('send responses to the sent-by port where the request has no rport, and to its source where it has', () => {
    for (const [rport, answers] of [
      ['', 0],
      [';rport', 1],
    ] as const) {
      const bed = sipTestbed();
      answering(bed.b, 200);
      const via = `Via: SIP/2.0/UDP a.home1.net:5060;branch=z9hG4bKq${rport}`;
      const received = sendRaw(bed.a, text('OPTIONS', via));
      bed.kernel.run();
      expect(received).toHaveLength(answers);
      // Port 5060 of a has not sent this, so its endpoint rejects the answer.
      expect(rejected(bed, 'a')).toHaveLength(1 - answers);
      expect(field(bed.b.user.transactions[0]?.request ?? request('X'), 'via')).toMatch(
        /received=10\.0\.0\.1/,
      );
    }
  });

  it('ignore keep-alives and bytes behind the body, and reject what is not SIP', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    const via = 'Via: SIP/2.0/UDP 10.0.0.1:5999;branch=z9hG4bKq';
    sendRaw(bed.a, '\r\n\r\n', TO_B.to, 6001);
    sendRaw(bed.a, 'hello\r\n\r\n', TO_B.to, 6002);
    const answers = sendRaw(bed.a, `${text('OPTIONS', via)}trailing`);
    bed.kernel.run();
    expect(rejected(bed, 'b')).toHaveLength(1);
    expect(answers).toHaveLength(1);
    expect(bed.b.user.transactions[0]?.request.body).toHaveLength(0);
  });

  it('link a message sent to its receipt and its answer in the trace', () => {
    const bed = sipTestbed();
    answering(bed.b, 200);
    send(bed, 'OPTIONS');
    bed.kernel.run();
    const trace = bed.kernel.trace;
    const answer = trace?.of('message.sent').find(({ entity }) => entity === 'b');
    const chain: string[] = [];
    for (let at = answer; at !== undefined; at = trace?.event(at.cause) as typeof answer) {
      chain.push(`${at.entity} ${at.body.kind}`);
    }
    expect(chain).toEqual([
      'b message.sent',
      'b message.received',
      'b packet.delivered',
      'a packet.sent',
      'a message.sent',
    ]);
  });

  it('leave nothing behind when an endpoint closes in the middle of everything', () => {
    const bed = sipTestbed();
    for (const method of ['INVITE', 'OPTIONS', 'MESSAGE']) send(bed, method);
    bed.a.endpoint.sendRequest(request('SUBSCRIBE'), { ...TO_B, transport: 'TCP' }, bed.a.user.client());
    bed.kernel.run({ untilUs: 3000 });
    expect(bed.a.endpoint.openTransactions).toBe(4);
    const log = [...bed.a.user.log];
    expect(socketsAfterClose(bed)).toEqual([]);
    expect(bed.a.user.log).toEqual(log);
    expect(leftovers(bed)).toEqual([]);
  });
});

/** A request as bytes would carry it. */
function text(method: string, ...fields: readonly string[]): string {
  const { headers } = request(method);
  const lines = [...headers].map(({ name, value }) => `${name}: ${value}`);
  return `${[`${method} sip:bob@home1.net SIP/2.0`, ...fields, ...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`;
}

/** The text of the first message that `a` sent. */
function bedText({ kernel }: SipTestbed): string {
  return kernel.trace?.of('message.sent')[0]?.body.message.text ?? '';
}

describe('a non-INVITE transaction under faults', () => {
  const fault = fc.record({
    link: fc.constantFrom('a>b', 'b>a'),
    index: fc.nat(2),
    choice: fc.constantFrom('drop', 'duplicate', 'delay', 'reorder'),
  });

  it('ends exactly once on both sides, with the answer, whatever three faults strike', () => {
    let struck = 0;
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 3 }), fc.boolean(), (faults, provisional) => {
        const tape = faults.map(({ link, index, choice }) => `${link}#${index}=${choice}`).join(',');
        const bed = sipTestbed({}, tape);
        bed.b.user.answer = (transaction) => {
          if (provisional) transaction.respond(bed.b.endpoint.makeResponse(transaction.request, 183));
          transaction.respond(bed.b.endpoint.makeResponse(transaction.request, 200));
        };
        send(bed, 'OPTIONS');
        const outcome = bed.kernel.run();
        struck += bed.kernel.taken.length;
        expect(outcome.status).toBe('idle');
        expect(bed.a.user.log.filter((line) => !line.endsWith(' 183'))).toEqual([
          expect.stringMatching(/ 200$/),
        ]);
        expect(bed.b.user.log.map((line) => line.replace(/^\S+ /, ''))).toEqual([
          'OPTIONS by UDP',
          'OPTIONS ended',
        ]);
        expect(leftovers(bed)).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(struck).toBeGreaterThan(50);
  });

  it('ends exactly once on both sides too when bytes are corrupted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 5 }), fc.nat(1000), (list, seed) => {
        const bed = sipTestbed({}, list, { trace: true, seed });
        answering(bed.b, 200);
        send(bed, 'OPTIONS');
        bed.kernel.run();
        const finals = bed.a.user.log.filter((line) => !line.includes('stray'));
        expect(finals).toHaveLength(1);
        const started = bed.b.user.log.filter((line) => line.includes(' by UDP')).length;
        expect(bed.b.user.log.filter((line) => line.endsWith(' ended'))).toHaveLength(started);
        expect(leftovers(bed)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('runs the same twice from the same tape', () => {
    const run = (): readonly unknown[] => {
      const tape = parseTape('a>b#0=drop,b>a#0=delay');
      if (typeof tape === 'string') throw new Error(tape);
      const bed = sipTestbed({}, '', {
        trace: true,
        choices: tapeChoices(tape, listChoices([], seededChoices(1))),
      });
      answering(bed.b, 200);
      send(bed, 'INVITE');
      bed.kernel.run();
      const kernel: Kernel = bed.kernel;
      return kernel.trace?.events ?? [];
    };
    expect(JSON.stringify(run())).toBe(JSON.stringify(run()));
  });
});
