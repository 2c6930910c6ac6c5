import { describe, expect, it } from 'vitest';
import {
  avpValue,
  CX_APPLICATION,
  type DiameterMessage,
  isRequest,
  makeAnswer,
  makeAvp,
  makeResult,
  ResultCode,
  VENDOR_3GPP,
  validateDiameter,
} from '../../wire/diameter/index.js';
import { type Answer, DiameterNode, resultOf } from './index.js';
import { Bench, LIR, Stranger } from './testbed.js';

const UNABLE = 'DIAMETER_UNABLE_TO_DELIVER (3002)';

describe('a request', () => {
  it('makes the connection: three round trips of 4 ms for TCP, capabilities and itself; the next takes one', () => {
    const bench = new Bench();
    bench.request();
    expect(bench.scscf.pendingRequests).toBe(1);
    bench.run(50);
    bench.request();
    bench.run(100);
    expect(bench.results).toEqual(['12 answered', '54 answered']);
    expect(bench.sent('scscf')).toEqual([
      '4 CER scscf.home1.net',
      '8 LIR sip:alice@home1.net',
      '50 LIR sip:alice@home1.net',
    ]);
    expect(bench.sent('hss')).toEqual([
      '6 CEA DIAMETER_SUCCESS (2001)',
      '10 LIA DIAMETER_SUCCESS (2001)',
      '52 LIA DIAMETER_SUCCESS (2001)',
    ]);
    expect(bench.scscf.pendingRequests).toBe(0);
  });

  it('shares the set-up of the connection with others, in their order', () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) bench.request();
    bench.run(50);
    expect(bench.results).toEqual(['12 answered', '12 answered', '12 answered']);
    const ids = bench.executed.map(({ request }) => avpValue(request, 'Session-Id'));
    expect(ids).toEqual([1, 2, 3].map((low) => `scscf.home1.net;0;${low}`));
  });

  it('has the common AVPs of Cx, and the peer is told who sent it', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    const [executed] = bench.executed;
    const { request, peer } = executed ?? { request: undefined, peer: '' };
    expect(peer).toBe('scscf.home1.net');
    expect(request !== undefined && validateDiameter(request)).toEqual([]);
    expect(avpValue(request?.avps ?? [], 'Destination-Host')).toBe('hss.home1.net');
    expect(avpValue(request?.avps ?? [], 'Auth-Session-State')).toBe(1);
    expect(bench.answers.flatMap(validateDiameter)).toEqual([]);
  });

  it('is recorded at both ends with one key', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    for (const [from, to] of [
      ['scscf', 'hss'],
      ['hss', 'scscf'],
    ] as const) {
      const sent = bench.records('message.sent', from);
      const received = bench.records('message.received', to);
      expect(sent).toHaveLength(2);
      expect(received.map(({ key }) => key)).toEqual(sent.map(({ key }) => key));
      for (const record of sent) expect(record).toMatchObject({ protocol: 'Diameter', transport: 'tcp' });
    }
  });

  it('gets its own answer when answers come in another order', () => {
    const waiting: [DiameterMessage, Answer][] = [];
    const bench = new Bench({
      hss: {
        onRequest: (request, answer) => {
          waiting.push([request, answer]);
          if (waiting.length < 2) return;
          for (const [of, send] of waiting.reverse()) {
            send({ resultCode: 2001 }, [makeAvp('Server-Name', avpValue(of, 'Public-Identity') ?? '')]);
          }
        },
      },
    });
    const got: string[] = [];
    for (const name of ['sip:a@home1.net', 'sip:b@home1.net']) {
      bench.scscf.request(
        { host: 'hss.home1.net', realm: 'home1.net' },
        'LIR',
        [makeAvp('Public-Identity', name)],
        ({ answer }) => got.push(`${name} ${avpValue(answer?.avps ?? [], 'Server-Name')}`),
      );
    }
    bench.run(50);
    expect(got).toEqual(['sip:b@home1.net sip:b@home1.net', 'sip:a@home1.net sip:a@home1.net']);
  });

  it('ends at its time, 10 s by default, and the late answer changes nothing', () => {
    const answers: Answer[] = [];
    const bench = new Bench({ hss: { onRequest: (_, answer) => answers.push(answer) } });
    bench.request();
    bench.request(500);
    bench.run(10_050);
    expect(bench.results).toEqual(['500 no answer in 500 ms', '10000 no answer in 10000 ms']);
    for (const answer of answers) answer({ resultCode: 2001 });
    bench.run(10_100);
    expect(bench.results).toHaveLength(2);
    const rejected = bench.kernel.trace?.events.filter(({ body }) => body.kind === 'message.rejected');
    expect(rejected).toHaveLength(2);
  });

  it('goes the other way over the same connection', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    bench.push();
    bench.run(100);
    expect(bench.results).toEqual(['12 answered', '54 answered']);
    expect(bench.executed.map(({ peer }) => peer)).toEqual(['scscf.home1.net', 'hss.home1.net']);
  });

  it('fails at once where nobody listens, no host has the address or the name, or the name is this node', () => {
    const bench = new Bench();
    bench.request(undefined, { address: { ip: '10.0.0.2', port: 999 } });
    bench.request(undefined, { host: 'a.home1.net', address: { ip: '10.9.9.9', port: 3868 } });
    bench.request(undefined, { host: 'b.home1.net' });
    expect(bench.results).toEqual([]);
    bench.run(100);
    expect(bench.results).toEqual([
      `0 ${UNABLE}: connection unreachable`,
      `0 ${UNABLE}: no address of b.home1.net`,
      `4 ${UNABLE}: connection refused`,
    ]);
    expect(bench.left).toEqual([0, 'tcp 10.0.0.1:3868 listening', 'tcp 10.0.0.2:3868 listening']);
  });

  it('that may wait longer than Tc waits for the next attempt', () => {
    const bench = new Bench();
    const late = bench.network.addHost({ name: 'late', role: 'hss', addresses: { core: '10.0.0.5' } });
    const stranger = { host: 'late.home1.net', address: { ip: '10.0.0.5', port: 3868 } };
    bench.request(29_000, stranger);
    bench.request(40_000, stranger);
    bench.at(20_000, () => late.listen('core', 3868, () => {}));
    bench.run(60_000);
    // Refused at 4 ms; the second attempt is accepted at 30.008 s, but nobody answers CER.
    expect(bench.results).toEqual([`4 ${UNABLE}: connection refused`, '40000 no answer in 40000 ms']);
    expect(bench.sent('scscf')).toEqual(['30008 CER scscf.home1.net']);
  });

  it('ends after three attempts', () => {
    const bench = new Bench();
    bench.request(500_000, { address: { ip: '10.0.0.2', port: 999 } });
    bench.run(600_000);
    // Each attempt is refused after 4 ms, and Tc is 30 s.
    expect(bench.results).toEqual([`60012 ${UNABLE}: connection refused`]);
  });

  it('during Tc makes an attempt at once', () => {
    const bench = new Bench();
    bench.request(50_000, { address: { ip: '10.0.0.2', port: 999 } });
    bench.run(1000);
    bench.request(undefined, { address: { ip: '10.0.0.2', port: 3868 } });
    bench.run(2000);
    expect(bench.results).toEqual(['1012 answered', '1012 answered']);
  });
});

