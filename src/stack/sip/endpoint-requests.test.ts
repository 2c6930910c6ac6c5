import { describe, expect, it } from 'vitest';
import { parseSip, type SipResponse } from '../../wire/sip/index.js';
import { refuseMethod, refuseOptions, refuseScheme } from './request-checks.js';
import {
  answering,
  field,
  leftovers,
  rejected,
  request,
  type Side,
  type SipTestbed,
  sendRaw,
  sent,
  sipTestbed,
  TO_B,
} from './testbed.js';
import type { ClientTransaction, ServerTransaction } from './types.js';

const UA = { methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'] };

function send({ a }: SipTestbed, method: string): ClientTransaction {
  return a.endpoint.sendRequest(request(method), TO_B, a.user.client());
}

/** Sends lines as a datagram from port 5999 of `a` and gives what comes back to it. */
function exchange(bed: SipTestbed, lines: readonly string[], port = 5999): SipResponse[] {
  const answers = sendRaw(bed.a, `${lines.join('\r\n')}\r\n\r\n`, TO_B.to, port);
  bed.kernel.run({ untilUs: bed.kernel.now + 10_000 });
  return answers.map((bytes) => {
    const message = parseSip(bytes);
    if (!message.ok || message.value.kind !== 'response') throw new Error('no response');
    return message.value;
  });
}

const OPTIONS = [
  'OPTIONS sip:bob@home1.net SIP/2.0',
  'Via: SIP/2.0/UDP 10.0.0.1:5999;branch=z9hG4bKq',
  'Max-Forwards: 70',
  'From: <sip:alice@home1.net>;tag=1',
  'To: <sip:bob@home1.net>',
  'Call-ID: c1',
  'CSeq: 1 OPTIONS',
];

const edited = (from: string | RegExp, to: string, lines = OPTIONS): string[] =>
  lines.map((line) => line.replace(from, to)).filter((line) => line !== '');

function onlyTransaction({ user }: Side): ServerTransaction {
  const [transaction] = user.transactions;
  if (transaction === undefined) throw new Error('no request came');
  return transaction;
}

describe('a malformed request', () => {
  it('is answered with the status it is owed and a Warning, if it can be answered, and reaches nobody', () => {
    for (const [from, to, status] of [
      ['1 OPTIONS', '1 INVITE', 400],
      ['Max-Forwards: 70', 'Max-Forwards: many', 400],
      ['SIP/2.0', 'SIP/3.0', 505],
      ['sip:bob@home1.net', 'soap.beep://home1.net', 416],
    ] as const) {
      const bed = sipTestbed(UA);
      const [response] = exchange(bed, edited(from, to));
      expect(response?.status).toBe(status);
      expect(response === undefined ? '' : field(response, 'warning')).toMatch(/^399 10\.0\.0\.2 ".+"$/);
      expect(rejected(bed, 'b')).toHaveLength(1);
      expect(bed.b.user.transactions).toEqual([]);
      bed.kernel.run();
      expect(leftovers(bed)).toEqual([]);
    }
  });

  it('is recorded and otherwise ignored if it lacks what a response is made of', () => {
    for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
      const bed = sipTestbed(UA);
      expect(exchange(bed, edited(new RegExp(`^${name}:.*`), ''))).toEqual([]);
      expect(rejected(bed, 'b')).toEqual(['OPTIONS sip:bob@home1.net lacks what a response is made of']);
      expect(bed.b.endpoint.openTransactions).toBe(0);
    }
  });

  it('is never answered when it is an ACK', () => {
    const bed = sipTestbed(UA);
    const ack = edited('OPTIONS', 'ACK', edited('Max-Forwards: 70', 'Max-Forwards: many'));
    expect(exchange(bed, ack)).toEqual([]);
    expect(rejected(bed, 'b')).toHaveLength(1);
    expect(bed.b.user.log).toEqual([]);
  });

  it('is a response that is dropped', () => {
    const bed = sipTestbed();
    const transaction = send(bed, 'OPTIONS');
    bed.kernel.run({ untilUs: 2000 });
    const response = bed.b.endpoint.makeResponse(transaction.request, 200);
    response.headers.set('CSeq', 'one OPTIONS');
    onlyTransaction(bed.b).respond(response);
    bed.kernel.run({ untilUs: 10_000 });
    expect(bed.a.user.log).toEqual([]);
    expect(rejected(bed, 'a')).toHaveLength(1);
  });
});

