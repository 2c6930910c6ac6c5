import { expect, test } from 'vitest';
import { parseTape, type Tape } from '../../kernel/index.js';
import { ANSWER, NOTHING, OFFER, Rig, unexpected, wire } from './fixtures/rig.js';

function tape(text: string): Tape {
  const parsed = parseTape(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

for (const proxy of [false, true]) {
  const way = proxy ? 'through a proxy' : 'direct';

  test(`a basic call is answered, acknowledged and released, ${way}`, () => {
    const rig = new Rig({ proxy, trace: true });
    rig.answer((session) => {
      session.progress(180);
      rig.after(1000, () => session.accept({ sdp: ANSWER }));
    });
    const session = rig.call({ accepted: () => rig.after(5000, () => session.bye()) });
    rig.run();
    expect(rig.log).toEqual([
      'alice progress 180',
      'alice accepted 200',
      'bob acked',
      'bob ended remote',
      'alice ended local',
    ]);
    if (!proxy) {
      expect(wire(rig)).toEqual([
        'alice>bob INVITE',
        'bob>alice 180 INVITE',
        'bob>alice 200 INVITE',
        'alice>bob ACK',
        'alice>bob BYE',
        'bob>alice 200 BYE',
      ]);
    } else {
      expect(wire(rig)).toEqual([
        'alice>proxy INVITE',
        'proxy>bob INVITE',
        'bob>proxy 180 INVITE',
        'proxy>alice 180 INVITE',
        'bob>proxy 200 INVITE',
        'proxy>alice 200 INVITE',
        'alice>proxy ACK',
        'proxy>bob ACK',
        'alice>proxy BYE',
        'proxy>bob BYE',
        'bob>proxy 200 BYE',
        'proxy>alice 200 BYE',
      ]);
    }
    expect(rig.left).toEqual(NOTHING);
  });

  test(`the callee may hang up as well, ${way}`, () => {
    const rig = new Rig({ proxy });
    rig.answer((session) => session.accept({ sdp: ANSWER }), {
      acked: () => rig.after(100, () => rig.server?.bye()),
    });
    rig.call();
    rig.run();
    expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'alice ended remote', 'bob ended local']);
    expect(rig.left).toEqual(NOTHING);
  });

  test(`a reliable 183 is acknowledged by PRACK before 180 and 200, ${way}`, () => {
    const rig = new Rig({ proxy, trace: true });
    rig.answer((session) => {
      session.progress(183, { reliable: true, sdp: ANSWER });
      session.progress(180, { reliable: true });
      rig.after(1000, () => session.accept());
    });
    const session = rig.call({ accepted: () => rig.after(1000, () => session.bye()) });
    rig.run();
    expect(rig.log).toEqual([
      'alice progress 183 reliable',
      'bob pracked',
      'alice progress 180 reliable',
      'bob pracked',
      'alice accepted 200',
      'bob acked',
      'bob ended remote',
      'alice ended local',
    ]);
    const flow = wire(rig).filter((line) => line.startsWith('alice>'));
    expect(flow.map((line) => line.split(' ')[1])).toEqual(['INVITE', 'PRACK', 'PRACK', 'ACK', 'BYE']);
    expect(rig.left).toEqual(NOTHING);
  });

  test(`a rejected call leaves nothing, ${way}`, () => {
    const rig = new Rig({ proxy });
    rig.answer((session) => {
      session.progress(180);
      session.reject(486);
    });
    rig.call();
    rig.run();
    expect(rig.log).toEqual(['alice progress 180', 'alice rejected 486']);
    expect(rig.left).toEqual(NOTHING);
  });

  test(`CANCEL before any response, while proceeding and while ringing gives 487, ${way}`, () => {
    // 2 ms a hop and 100 after 200 ms: 0 ms is before any response, 300 ms proceeding, 1000 ms ringing.
    for (const cancelAt of [0, 300, 1000]) {
      const rig = new Rig({ proxy });
      rig.answer((session) => rig.after(500, () => session.progress(180)));
      const session = rig.call();
      rig.after(cancelAt, () => session.cancel());
      rig.run();
      const ringing = cancelAt > 500 ? ['alice progress 180'] : [];
      expect(rig.log, `at ${cancelAt} ms`).toEqual([...ringing, 'bob cancelled', 'alice rejected 487']);
      expect(rig.left).toEqual(NOTHING);
    }
  });

  test(`a 200 that crosses the CANCEL is acknowledged and released by BYE, ${way}`, () => {
    const rig = new Rig({ proxy, trace: true });
    rig.answer((session) => {
      session.progress(180);
      rig.after(100, () => session.accept({ sdp: ANSWER }));
    });
    const session = rig.call();
    // Bob accepts at 102 ms (104 through the proxy), one or two hops before his 200 reaches Alice.
    rig.after(proxy ? 105 : 103, () => session.cancel());
    rig.run();
    expect(rig.log).toEqual(['alice progress 180', 'bob acked', 'bob ended remote', 'alice ended local']);
    expect(wire(rig).filter((line) => /CANCEL|ACK|BYE/.test(line)).length).toBeGreaterThan(4);
    expect(rig.left).toEqual(NOTHING);
  });

  test(`both hanging up at once ends both sides once, ${way}`, () => {
    const rig = new Rig({ proxy });
    rig.answer((session) => session.accept({ sdp: ANSWER }), {
      acked: () => rig.after(100, () => rig.server?.bye()),
    });
    const session = rig.call({ accepted: () => rig.after(proxy ? 104 : 102, () => session.bye()) });
    rig.run();
    expect(rig.log.slice(0, 2)).toEqual(['alice accepted 200', 'bob acked']);
    expect(rig.log.slice(2).sort()).toEqual(['alice ended local', 'bob ended local']);
    expect(rig.left).toEqual(NOTHING);
  });
}