describe('an answer', () => {
  const answering = (result: Parameters<Answer>[0], avps: Parameters<Answer>[1] = []) => {
    const bench = new Bench({ hss: { onRequest: (_, answer) => answer(result, avps) } });
    bench.request();
    bench.run(100);
    const [answer] = bench.answers;
    if (answer === undefined) throw new Error(bench.results.join());
    expect(validateDiameter(answer)).toEqual([]);
    return answer;
  };

  it('carries an experimental result in its own container', () => {
    const answer = answering({ experimental: { vendor: VENDOR_3GPP, code: 5001 } });
    expect(resultOf(answer)).toEqual({
      kind: 'experimental',
      code: 5001,
      name: 'DIAMETER_ERROR_USER_UNKNOWN',
    });
    expect(avpValue(answer, 'Result-Code')).toBeUndefined();
  });

  it('has the E bit with a protocol error, and not with others (RFC 6733 7.1)', () => {
    const busy = answering({ resultCode: 3004 });
    expect(resultOf(busy)).toEqual({ kind: 'base', code: 3004, name: 'DIAMETER_TOO_BUSY' });
    expect(busy.flags & 0x20).toBe(0x20);
    expect(answering({ resultCode: 5012 }).flags & 0x20).toBe(0);
  });

  it('carries what the user adds', () => {
    const answer = answering({ resultCode: 2001 }, [makeAvp('Server-Name', 'sip:scscf.home1.net')]);
    expect(avpValue(answer, 'Server-Name')).toBe('sip:scscf.home1.net');
    expect(answer.flags).toBe(0x40);
  });

  it('is given once: a second one fails the run', () => {
    const twice = (_: DiameterMessage, answer: Answer) => {
      answer({ resultCode: 2001 });
      answer({ resultCode: 2001 });
    };
    const bench = new Bench({ hss: { onRequest: twice } });
    bench.request();
    expect(() => bench.run(50)).toThrow('a Diameter request is answered once');
  });

  it('without a name for its number is told by digits', () => {
    expect(resultOf([makeAvp('Result-Code', 4999)]).name).toBe('4999');
    expect(resultOf([]).code).toBe(0);
  });

  describe('from a server that breaks rules', () => {
    const served = (answerTo: (request: DiameterMessage) => DiameterMessage | Uint8Array) => {
      const bench = new Bench();
      const server = new Stranger(bench);
      server.listen((message) => {
        if (!isRequest(message)) return;
        const success = makeResult('DIAMETER_SUCCESS');
        server.send(
          message.command === 257
            ? makeAnswer(message, [success, ...server.capabilities()])
            : answerTo(message),
        );
      });
      const address = { ip: '10.0.0.9', port: 3868 };
      bench.request(undefined, { host: 'stranger.home1.net', address });
      bench.run(11_000);
      return bench.results;
    };
    const good = (request: DiameterMessage) =>
      makeAnswer(request, [
        ...request.avps.slice(1, 3),
        makeResult('DIAMETER_SUCCESS'),
        makeAvp('Origin-Host', 'stranger.home1.net'),
        makeAvp('Origin-Realm', 'home1.net'),
      ]);

    it('is passed up when it is right', () => expect(served(good)).toEqual(['12 answered']));

    it('is an error when it breaks the grammar', () => {
      const results = served((request) => ({ ...good(request), avps: good(request).avps.slice(0, -1) }));
      expect(results).toEqual(['12 the answer breaks TS 29.229 6.1.6: Origin-Realm is missing']);
    });

    it('is an error when it has no result', () => {
      const results = served((request) => makeAnswer(request, request.avps.slice(1, 5)));
      expect(results).toEqual([
        '12 the answer breaks TS 29.229 6.2: neither Result-Code nor Experimental-Result is present',
      ]);
    });

    it('is an error when its AVPs cannot be read', () => {
      const results = served((request) => {
        // An AVP header of 8 bytes that says it is 255 bytes long.
        const bytes = new Uint8Array(28);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, 0x0100_001c);
        view.setUint32(4, 0x4000_0000 | request.command);
        view.setUint32(8, request.applicationId);
        view.setUint32(12, request.hopByHop);
        view.setUint32(20, 263);
        view.setUint32(24, 0x4000_00ff);
        return bytes;
      });
      expect(results).toEqual(['12 the answer cannot be read: AVP Length 255 of AVP 263 is impossible']);
    });

    it('is ignored when no request has its identifier, or its command is another', () => {
      expect(served((request) => good({ ...request, hopByHop: request.hopByHop + 1 }))).toEqual([
        '10000 no answer in 10000 ms',
      ]);
      expect(served((request) => good({ ...request, command: 300 }))).toEqual([
        '10000 no answer in 10000 ms',
      ]);
    });

    it('that is no Diameter resets the connection, and the request fails', () => {
      expect(served(() => new TextEncoder().encode('HTTP/1.1 400 Bad Request'))).toEqual([
        `12 ${UNABLE}: version 72`,
      ]);
    });
  });
});

