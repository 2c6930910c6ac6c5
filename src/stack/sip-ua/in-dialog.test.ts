import { expect, test } from 'vitest';
import { parseTape, type Tape } from '../../kernel/index.js';
import { acceptWebSocket, connectWebSocket } from '../../network/index.js';
import type { SipFlow } from '../sip/index.js';
import { ANSWER, NOTHING, OFFER, Rig, wire } from './fixtures/rig.js';
import { answerInvite, startInvite } from './index.js';

const tape = (text: string): Tape => parseTape(text) as Tape;

test('the 200 to a re-INVITE is repeated until its ACK comes', () => {
  // alice>bob: 0 INVITE, 1 ACK, 2 re-INVITE, 3 its ACK.
  const rig = new Rig({ tape: tape('alice>bob#3=drop'), trace: true });
  rig.answer((session) => session.accept({ sdp: ANSWER }), {
    request: (incoming) => incoming.respond(200, { sdp: ANSWER }),
  });
  const session = rig.call({
    accepted: () => {
      rig.after(100, () => session.sendRequest('INVITE', { sdp: OFFER }));
      rig.after(3000, () => session.bye());
    },
  });
  rig.run();
  expect(wire(rig).filter((line) => line === 'bob>alice 200 INVITE')).toHaveLength(3);
  expect(wire(rig).filter((line) => line === 'alice>bob ACK')).toHaveLength(3);
  expect(rig.left).toEqual(NOTHING);
});

test('a re-INVITE whose 200 is never acknowledged ends the session', () => {
  const drops = Array.from({ length: 12 }, (_, index) => `alice>bob#${index + 3}=drop`).join(',');
  const rig = new Rig({ tape: tape(drops) });
  rig.answer((session) => session.accept({ sdp: ANSWER }), {
    request: (incoming) => incoming.respond(200, { sdp: ANSWER }),
  });
  const session = rig.call({
    accepted: () => rig.after(100, () => session.sendRequest('INVITE', { sdp: OFFER })),
  });
  rig.run();
  expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'alice ended remote', 'bob ended timeout']);
  expect(rig.left).toEqual(NOTHING);
});

test('a BYE answers what is pending in the dialog with 487', () => {
  const rig = new Rig();
  const statuses: number[] = [];
  rig.answer((session) => session.accept({ sdp: ANSWER }), {
    request: () => rig.after(50, () => session.bye()),
  });
  const session = rig.call({
    accepted: () =>
      rig.after(100, () => {
        session.sendRequest('INFO', {}, { done: (status) => statuses.push(status) });
        session.sendRequest('INVITE', { sdp: OFFER }, { done: (status) => statuses.push(status) });
      }),
  });
  rig.run();
  expect(statuses).toEqual([487, 487]);
  expect(rig.log.slice(-2)).toEqual(['bob ended remote', 'alice ended local']);
  expect(rig.left).toEqual(NOTHING);
});

test('a callee that hangs up answers the re-INVITE it has pending with 487', () => {
  const rig = new Rig();
  const session = rig.call({ accepted: () => rig.after(100, () => reinvite()) });
  rig.answer((server) => server.accept({ sdp: ANSWER }), { request: () => {} });
  const statuses: number[] = [];
  const reinvite = (): void => {
    session.sendRequest('INVITE', { sdp: OFFER }, { done: (status) => statuses.push(status) });
    // Bob hangs up in the middle of it.
    rig.after(1000, () => rig.server?.bye());
  };
  rig.run();
  expect(statuses).toEqual([487]);
  expect(rig.log.slice(-2)).toEqual(['alice ended remote', 'bob ended local']);
  expect(rig.left).toEqual(NOTHING);
});

test('a 481 within the dialog ends the session with a BYE', () => {
  const rig = new Rig({ trace: true });
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  const session = rig.call({
    accepted: () =>
      rig.after(100, () => {
        // Bob has forgotten the dialog.
        if (rig.server !== undefined) rig.bob.ua.unregister(rig.server.dialog.id);
        session.sendRequest('INFO');
      }),
  });
  rig.kernel.run({ untilUs: 40_000_000 });
  expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'alice ended remote']);
  expect(wire(rig).slice(-4)).toEqual([
    'alice>bob INFO',
    'bob>alice 481 INFO',
    'alice>bob BYE',
    'bob>alice 481 BYE',
  ]);
  expect(rig.alice.ua.openDialogs).toBe(0);
});

test('requests that nobody takes are refused: 488, 405, and 200 for a bare UPDATE', () => {
  const rig = new Rig();
  const statuses: string[] = [];
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  const session = rig.call({
    accepted: () => {
      const send = (method: string, parts = {}): void => {
        session.sendRequest(method, parts, { done: (status) => statuses.push(`${method} ${status}`) });
      };
      rig.after(100, () => send('UPDATE'));
      rig.after(200, () => send('UPDATE', { sdp: OFFER }));
      rig.after(300, () => send('INFO'));
      rig.after(400, () => send('INVITE', { sdp: OFFER }));
      rig.after(500, () => session.bye());
    },
  });
  rig.run();
  expect(statuses).toEqual(['UPDATE 200', 'UPDATE 488', 'INFO 405', 'INVITE 488']);
  expect(rig.left).toEqual(NOTHING);
});