test('a lost ACK is sent again for the repeated 200, and nothing else is told twice', () => {
  // Packets alice>bob: 0 INVITE, 1 ACK.
  const rig = new Rig({ tape: tape('alice>bob#1=drop'), trace: true });
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  const session = rig.call({ accepted: () => rig.after(3000, () => session.bye()) });
  rig.run();
  expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'bob ended remote', 'alice ended local']);
  expect(wire(rig).filter((line) => line === 'alice>bob ACK')).toHaveLength(2);
  expect(rig.left).toEqual(NOTHING);
});

test('a lost 200 is repeated after T1', () => {
  const rig = new Rig({ tape: tape('bob>alice#0=drop') });
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  let acceptedAt = 0;
  const session = rig.call({
    accepted: () => {
      acceptedAt = rig.kernel.now;
      rig.after(100, () => session.bye());
    },
  });
  rig.run();
  // 2 ms there, 500 ms of T1, 2 ms back.
  expect(acceptedAt).toBe(504_000);
  expect(rig.left).toEqual(NOTHING);
});

test('a lost PRACK and a lost 183 are made good, and the 183 is told once', () => {
  for (const lost of ['alice>bob#1=drop', 'bob>alice#0=drop', 'bob>alice#1=drop']) {
    const rig = new Rig({ tape: tape(lost) });
    rig.answer((session) => {
      session.progress(183, { reliable: true, sdp: ANSWER });
      rig.after(3000, () => session.accept());
    });
    const session = rig.call({ accepted: () => rig.after(100, () => session.bye()) });
    rig.run();
    expect(rig.log, lost).toEqual([
      'alice progress 183 reliable',
      'bob pracked',
      'alice accepted 200',
      'bob acked',
      'bob ended remote',
      'alice ended local',
    ]);
    expect(rig.left).toEqual(NOTHING);
  }
});

test('without any PRACK the INVITE is answered 504 after 64*T1, the response being repeated at doubling intervals', () => {
  const rig = new Rig({ trace: true });
  rig.answer((session) => session.progress(183, { reliable: true, sdp: ANSWER }));
  rig.call({}, { autoPrack: false });
  rig.run();
  expect(rig.log).toEqual(['alice progress 183 reliable', 'bob failed no PRACK', 'alice rejected 504']);
  const sent = (rig.kernel.trace?.events ?? []).filter(
    ({ body }) => body.kind === 'message.sent' && body.message.summary.startsWith('183'),
  );
  // At 2 ms, then after 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
  expect(sent.map(({ at }) => (at - 2000) / 1_000_000)).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
  expect(rig.left).toEqual(NOTHING);
});

