import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../network/index.js';
import {
  attribute,
  checkIntegrity,
  parseStun,
  type StunAttribute,
  type StunMessage,
  serializeStun,
  shortTermKey,
} from '../../wire/stun/index.js';
import { type Bed, bed, connect, leftovers, makeAgent, pass, rejected } from './testbed.js';

const TID = new Uint8Array(12).fill(9);

/** Sends bytes from a host to the right one's agent, and returns what comes back. */
function ask(it: Bed, from: Host, bytes: Uint8Array): Uint8Array[] {
  const answers: Uint8Array[] = [];
  const socket = from.udp('access', undefined, (answer) => answers.push(answer));
  socket.send(bytes, { ip: '10.0.0.2', port: 5000 });
  pass(it, 100);
  socket.close();
  return answers;
}

function read(bytes: Uint8Array | undefined): StunMessage {
  const parsed = parseStun(bytes ?? new Uint8Array(0));
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

function request(attributes: readonly StunAttribute[], pwd?: string): Uint8Array {
  return serializeStun(
    { class: 'request', method: 1, transactionId: TID, attributes },
    pwd === undefined ? { fingerprint: true } : { integrityKey: shortTermKey(pwd), fingerprint: true },
  );
}

const check = (ufrag: string): StunAttribute[] => [
  { name: 'USERNAME', text: `${ufrag}:peer` },
  { name: 'PRIORITY', value: 1862270975 },
  { name: 'ICE-CONTROLLING', tieBreaker: 'ffffffffffffffff' },
  { name: 'USE-CANDIDATE' },
];

/** What a stranger's packets may not bring about, at an agent that is full or lite, whether its peer is known or not. */
function strangerGained({ kernel }: Bed): string[] {
  return (kernel.trace?.of('state') ?? [])
    .filter(({ entity, body }) => entity === 'right' && body.machine !== 'ice agent')
    .map(({ body }) => `${body.machine} ${body.to}`);
}

describe('a check', () => {
  for (const full of [true, false]) {
    const kind = full ? 'full' : 'lite';
    it(`without credentials gets 400, with wrong ones 401, at a ${kind} agent (RFC 8489 9.1.3)`, () => {
      const it = bed();
      const { agent, data } = makeAgent(it.right, { full });
      const { ufrag, pwd } = agent.credentials;
      const codes: (number | undefined)[] = [];
      for (const bytes of [
        request([]),
        request(check(ufrag)),
        request(check(ufrag).slice(1), pwd),
        request(check('wrong'), pwd),
        request(check(ufrag.slice(1)), pwd),
        request(check(ufrag), 'wrong'),
        request(check(ufrag), `${pwd} `),
      ]) {
        const [answer, ...more] = ask(it, it.server, bytes);
        expect(more).toEqual([]);
        const error = read(answer);
        expect(error).toMatchObject({ class: 'error', transactionId: TID });
        // without integrity, since there is no shared secret (9.1.3)
        expect(attribute(error, 'MESSAGE-INTEGRITY')).toBeUndefined();
        codes.push(attribute(error, 'ERROR-CODE')?.code);
      }
      expect(codes).toEqual([400, 400, 400, 401, 401, 401, 401]);
      if (!full) agent.start();
      expect(agent.send(1, Uint8Array.of(0x80))).toBe(false);
      // no pair, and no address from which data would be taken
      ask(it, it.server, Uint8Array.of(0x80, 1));
      expect(data).toEqual([]);
      expect(agent.drops).toEqual({ stun: 7, source: 1, foreign: 0 });
      expect(strangerGained(it)).toEqual([]);
      expect(leftovers(it, agent)).toEqual([]);
    });
  }

  it('with an attribute that must be understood and is not gets 420 with its type (RFC 8489 6.3.1)', () => {
    const it = bed();
    const { agent } = makeAgent(it.right, { full: false });
    const { ufrag, pwd } = agent.credentials;
    const odd: StunAttribute = { name: 'unknown', type: 0x0033, bytes: Uint8Array.of(1) };
    const [answer] = ask(it, it.server, request([...check(ufrag), odd], pwd));
    expect(attribute(read(answer), 'ERROR-CODE')?.code).toBe(420);
    expect(attribute(read(answer), 'UNKNOWN-ATTRIBUTES')?.types).toEqual([0x0033]);
    expect(checkIntegrity(answer as Uint8Array, shortTermKey(pwd))).toBe('good');
    const optional: StunAttribute = { name: 'unknown', type: 0x8033, bytes: Uint8Array.of(1) };
    const [fine] = ask(it, it.server, request([...check(ufrag), optional], pwd));
    expect(read(fine).class).toBe('success');
    expect(leftovers(it, agent)).toEqual([]);
  });

  it('nominates nothing by what stands behind its integrity (RFC 8489 14.5)', () => {
    const it = bed();
    const { agent } = makeAgent(it.right, { full: false });
    agent.start();
    const { ufrag, pwd } = agent.credentials;
    const honest = serializeStun(
      { class: 'request', method: 1, transactionId: TID, attributes: check(ufrag).slice(0, 3) },
      { integrityKey: shortTermKey(pwd) },
    );
    const forged = new Uint8Array([...honest, 0x00, 0x25, 0, 0]);
    new DataView(forged.buffer).setUint16(2, forged.length - 20);
    const [answer] = ask(it, it.server, forged);
    expect(read(answer).class).toBe('success');
    expect(agent.state).toBe('Running');
    expect(leftovers(it, agent)).toEqual([]);
  });

  it('that is no check, is broken or has a bad FINGERPRINT is dropped without an answer, and told', () => {
    const it = bed();
    const { agent } = makeAgent(it.right);
    const { ufrag, pwd } = agent.credentials;
    const good = request(check(ufrag), pwd);
    const flipped = good.slice();
    flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1;
    const allocate = serializeStun(
      { class: 'request', method: 3, transactionId: TID, attributes: check(ufrag) },
      { integrityKey: shortTermKey(pwd), fingerprint: true },
    );
    const stray = serializeStun({ class: 'success', method: 1, transactionId: TID, attributes: [] });
    for (const bytes of [
      good.subarray(0, 30),
      flipped,
      allocate,
      stray,
      Uint8Array.of(1),
      new Uint8Array(0),
    ]) {
      expect(ask(it, it.server, bytes)).toEqual([]);
    }
    expect(rejected(it)).toEqual([
      'right: length 76 is not that of the bytes',
      'right: bad FINGERPRINT',
      'right: no Binding message',
      'right: an answer to no request',
      'right: STUN header is cut short',
    ]);
    expect(agent.drops).toEqual({ stun: 5, source: 0, foreign: 1 });
    expect(leftovers(it, agent)).toEqual([]);
  });
});

describe('a password that is wrong', () => {
  it('makes no pair: answers without integrity are as if they had not come (RFC 8489 9.1.4), and ICE fails', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling' });
    const b = makeAgent(it.right);
    connect(a.agent, b.agent, { pwd: 'something else altogether' }, { pwd: 'something else altogether' });
    pass(it, 45_000);
    expect([a.agent.state, b.agent.state]).toEqual(['Failed', 'Failed']);
    expect(it.kernel.trace?.of('state').some(({ body }) => body.to === 'Succeeded')).toBe(false);
    expect(rejected(it)).toContain('left: 401 Unauthenticated');
    expect(rejected(it)).toContain('left: the integrity of an answer was bad');
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});

describe('an answer from another address', () => {
  it('fails its pair (RFC 8445 7.2.5.2.1)', () => {
    const it = bed();
    const a = makeAgent(it.left, { role: 'controlling', specification: 'rfc5245' });
    const b = makeAgent(it.right);
    // what is sent to the server's port is answered from another one, as a strange NAT would have it
    const other = it.server.udp('access', 7001, () => {});
    const trap = it.server.udp('access', 7000, (bytes, from) => {
      const seen = parseStun(bytes);
      if (!seen.ok) return;
      const { transactionId } = seen.value;
      const mapped = { name: 'XOR-MAPPED-ADDRESS', ip: from.ip, port: from.port } as const;
      const key = shortTermKey(b.agent.credentials.pwd);
      other.send(
        serializeStun(
          { class: 'success', method: 1, transactionId, attributes: [mapped] },
          { integrityKey: key, fingerprint: true },
        ),
        from,
      );
    });
    const [host] = b.agent.localCandidates;
    if (host === undefined) throw new Error('no candidate');
    a.agent.addRemote({ ...b.agent.credentials, candidates: [{ ...host, address: trap.local }] });
    a.agent.start();
    pass(it, 1000);
    expect(a.agent.state).toBe('Failed');
    trap.close();
    other.close();
    expect(leftovers(it, a.agent, b.agent)).toEqual([]);
  });
});

describe('a stranger', () => {
  it('gains nothing by any packet that is not signed with the password, and never makes an agent throw', () => {
    const packet = fc.tuple(
      fc.constantFrom('request', 'success', 'error', 'indication'),
      fc.array(fc.tuple(fc.nat(87), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
      fc.option(fc.nat(88)),
    );
    const any = fc.oneof(packet, fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), fc.boolean(), (packets, full) => {
        const it = bed();
        const { agent, data } = makeAgent(it.right, { full });
        const { ufrag, pwd } = agent.credentials;
        if (!full) agent.start();
        for (const one of packets) {
          if (one instanceof Uint8Array) {
            ask(it, it.server, one);
            continue;
          }
          const [kind, changes, length] = one;
          const bytes = serializeStun(
            { class: kind as StunMessage['class'], method: 1, transactionId: TID, attributes: check(ufrag) },
            { integrityKey: shortTermKey(pwd) },
          );
          for (const [at, by] of changes) bytes[at] = (bytes[at] as number) ^ by;
          // two changes of one byte may undo each other
          const isHarmless = changes.some(([at], i) => changes.findIndex(([first]) => first === at) !== i);
          if (!isHarmless) ask(it, it.server, bytes.subarray(0, length ?? bytes.length));
        }
        ask(it, it.server, Uint8Array.of(0x80, 1));
        expect(data).toEqual([]);
        expect(strangerGained(it)).toEqual([]);
        expect(leftovers(it, agent)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