describe('a user agent', () => {
  it('refuses a method that it does not allow with 405 and Allow, an unknown one with 501', () => {
    const bed = sipTestbed(UA);
    for (const method of ['PUBLISH', 'FLY', 'OPTIONS']) send(bed, method);
    answering(bed.b, 200);
    bed.kernel.run();
    expect(bed.a.user.log).toEqual(['4 405', '4 501', '4 200']);
    const text = bed.kernel.trace?.of('message.sent').find(({ entity }) => entity === 'b')?.body.message.text;
    expect(text).toContain('\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n');
    expect(bed.b.user.transactions).toHaveLength(1);
    expect(leftovers(bed)).toEqual([]);
  });

  it('answers the same request by a second way 482, but not its repetition, nor one within a dialog', () => {
    const bed = sipTestbed(UA);
    expect(exchange(bed, OPTIONS)).toEqual([]);
    expect(exchange(bed, edited('KKK', '', OPTIONS), 5998)).toEqual([]);
    const otherWay = edited('branch=z9hG4bKq', 'branch=z9hG4bKother;rport');
    expect(exchange(bed, otherWay, 5997).map(({ status }) => status)).toEqual([482]);
    const inDialog = edited('<sip:bob@home1.net>', '<sip:bob@home1.net>;tag=b1', otherWay);
    expect(exchange(bed, edited('other', 'third', inDialog), 5996)).toEqual([]);
    expect(bed.b.user.transactions).toHaveLength(2);
    onlyTransaction(bed.b).respond(bed.b.endpoint.makeResponse(onlyTransaction(bed.b).request, 200));
    bed.kernel.run();
    // Once the transaction has ended, the same request is a new one.
    expect(exchange(bed, edited('other', 'fourth', otherWay), 5995)).toEqual([]);
    expect(bed.b.user.transactions).toHaveLength(3);
  });
});

describe('a proxy', () => {
  it('gets every method, and the same request by two ways', () => {
    const bed = sipTestbed();
    exchange(bed, edited(/OPTIONS/, 'FLY', OPTIONS));
    exchange(bed, edited('z9hG4bKq', 'z9hG4bKother', edited(/OPTIONS/, 'FLY', OPTIONS)), 5998);
    expect(bed.b.user.transactions.map((one) => one.request.method)).toEqual(['FLY', 'FLY']);
  });
});

describe('the checks for cores', () => {
  it('find option tags that are not supported: 420 with Unsupported', () => {
    const invite = request('INVITE');
    invite.headers.append('Require', '100rel, Precondition').append('Require', 'sec-agree');
    expect(refuseOptions(invite, ['100rel', 'precondition'])).toEqual({
      status: 420,
      headers: [['Unsupported', 'sec-agree']],
    });
    expect(refuseOptions(invite, ['100rel', 'precondition', 'sec-agree'])).toBeUndefined();
    expect(refuseOptions(invite, [], 'Proxy-Require')).toBeUndefined();
    invite.method = 'ACK';
    expect(refuseOptions(invite, [])).toBeUndefined();
  });

  it('find schemes and methods that are not served', () => {
    const invite = request('INVITE');
    expect(refuseScheme(invite, ['sip', 'tel'])).toBeUndefined();
    expect(refuseScheme(invite, ['tel'])).toEqual({ status: 416, headers: [] });
    expect(refuseMethod(invite, ['INVITE'])).toBeUndefined();
    expect(refuseMethod(invite, ['BYE'])?.status).toBe(405);
    expect(refuseMethod(invite, ['BYE'], ['BYE'])?.status).toBe(501);
  });
});