describe('a request that breaks a rule', () => {
  const replace = (name: 'Destination-Host' | 'Destination-Realm', value: string, stranger: Stranger) =>
    stranger.lir().map((one) => (one.code === makeAvp(name, '').code ? makeAvp(name, value) : one));

  const cases: [string, number, (stranger: Stranger) => DiameterMessage, string?][] = [
    ['unknown command', 3001, (s) => ({ ...s.request('LIR', s.lir()), command: 399 })],
    ['unknown command of the base', 3001, (s) => ({ ...s.request('DWR', s.lir()), command: 271 })],
    ['unknown application', 3007, (s) => ({ ...s.request('LIR', s.lir()), applicationId: 16777217 })],
    ['missing AVP', 5005, (s) => s.request('LIR', s.lir().slice(0, -1)), 'Public-Identity'],
    [
      'M bit clear',
      3009,
      (s) => s.request('LIR', [...s.lir().slice(0, -1), ...LIR.map((one) => ({ ...one, flags: 0x80 }))]),
    ],
    [
      'unknown AVP with M bit',
      5001,
      (s) => s.request('LIR', [...s.lir(), { code: 9999, vendor: 0, flags: 0x40, value: new Uint8Array(4) }]),
    ],
    [
      'wrong length of data',
      5014,
      (s) =>
        s.request('LIR', [...s.lir(), { ...makeAvp('Originating-Request', 0), value: new Uint8Array(8) }]),
    ],
    ['reserved bit', 5013, (s) => ({ ...s.request('LIR', s.lir()), flags: 0xc1 })],
    ['P bit clear', 3008, (s) => ({ ...s.request('LIR', s.lir()), flags: 0x80 })],
    ['another host', 3002, (s) => s.request('LIR', replace('Destination-Host', 'x.home1.net', s))],
    [
      'another realm',
      3003,
      (s) =>
        s.request(
          'LIR',
          replace('Destination-Realm', 'home2.net', s).filter(({ code }) => code !== 293),
        ),
    ],
    ['CER again', 5012, (s) => s.request('CER', s.capabilities())],
    ['DWR without origin', 5005, (s) => s.request('DWR', []), 'Origin-Host'],
  ];

  it.each(cases)('(%s) is answered %i and does not reach the user', (_, code, make, failed) => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect();
    const request = make(stranger);
    stranger.send(request);
    bench.run(100);
    expect(stranger.heard).toHaveLength(2);
    const answer = stranger.heard[1] as DiameterMessage;
    expect(resultOf(answer)).toMatchObject({ kind: 'base', code });
    expect([answer.hopByHop, answer.endToEnd, answer.command]).toEqual([
      request.hopByHop,
      request.endToEnd,
      request.command,
    ]);
    expect(isRequest(answer)).toBe(false);
    expect((answer.flags & 0x20) !== 0).toBe(code < 4000);
    const group = avpValue(answer, 'Failed-AVP');
    if (failed !== undefined)
      expect(group?.[0]).toMatchObject({ code: failed === 'Origin-Host' ? 264 : 601 });
    else if (code === 5001) expect(group?.[0]?.code).toBe(9999);
    expect(avpValue(answer, 'Error-Message')).toBeTruthy();
    expect(bench.executed).toEqual([]);
    // The connection is none the worse for it.
    stranger.send(stranger.request('LIR', stranger.lir()));
    bench.run(200);
    expect(resultOf(stranger.heard[2] ?? []).code).toBe(2001);
  });

  it('(AVPs that cannot be read) is answered 5014 with the header that is wrong', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect();
    const bytes = new Uint8Array(28);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x0100_001c);
    view.setUint32(4, 0xc000_0000 | 302);
    view.setUint32(8, CX_APPLICATION);
    view.setUint32(12, 77);
    view.setUint32(20, 263);
    view.setUint32(24, 0x4000_0003);
    stranger.send(bytes);
    bench.run(100);
    const answer = stranger.heard[1] as DiameterMessage;
    expect(answer).toMatchObject({ hopByHop: 77, command: 302, applicationId: CX_APPLICATION });
    expect(resultOf(answer).code).toBe(ResultCode.DIAMETER_INVALID_AVP_LENGTH);
    expect(answer.flags & 0x20).toBe(0x20);
    expect(avpValue(answer, 'Failed-AVP')?.[0]?.code).toBe(263);
    expect(validateDiameter(answer)).toEqual([]);
  });

  it('is answered 3001 by a node that serves none', () => {
    const bench = new Bench();
    const host = bench.network.addHost({ name: 'mute', role: 'mute', addresses: { core: '10.0.0.4' } });
    new DiameterNode(host, {
      realm: 'core',
      originHost: 'mute.home1.net',
      originRealm: 'home1.net',
    }).listen();
    bench.request(undefined, { host: 'mute.home1.net', address: { ip: '10.0.0.4', port: 3868 } });
    bench.run(100);
    expect(bench.answers.map((answer) => resultOf(answer).code)).toEqual([3001]);
  });
});