test('without any ACK the 200 is repeated up to T2 apart, and after 64*T1 the session is released', () => {
  const drops = Array.from({ length: 20 }, (_, index) => `alice>bob#${index + 1}=drop`)
    .slice(0, 11)
    .join(',');
  const rig = new Rig({ tape: tape(drops), trace: true });
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  rig.call();
  rig.run();
  const sent = (rig.kernel.trace?.events ?? []).filter(
    ({ body }) => body.kind === 'message.sent' && body.message.summary.startsWith('200 OK (INVITE)'),
  );
  const gaps = sent.slice(1).map(({ at }, index) => (at - (sent[index]?.at ?? 0)) / 1_000_000);
  expect(gaps).toEqual([0.5, 1, 2, 4, 4, 4, 4, 4, 4, 4]);
  expect(rig.log).toEqual(['alice accepted 200', 'bob failed no ACK', 'alice ended remote']);
  expect(rig.left).toEqual(NOTHING);
});

test('a 200 waits for the PRACK of an answer in a provisional response', () => {
  // The first two PRACKs are lost: 2 ms + 0.5 s + 1 s.
  const rig = new Rig({ tape: tape('alice>bob#1=drop,alice>bob#2=drop'), trace: true });
  rig.answer((session) => {
    session.progress(183, { reliable: true, sdp: ANSWER });
    session.accept();
    expect(session.state).toBe('accepting');
  });
  const session = rig.call({ accepted: () => rig.after(100, () => session.bye()) });
  rig.run();
  const lines = wire(rig);
  expect(lines.indexOf('bob>alice 200 PRACK')).toBeGreaterThan(0);
  expect(lines.indexOf('bob>alice 200 INVITE')).toBeGreaterThan(lines.indexOf('bob>alice 200 PRACK'));
  expect(rig.left).toEqual(NOTHING);
});

test('a 200 does not wait for the PRACK of a bare 180, and ends its repetition', () => {
  for (const autoPrack of [true, false]) {
    const rig = new Rig({ trace: true });
    rig.answer((session) => {
      session.progress(180, { reliable: true });
      session.accept({ sdp: ANSWER });
    });
    const session = rig.call({ accepted: () => rig.after(40_000, () => session.bye()) }, { autoPrack });
    rig.run();
    expect(wire(rig).slice(1, 3)).toEqual(['bob>alice 180 INVITE', 'bob>alice 200 INVITE']);
    expect(rig.log.includes('bob pracked')).toBe(autoPrack);
    expect(unexpected(rig).filter((line) => line.startsWith('inviteServer '))).toEqual([]);
    expect(rig.left).toEqual(NOTHING);
  }
});

test('hanging up before the ACK sends BYE only after it', () => {
  const rig = new Rig({ tape: tape('alice>bob#1=drop'), trace: true });
  rig.answer((session) => {
    session.accept({ sdp: ANSWER });
    session.bye();
    expect(session.state).toBe('hangingUp');
  });
  rig.call();
  rig.run();
  const lines = wire(rig);
  expect(lines.indexOf('bob>alice BYE')).toBeGreaterThan(lines.lastIndexOf('alice>bob ACK'));
  expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'alice ended remote', 'bob ended local']);
  expect(rig.left).toEqual(NOTHING);
});

test('a BYE in the early state is answered 200 and the INVITE 487', () => {
  const rig = new Rig({ trace: true });
  rig.answer((session) => session.progress(180));
  const session = rig.call({ progress: () => rig.after(100, () => session.sendRequest('BYE')) });
  rig.run();
  expect(rig.log).toEqual(['alice progress 180', 'bob ended remote', 'alice rejected 487']);
  expect(wire(rig)).toContain('bob>alice 200 BYE');
  expect(rig.left).toEqual(NOTHING);
});