describe('responses', () => {
  it('copy Via, From, To, Call-ID, CSeq and Timestamp; all but 100 get one To tag for each request', () => {
    const { a } = sipTestbed();
    const invite = request('INVITE');
    invite.headers.append('Via', 'SIP/2.0/UDP p;branch=z9hG4bK2, SIP/2.0/UDP c;branch=z9hG4bK1');
    invite.headers.append('Timestamp', '54');
    const trying = a.endpoint.makeResponse(invite, 100);
    expect([...trying.headers].map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'Via: SIP/2.0/UDP p;branch=z9hG4bK2, SIP/2.0/UDP c;branch=z9hG4bK1',
      'From: <sip:alice@home1.net>;tag=a1',
      'To: <sip:bob@home1.net>',
      'Call-ID: invite@10.0.0.1',
      'CSeq: 1 INVITE',
      'Timestamp: 54',
    ]);
    const ringing = a.endpoint.makeResponse(invite, 180);
    const ok = a.endpoint.makeResponse(invite, 200, { headers: [['Contact', '<sip:b>']], reason: 'Fine' });
    expect(ringing.toTag()).toMatch(/^[a-z0-9]{10}$/);
    expect(ok.toTag()).toBe(ringing.toTag());
    expect([ok.reason, field(ok, 'contact')]).toEqual(['Fine', '<sip:b>']);
    expect(a.endpoint.makeResponse(invite, 200, { toTag: 'mine' }).toTag()).toBe('mine');
    expect(a.endpoint.makeResponse(request('INVITE'), 200).toTag()).not.toBe(ok.toTag());
    invite.headers.set('To', '<sip:bob@home1.net>;tag=b1');
    expect(a.endpoint.makeResponse(invite, 200, { toTag: 'mine' }).toTag()).toBe('b1');
  });
});