test('an UPDATE from the callee in an early dialog is taken by the caller', () => {
  const rig = new Rig();
  const log: string[] = [];
  rig.answer((session) => session.progress(183, { reliable: true, sdp: ANSWER }), {
    pracked: () =>
      rig.after(10, () => {
        const done = (status: number): void => {
          log.push(`bob ${status}`);
          rig.server?.accept();
        };
        rig.server?.sendRequest('UPDATE', { sdp: OFFER }, { done });
      }),
  });
  const session = rig.call({
    request: (incoming, dialog) => {
      log.push(`alice ${incoming.request.method} ${dialog === session.dialog}`);
      incoming.respond(200, { sdp: ANSWER });
    },
    accepted: () => rig.after(10, () => session.bye()),
  });
  rig.run();
  expect(log).toEqual(['alice UPDATE true', 'bob 200']);
  expect(rig.left).toEqual(NOTHING);
});

test('a PRACK with an offer is answered by the callee in its 200', () => {
  const rig = new Rig();
  const got: string[] = [];
  rig.answer((session) => session.progress(183, { reliable: true, sdp: ANSWER }), {
    pracked: (prack) => {
      // The answer takes a while, and the 2xx to INVITE comes after it.
      rig.after(50, () => {
        prack.respond(200, { sdp: ANSWER });
        rig.server?.accept();
      });
    },
  });
  const session = rig.call(
    {
      pracked: (response, { sdp }) => got.push(`${response.status} ${sdp?.length}`),
      accepted: () => rig.after(10, () => session.bye()),
    },
    { prackBody: () => ({ sdp: OFFER }) },
  );
  rig.run();
  expect(got).toEqual([`200 ${ANSWER.length}`]);
  expect(rig.left).toEqual(NOTHING);
});

test('one user agent can be both sides of a back-to-back user agent', () => {
  const rig = new Rig();
  // Bob passes every call on to Carol, who is at Alice's host, under the same Call-ID.
  rig.alice.on.invite = (transaction) => {
    const callee = answerInvite(rig.alice.ua, transaction, {
      on: { ended: ({ by }) => rig.say(`carol ended ${by}`) },
    });
    callee.progress(180);
    callee.accept({ sdp: ANSWER });
  };
  rig.bob.on.invite = (transaction) => {
    const { ua } = rig.bob;
    const from = answerInvite(ua, transaction, {
      on: { ended: () => to.bye(), acked: () => rig.say('bob acked') },
    });
    const callId = transaction.request.callId() ?? '';
    const request = ua.createRequest(
      'INVITE',
      'sip:carol@alice.test',
      { from: 'sip:alice@alice.test', to: 'sip:carol@alice.test' },
      { headers: [['Call-ID', callId]], sdp: OFFER },
    );
    const to = startInvite(ua, {
      request,
      hop: { realm: 'core', to: { ip: '10.0.0.1', port: 5060 } },
      on: {
        progress: ({ status }) => from.progress(status),
        accepted: (_response, { sdp }) => from.accept(sdp === undefined ? {} : { sdp }),
      },
    });
  };
  const session = rig.call({ accepted: () => rig.after(100, () => session.bye()) });
  rig.run();
  expect(rig.log).toEqual([
    'alice progress 180',
    'alice accepted 200',
    'bob acked',
    'alice ended local',
    'carol ended remote',
  ]);
  expect(rig.left).toEqual(NOTHING);
});

test('over a WebSocket everything within the dialog uses its connection, and its loss fails the INVITE', () => {
  for (const cut of [false, true]) {
    const rig = new Rig({ trace: true });
    let flow: SipFlow | undefined;
    const closed: string[] = [];
    rig.bob.on.flowClosed = () => closed.push('bob');
    rig.bob.host.listen('core', 80, (tcp) => {
      const handlers = {
        onOpen: (connection: Parameters<typeof rig.bob.endpoint.attachWebSocket>[0]) => {
          rig.bob.endpoint.attachWebSocket(connection, { realm: 'core' });
        },
      };
      acceptWebSocket(tcp, () => ({ handlers, protocol: 'sip' }));
    });
    const connection = connectWebSocket(
      rig.alice.host,
      {
        stream: rig.alice.host.connect('core', { ip: '10.0.0.2', port: 80 }),
        hostHeader: 'bob.test',
        protocols: ['sip'],
      },
      {
        onOpen: (opened) => {
          flow = rig.alice.endpoint.attachWebSocket(opened, { realm: 'core' });
        },
      },
    );
    rig.run();
    rig.bob.on.invite = (transaction) => {
      const session = answerInvite(rig.bob.ua, transaction, {
        on: {
          acked: () => rig.after(100, () => session.bye()),
          ended: ({ by }) => rig.say(`bob ended ${by}`),
          failed: ({ by }) => rig.say(`bob failed ${by}`),
        },
      });
      session.progress(180);
      if (!cut) session.accept({ sdp: ANSWER });
      else rig.after(1000, () => session.accept({ sdp: ANSWER }));
    };
    const request = rig.invite();
    request.headers.set('Contact', '<sip:alice@df7jal23ls0d.invalid;transport=ws>');
    startInvite(rig.alice.ua, {
      request,
      hop: { flow: flow as SipFlow },
      on: {
        rejected: (status) => rig.say(`alice rejected ${status}`),
        ended: ({ by }) => rig.say(`alice ended ${by}`),
      },
    });
    if (cut) rig.after(500, () => connection.close());
    rig.run();
    if (cut) expect(rig.log).toEqual(['alice rejected 503', 'bob failed transport']);
    else expect(rig.log).toEqual(['alice ended remote', 'bob ended local']);
    const transports = (rig.kernel.trace?.events ?? []).flatMap(({ body }) =>
      body.kind === 'message.sent' && body.message.protocol === 'SIP' ? [body.message.transport] : [],
    );
    if (!cut) expect(new Set(transports)).toEqual(new Set(['ws']));
    expect(closed).toEqual(cut ? ['bob'] : []);
    expect({ ...rig.left, pending: 0 }).toEqual(NOTHING);
  }
});
