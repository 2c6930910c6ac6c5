import { describe, expect, test } from 'vitest';
import { SipRequest, SipResponse } from '../../wire/sip/index.js';
import { Dialog, dialogOfRequest, dialogOfResponse } from './dialog.js';
import { formatSubscriptionState, parseSubscriptionState, sameEvent } from './event-header.js';
import { OfferAnswer } from './offer-answer.js';
import { formatRAck, ProvisionalOrder, parseRAck, parseRSeq } from './prack.js';

function message<T extends SipRequest | SipResponse>(of: T, fields: Record<string, string>): T {
  for (const [name, value] of Object.entries(fields)) of.headers.append(name, value);
  return of;
}

const invite = message(new SipRequest('INVITE', 'sip:bob@biloxi.test'), {
  From: '"Alice" <sip:alice@atlanta.test>;tag=a1',
  To: '<sip:bob@biloxi.test>',
  'Call-ID': 'c1',
  CSeq: '7 INVITE',
  Contact: '<sip:alice@192.0.2.1>',
  'Record-Route': '<sip:p2;lr>, <sip:p1;lr>',
  Authorization: 'Digest username="alice"',
});
const ok = message(new SipResponse(200), {
  To: '<sip:bob@biloxi.test>;tag=b1',
  CSeq: '7 INVITE',
  Contact: '<sip:bob@192.0.2.2>',
  'Record-Route': '<sip:p2;lr>, <sip:p1;lr>',
});