describe('CANCEL', () => {
  it('waits for a provisional response, is answered 200 and told to the user of the INVITE', () => {
    const bed = sipTestbed();
    const transaction = send(bed, 'INVITE');
    transaction.cancel('SIP;cause=200;text="Call completed elsewhere"');
    transaction.cancel();
    bed.kernel.run({ untilUs: 199_000 });
    expect(sent(bed, 'a')).toHaveLength(1);
    const server = onlyTransaction(bed.b);
    server.onCancel = (cancel) => {
      expect(field(cancel, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
      server.respond(bed.b.endpoint.makeResponse(server.request, 487));
    };
    bed.kernel.run();
    // 100 after 200 ms arrives at 204; CANCEL is there at 206; the INVITE's 487 arrives at 208.
    expect(bed.a.user.log).toEqual(['204 100', '208 487']);
    expect(transaction.pending).toBe(false);
    expect(sent(bed, 'a').map((line) => line.replace(/ sip.*/, ''))).toEqual([
      '0 INVITE',
      '204 CANCEL',
      '208 ACK',
    ]);
    expect(sent(bed, 'b').map((line) => line.replace(/ by.*/, ''))).toEqual([
      '202 100 Trying (INVITE)',
      '206 200 OK (CANCEL)',
      '206 487 Request Terminated (INVITE)',
    ]);
    const tags = bed.kernel.trace
      ?.of('message.sent')
      .filter(({ at }) => at === 206_000)
      .map(({ body }) => /\r\nTo: .*;tag=(\w+)/.exec(body.message.text ?? '')?.[1]);
    expect(tags?.[0]).toBe(tags?.[1]);
    expect(leftovers(bed)).toEqual([]);
  });

  it('goes out at once when a provisional response is there, with the Via and Route of the INVITE', () => {
    const bed = sipTestbed();
    bed.b.user.answer = (transaction) =>
      transaction.respond(bed.b.endpoint.makeResponse(transaction.request, 180));
    const invite = request('INVITE');
    invite.headers.append('Route', '<sip:10.0.0.2;lr>');
    const user = bed.a.user.client();
    const transaction = bed.a.endpoint.sendRequest(invite, TO_B, {
      ...user,
      onResponse: (response) => {
        user.onResponse(response);
        transaction.cancel();
      },
    });
    bed.kernel.run({ untilUs: 6000 });
    const text = bed.kernel.trace
      ?.of('message.sent')
      .find(({ body }) => body.message.summary.startsWith('CANCEL'))?.body.message.text;
    const cancel = parseSip(new TextEncoder().encode(text));
    if (!cancel.ok) throw new Error('no CANCEL');
    for (const name of ['via', 'route', 'from', 'to', 'call-id']) {
      expect(field(cancel.value, name)).toBe(field(transaction.request, name));
    }
    expect(cancel.value.cseq()).toEqual({ sequence: 1, method: 'CANCEL' });
    expect(bed.b.user.log.at(-1)).toBe('6 cancelled');
    bed.kernel.run();
    // The user of the INVITE never answers: given up 64*T1 after the CANCEL.
    expect(bed.a.user.log).toEqual(['4 180', '32004 timeout']);
    expect(bed.a.endpoint.openTransactions).toBe(0);
  });

  it('is answered 481 when there is nothing to cancel', () => {
    const bed = sipTestbed(UA);
    const cancel = edited(/OPTIONS/, 'CANCEL');
    expect(exchange(bed, cancel).map(({ status }) => status)).toEqual([481]);
    expect(bed.b.user.log).toEqual([]);
  });

  it('has no effect but its 200 on an INVITE that is answered, and on another method', () => {
    const bed = sipTestbed();
    for (const [method, branch, port] of [
      ['INVITE', 'z9hG4bKi', 5990],
      ['OPTIONS', 'z9hG4bKo', 5991],
    ] as const) {
      const contact = method === 'INVITE' ? ['Contact: <sip:a@10.0.0.1>'] : [];
      const first = [...edited('z9hG4bKq', `${branch};rport`, edited(/OPTIONS/, method)), ...contact];
      exchange(bed, first, port);
      const transaction = bed.b.user.transactions.at(-1);
      if (method === 'INVITE') transaction?.respond(bed.b.endpoint.makeResponse(transaction.request, 486));
      const cancel = edited('z9hG4bKq', `${branch};rport`, edited(/OPTIONS/, 'CANCEL'));
      expect(exchange(bed, cancel, port + 5).map(({ status }) => status)).toEqual([200]);
    }
    expect(bed.b.user.log.filter((line) => line.includes('cancelled'))).toEqual([]);
  });
});

describe('a request of RFC 2543, without the magic cookie', () => {
  const INVITE = [...edited('z9hG4bKq', 'old', edited(/OPTIONS/, 'INVITE')), 'Contact: <sip:a@10.0.0.1>'];

  it('is matched by Request-URI, From tag, Call-ID, CSeq and Via, its ACK also by the To tag of the response', () => {
    const bed = sipTestbed();
    exchange(bed, INVITE);
    exchange(bed, INVITE, 5998);
    exchange(bed, edited('Call-ID: c1', 'Call-ID: c2', INVITE), 5997);
    expect(bed.b.user.transactions).toHaveLength(2);
    const server = onlyTransaction(bed.b);
    const response = bed.b.endpoint.makeResponse(server.request, 486);
    server.respond(response);
    const ack = edited(/INVITE/, 'ACK', INVITE);
    const tagged = (tag: string): string[] =>
      edited('<sip:bob@home1.net>', `<sip:bob@home1.net>;tag=${tag}`, ack);
    exchange(bed, tagged('other'), 5996);
    expect(bed.b.user.log.at(-1)).toMatch(/ ACK$/);
    const { length } = bed.b.user.log;
    exchange(bed, tagged(response.toTag() ?? ''), 5995);
    expect(bed.b.user.log).toHaveLength(length);
    bed.kernel.run();
    // Timer I and not timer H: the ACK was found.
    expect(bed.b.user.log.some((line) => line.includes('no ACK'))).toBe(false);
  });
});