test('re-INVITE and UPDATE pass both ways, and move the remote target', () => {
  const rig = new Rig();
  const statuses: string[] = [];
  const targets: (string | undefined)[] = [];
  for (const ms of [250, 350]) rig.after(ms, () => targets.push(rig.server?.dialog.data.remoteTarget));
  const moved = { headers: [['Contact', '<sip:alice@10.0.0.1:5060>']] as [string, string][] };
  rig.answer((session) => session.accept({ sdp: ANSWER }), {
    request: (incoming) => {
      rig.say(`bob ${incoming.request.method} ${incoming.sdp === undefined ? 'bare' : 'offer'}`);
      incoming.respond(200, incoming.sdp === undefined ? {} : { sdp: ANSWER });
    },
  });
  const session = rig.call({
    request: (incoming) => incoming.respond(200, { sdp: ANSWER }),
    accepted: () => {
      const done = (status: number): void => {
        statuses.push(`alice ${status}`);
      };
      rig.after(100, () => expect(session.sendRequest('INVITE', { sdp: OFFER }, { done })).toBe(true));
      rig.after(200, () => expect(session.sendRequest('UPDATE', moved, { done })).toBe(true));
      rig.after(300, () =>
        rig.server?.sendRequest(
          'UPDATE',
          { sdp: OFFER },
          { done: (status) => statuses.push(`bob ${status}`) },
        ),
      );
      rig.after(400, () => session.sendRequest('INFO', {}, { done }));
      rig.after(500, () => session.bye());
    },
  });
  rig.run();
  // The answer to Bob's own UPDATE brings the usual Contact back.
  expect(targets).toEqual(['sip:alice@10.0.0.1:5060', 'sip:alice@alice.test']);
  expect(statuses).toEqual(['alice 200', 'alice 200', 'bob 200', 'alice 200']);
  expect(rig.log.slice(2, 5)).toEqual(['bob INVITE offer', 'bob UPDATE bare', 'bob INFO bare']);
  expect(rig.left).toEqual(NOTHING);
});

test.each([{ sdp: OFFER }, {}])('re-INVITEs that cross are both answered 491: %o', (parts) => {
  const rig = new Rig();
  const statuses: string[] = [];
  const answer = { request: (incoming: { respond(status: number): void }) => incoming.respond(200) };
  rig.answer((session) => session.accept({ sdp: ANSWER }), answer);
  const session = rig.call({
    ...answer,
    accepted: () => {
      rig.after(100, () => {
        session.sendRequest('INVITE', parts, { done: (status) => statuses.push(`alice ${status}`) });
        rig.server?.sendRequest('INVITE', parts, { done: (status) => statuses.push(`bob ${status}`) });
      });
      rig.after(1000, () => session.bye());
    },
  });
  rig.run();
  expect(statuses.sort()).toEqual(['alice 491', 'bob 491']);
  expect(rig.left).toEqual(NOTHING);
});

test('a second INVITE before the first is answered gets 500 with Retry-After, an UPDATE offer during an offer 491', () => {
  const rig = new Rig({ trace: true });
  const statuses: string[] = [];
  rig.answer((session) => session.accept({ sdp: ANSWER }), {
    request: (incoming) => {
      rig.after(50, () => incoming.respond(200, { sdp: ANSWER }));
    },
  });
  const session = rig.call({
    accepted: () => {
      rig.after(100, () => {
        const first = session.sendRequest(
          'INVITE',
          { sdp: OFFER },
          { done: (s) => statuses.push(`INVITE ${s}`) },
        );
        const second = session.sendRequest('INVITE', { sdp: OFFER });
        expect([first, second]).toEqual([true, false]);
        session.sendRequest('UPDATE', {}, { done: (s) => statuses.push(`UPDATE ${s}`) });
        session.sendRequest('UPDATE', {}, { done: (s) => statuses.push(`UPDATE ${s}`) });
      });
      rig.after(110, () => {
        rig.server?.sendRequest('UPDATE', { sdp: OFFER }, { done: (s) => statuses.push(`bob UPDATE ${s}`) });
      });
      rig.after(1000, () => session.bye());
    },
  });
  rig.run();
  expect(statuses).toEqual(['UPDATE 500', 'bob UPDATE 491', 'INVITE 200', 'UPDATE 200']);
  expect(rig.left).toEqual(NOTHING);
});