describe('a dialog', () => {
  test('of the caller has the Record-Route reversed, that of the callee as it is (RFC 3261 12.1)', () => {
    const caller = dialogOfResponse(invite, ok, '<sip:alice@192.0.2.1>');
    expect(caller).toEqual({
      callId: 'c1',
      localTag: 'a1',
      remoteTag: 'b1',
      localUri: 'sip:alice@atlanta.test',
      remoteUri: 'sip:bob@biloxi.test',
      localSequence: 7,
      routeSet: ['<sip:p1;lr>', '<sip:p2;lr>'],
      remoteTarget: 'sip:bob@192.0.2.2',
      contact: '<sip:alice@192.0.2.1>',
      secure: false,
    });
    const callee = dialogOfRequest(invite, 'b1', '<sip:bob@192.0.2.2>');
    expect(callee.routeSet).toEqual(['<sip:p2;lr>', '<sip:p1;lr>']);
    expect([callee.localTag, callee.remoteTag, callee.remoteSequence, callee.localSequence]).toEqual([
      'b1',
      'a1',
      7,
      undefined,
    ]);
  });

  test('makes requests with the next CSeq number, Contact only where it refreshes the target (RFC 3261 12.2.1.1)', () => {
    const dialog = new Dialog(dialogOfResponse(invite, ok, '<sip:alice@192.0.2.1>'));
    const info = dialog.createRequest('INFO');
    expect(info.uri).toBe('sip:bob@192.0.2.2');
    expect(info.headers.list('route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect([info.headers.get('cseq'), info.fromTag(), info.toTag()]).toEqual(['8 INFO', 'a1', 'b1']);
    expect(info.headers.has('contact')).toBe(false);
    const update = dialog.createRequest('UPDATE');
    expect([update.headers.get('cseq'), update.headers.get('contact')]).toEqual([
      '9 UPDATE',
      '<sip:alice@192.0.2.1>',
    ]);
    const ack = dialog.createAck(invite);
    expect([ack.headers.get('cseq'), ack.headers.get('authorization')]).toEqual([
      '7 ACK',
      'Digest username="alice"',
    ]);
  });

  test('addresses a strict router as the example of RFC 3261 12.2.1.1 does', () => {
    const data = dialogOfResponse(invite, ok, '<sip:a>');
    data.routeSet = ['<sip:proxy1>', '<sip:proxy2>', '<sip:proxy3;lr>', '<sip:proxy4>'];
    data.remoteTarget = 'sip:user@remoteua';
    const request = new Dialog(data).createRequest('BYE');
    expect(request.uri).toBe('sip:proxy1');
    expect(request.headers.list('route')).toEqual([
      '<sip:proxy2>',
      '<sip:proxy3;lr>',
      '<sip:proxy4>',
      '<sip:user@remoteua>',
    ]);
  });

  test('refuses requests out of order, and moves its target with a refresh only (RFC 3261 12.2.2)', () => {
    const dialog = new Dialog(dialogOfRequest(invite, 'b1', '<sip:b>'));
    const request = (method: string, cseq: number) =>
      message(new SipRequest(method, 'sip:b'), { CSeq: `${cseq} ${method}`, Contact: '<sip:new@192.0.2.9>' });
    expect(dialog.accept(request('INFO', 9))).toBeUndefined();
    expect(dialog.accept(request('INFO', 8))).toBe(500);
    dialog.refreshTarget(request('INFO', 10));
    expect(dialog.data.remoteTarget).toBe('sip:alice@192.0.2.1');
    dialog.refreshTarget(request('UPDATE', 11));
    expect(dialog.data.remoteTarget).toBe('sip:new@192.0.2.9');
  });
});

test('RAck and RSeq are read strictly and written back (RFC 3262 7)', () => {
  expect(parseRAck('776656 1 INVITE')).toEqual({ rseq: 776656, cseq: 1, method: 'INVITE' });
  expect(formatRAck({ rseq: 776656, cseq: 1, method: 'INVITE' })).toBe('776656 1 INVITE');
  for (const bad of ['', '1', '1 2', '0 1 INVITE', '4294967296 1 INVITE', 'x 1 INVITE', '-1 1 INVITE']) {
    expect(parseRAck(bad), bad).toBeUndefined();
  }
  expect([parseRSeq('4294967295'), parseRSeq('0'), parseRSeq(undefined)]).toEqual([
    4294967295,
    undefined,
    undefined,
  ]);
});

test('provisional responses count in order only, and again when their PRACK was refused (RFC 3262 4)', () => {
  const order = new ProvisionalOrder();
  expect([order.accept(5), order.accept(5), order.accept(7), order.accept(6), order.accept(7)]).toEqual([
    true,
    false,
    false,
    true,
    true,
  ]);
  expect(order.wantsAnother(7)).toBe(false);
  order.refused();
  expect([order.wantsAnother(6), order.wantsAnother(7), order.wantsAnother(7)]).toEqual([false, true, false]);
});

describe('offers and answers', () => {
  test('in the flow of RFC 3262 5: offer in INVITE, answer in 183, offer in PRACK, answer in its 200', () => {
    const offers = new OfferAnswer();
    offers.inRequest('local', 'c1');
    expect(offers.pending).toBe('local');
    offers.inResponse('remote', 'c1');
    expect(offers.pending).toBeUndefined();
    offers.inRequest('local', 'c2');
    expect(offers.pending).toBe('local');
    offers.inResponse('remote', 'c2');
    // The same answer again in the 200 to INVITE is no new offer (RFC 3261 13.2.1).
    offers.inResponse('remote', 'c1');
    expect(offers.pending).toBeUndefined();
  });

  test('an offer in the 200 stays until the ACK, an offer in a refused request is void', () => {
    const offers = new OfferAnswer();
    offers.inResponse('remote', 'c1');
    offers.over('c1', true);
    expect(offers.pending).toBe('remote');
    offers.inRequest('local', 'a1');
    expect(offers.pending).toBeUndefined();
    offers.inRequest('remote', 's4');
    offers.over('s4', false);
    expect(offers.pending).toBeUndefined();
  });
});

test('Event values are the same by type and id alone (RFC 6665 8.2.1)', () => {
  expect(sameEvent('foo; id=1234', 'foo;param=abcd;id=1234')).toBe(true);
  expect(sameEvent('foo', 'foo;id=1234')).toBe(false);
  expect(sameEvent('Foo', 'foo')).toBe(false);
  expect(sameEvent(undefined, undefined)).toBe(false);
});

test('Subscription-State is read and written (RFC 6665 4.1.3)', () => {
  const state = { state: 'terminated', reason: 'probation', retryAfterS: 30 } as const;
  expect(formatSubscriptionState(state)).toBe('terminated;reason=probation;retry-after=30');
  expect(parseSubscriptionState('Terminated ;reason=probation; retry-after=30')).toEqual(state);
  expect(parseSubscriptionState('active;expires=60')).toEqual({ state: 'active', expiresS: 60 });
  expect(parseSubscriptionState('')).toBeUndefined();
});