test('BYE, PRACK and in-dialog requests of an unknown dialog get 481, unknown Require 420, OPTIONS 200', () => {
  const rig = new Rig();
  const addresses = { from: 'sip:alice@alice.test', to: '<sip:bob@bob.test>;tag=gone' };
  const got: string[] = [];
  const send = (method: string, to: string, headers: [string, string][] = []): void => {
    const request = rig.alice.ua.createRequest(method, 'sip:bob@bob.test', { ...addresses, to }, { headers });
    rig.alice.ua.send(request, rig.hop, {
      done: (status, response) =>
        got.push(`${method} ${status} ${response?.headers.get('unsupported') ?? ''}`.trim()),
    });
  };
  send('BYE', addresses.to);
  send('INFO', addresses.to);
  send('PRACK', 'sip:bob@bob.test', [['RAck', '1 1 INVITE']]);
  send('MESSAGE', 'sip:bob@bob.test', [['Require', 'magic, 100rel']]);
  send('OPTIONS', 'sip:bob@bob.test');
  send('MESSAGE', 'sip:bob@bob.test');
  rig.run();
  expect(got).toEqual([
    'BYE 481',
    'INFO 481',
    'PRACK 481',
    'MESSAGE 420 magic',
    'OPTIONS 200',
    'MESSAGE 405',
  ]);
  expect(rig.left).toEqual(NOTHING);
});

test('an INVITE that nobody answers is rejected 408', () => {
  const rig = new Rig();
  rig.network.partition('alice', 'bob');
  rig.call();
  rig.run();
  expect(rig.log).toEqual(['alice rejected 408']);
  expect(rig.kernel.now).toBe(32_000_000);
  expect(rig.left).toEqual(NOTHING);
});

test('an Expires in the INVITE cancels it when it is due', () => {
  const rig = new Rig();
  rig.answer((session) => session.progress(180));
  rig.call({}, { headers: [['Expires', '3']] });
  rig.run();
  expect(rig.log).toEqual(['alice progress 180', 'bob cancelled', 'alice rejected 487']);
  expect(rig.left).toEqual(NOTHING);
});

test('a long ringing is kept alive every minute', () => {
  const rig = new Rig({ trace: true });
  rig.answer((session) => {
    session.progress(180);
    rig.after(130_000, () => session.reject(480));
  });
  rig.call();
  rig.run();
  expect(wire(rig).filter((line) => line === 'bob>alice 180 INVITE')).toHaveLength(3);
  expect(rig.left).toEqual(NOTHING);
});

test('an offer in the reliable 183 is answered in the PRACK, one in the 200 in the ACK', () => {
  for (const reliable of [true, false]) {
    const rig = new Rig();
    const answered: string[] = [];
    rig.answer(
      (session) => {
        if (reliable) session.progress(183, { reliable, sdp: OFFER });
        rig.after(100, () => session.accept(reliable ? {} : { sdp: OFFER }));
      },
      {
        pracked: (prack) => answered.push(`PRACK ${prack.sdp?.length}`),
        acked: (_ack, { sdp }) => answered.push(`ACK ${sdp?.length}`),
      },
    );
    const request = rig.invite();
    request.body = new Uint8Array();
    request.headers.remove('content-type');
    const body = { sdp: ANSWER };
    const session = rig.call(
      { accepted: () => rig.after(100, () => session.bye()) },
      { request, prackBody: () => body, ackBody: () => (reliable ? undefined : body) },
    );
    rig.run();
    const length = ANSWER.length;
    expect(answered).toEqual(reliable ? [`PRACK ${length}`, 'ACK undefined'] : [`ACK ${length}`]);
    expect(rig.left).toEqual(NOTHING);
  }
});
