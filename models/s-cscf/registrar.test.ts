import { describe, expect, it } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import type { ServerTransaction } from '../../src/stack/sip/index.js';
import { answerChallenge, digestHa1 } from '../../src/stack/sip-auth/index.js';
import {
  parseAuthParams,
  parseChallenge,
  SipHeaders,
  SipRequest,
  serializeCredentials,
} from '../../src/wire/sip/index.js';
import {
  applyRegister,
  authenticationMachine,
  type Binding,
  checkEntity,
  parseUserData,
  registrationMachine,
} from './index.js';
import { offersOutbound, readRegister } from './register-request.js';
import { BOB, type CoreTestbed, coreTestbed } from './testbed.js';

const BOB_URI = 'sip:user2_public1@home1.net';

describe('the authorising entity (24371-6.4.2-10)', () => {
  const names = ['waf.example.com', 'wwsf.example.com'];
  it.each([
    ['waf.example.com', names, 'checked when named', 'allowed'],
    ['WAF.example.com', names, 'checked when named', 'allowed'],
    ['wwsf.example.com', names, 'required', 'allowed'],
    ['other.example', names, 'checked when named', 'not allowed'],
    ['other.example', [], 'checked when named', 'not allowed'],
    ['other.example', undefined, 'required', 'not compared'],
    ['other.example', names, 'ignored', 'not compared'],
    [undefined, names, 'checked when named', 'not compared'],
    [undefined, names, 'required', 'not allowed'],
  ] as const)('%s among %j, %s: %s', (entity, allowed, mode, verdict) => {
    expect(checkEntity(entity, allowed, mode)).toBe(verdict);
  });
});

function register(fields: readonly (readonly [string, string])[], callId = 'c', cseq = 1) {
  const headers = new SipHeaders([
    ['To', `<${BOB_URI}>`],
    ['From', `<${BOB_URI}>;tag=1`],
    ['Call-ID', callId],
    ['CSeq', `${cseq} REGISTER`],
    ...fields,
  ]);
  return readRegister({
    request: new SipRequest('REGISTER', 'sip:home1.net', headers),
  } as unknown as ServerTransaction);
}

describe('the contacts of a user', () => {
  const rules = { nowUs: 0, longestS: 600, replace: false, nextId: () => 'new' };
  const apply = (
    before: readonly Binding[],
    read: ReturnType<typeof register>,
    more: Partial<typeof rules> = {},
  ) => {
    if (read === undefined) throw new Error('not read');
    return applyRegister(before, read, { ...rules, ...more });
  };
  const one = apply([], register([['Contact', '<sip:a@1.2.3.4>;expires=60;audio']]))?.bindings ?? [];
  const flow = (regId: number, uri = 'sip:x@1.2.3.4') =>
    [
      ['Contact', `<${uri}>;+sip.instance="<urn:uuid:7>";reg-id=${regId}`],
      ['Supported', 'outbound, path'],
    ] as const;

  it('are kept with their parameters, no longer than the registrar likes', () => {
    expect(one).toMatchObject([
      { id: 'new', uri: 'sip:a@1.2.3.4', attributes: ';audio', expiresAtUs: 60_000_000 },
    ]);
    const long = apply(
      [],
      register([
        ['Contact', '<sip:a@1.2.3.4>'],
        ['Expires', '9999'],
      ]),
    );
    expect(long?.bindings[0]?.expiresAtUs).toBe(600_000_000);
    expect(long?.touched).toEqual({ id: 'new', event: 'registered' });
  });

  it('are refreshed by an equivalent URI, and only by a later request', () => {
    const later = apply(one, register([['Contact', '<sip:a@1.2.3.4>;expires=90']], 'c', 2));
    expect(later?.bindings).toHaveLength(1);
    expect(later?.touched?.event).toBe('refreshed');
    expect(apply(one, register([['Contact', '<sip:a@1.2.3.4>;expires=90']], 'c', 1))).toBeUndefined();
    expect(
      apply(one, register([['Contact', '<sip:a@1.2.3.4>;expires=90']], 'other', 1))?.bindings,
    ).toHaveLength(1);
  });

  it('are replaced or joined by another one, as the operator wants', () => {
    const another = register([['Contact', '<sip:b@1.2.3.4>']], 'd');
    expect(apply(one, another)?.bindings).toHaveLength(2);
    const replaced = apply(one, another, { replace: true });
    expect(replaced?.bindings.map(({ uri }) => uri)).toEqual(['sip:b@1.2.3.4']);
    expect(replaced?.gone).toMatchObject([{ event: 'deactivated' }]);
  });

  it('with outbound are told apart by instance and reg-id, not by URI', () => {
    const first = apply([], register(flow(1)))?.bindings ?? [];
    const again = apply(first, register(flow(1, 'sip:y@1.2.3.4'), 'd'), { replace: true })?.bindings ?? [];
    expect(again.map(({ uri }) => uri)).toEqual(['sip:y@1.2.3.4']);
    const second = apply(again, register(flow(2), 'e'), { replace: true })?.bindings;
    expect(second?.map(({ regId }) => regId)).toEqual(['1', '2']);
  });

  it('go one by one, or all at once, which is not mixed with others', () => {
    const gone = apply(one, register([['Contact', '<sip:a@1.2.3.4>;expires=0']], 'd'));
    expect(gone).toMatchObject({ bindings: [], gone: [{ event: 'unregistered' }], touched: undefined });
    expect(
      apply(
        one,
        register(
          [
            ['Contact', '*'],
            ['Expires', '0'],
          ],
          'd',
        ),
      )?.bindings,
    ).toEqual([]);
    expect(
      register([
        ['Contact', '*'],
        ['Expires', '1'],
      ]),
    ).toBeUndefined();
    expect(
      register([
        ['Contact', '*, <sip:a@1.2.3.4>'],
        ['Expires', '0'],
      ]),
    ).toBeUndefined();
  });

  it('have a GRUU when they have an instance and their UE asks for one', () => {
    const fields = [
      ['Contact', '<sip:a@1.2.3.4>;+sip.instance="<urn:uuid:7>"'],
      ['Supported', 'gruu'],
    ] as const;
    expect(apply([], register(fields))?.bindings[0]?.pubGruu).toBe(`${BOB_URI};gr=urn:uuid:7`);
    expect(apply([], register(fields.slice(0, 1)))?.bindings[0]?.pubGruu).toBeUndefined();
  });

  it('have a flow when the edge proxy, which is the last in Path, offers one', () => {
    const offers = (path: string) =>
      offersOutbound(register([['Path', path]]) as NonNullable<ReturnType<typeof register>>);
    expect(offers('<sip:ibcf.example;lr>, <sip:p@pcscf.example;lr;ob>')).toBe(true);
    expect(offers('<sip:p@pcscf.example;lr;ob>, <sip:pcscf.example;lr>')).toBe(false);
    expect(offers('<sip:p@pcscf.example;lr;obscure>')).toBe(false);
  });
});

describe('the authentication machine', () => {
  const run = (limit: number) => {
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    const clock = new SimulatedClock();
    const machine = authenticationMachine.provide({
      actions: {
        fetch: note('MAR'),
        challenge: note('401'),
        accept: note('accept'),
        forbid: note('403'),
        'report failure': note('failure'),
        'report timeout': note('timeout'),
      },
    });
    const actor = createActor(machine, { input: { limit }, clock }).start();
    return { actor, done, clock };
  };

  it('challenges again after a wrong response as often as the operator lets it', () => {
    for (const limit of [1, 2, 3]) {
      const { actor, done } = run(limit);
      actor.send({ type: 'credentials' });
      for (let i = 0; i < limit; i++) actor.send({ type: 'wrong' });
      expect(done).toEqual(['MAR', ...Array.from({ length: limit }, () => '401'), '403', 'failure']);
      expect(actor.getSnapshot().value).toBe('failed');
    }
  });

  it('does not count a stale nonce as wrong', () => {
    const { actor, done } = run(1);
    actor.send({ type: 'credentials' });
    actor.send({ type: 'stale' });
    actor.send({ type: 'proved' });
    expect(done).toEqual(['MAR', '401', '401', 'accept']);
  });

  it('waits four minutes after each challenge (timer reg-await-auth)', () => {
    const { actor, done, clock } = run(2);
    actor.send({ type: 'credentials' });
    clock.increment(239_999);
    actor.send({ type: 'wrong' });
    clock.increment(239_999);
    expect(actor.getSnapshot().value).toBe('challenged');
    clock.increment(1);
    expect(done).toEqual(['MAR', '401', '401', 'timeout']);
  });
});

describe('the registration machine', () => {
  const run = () => {
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    const clock = new SimulatedClock();
    const machine = registrationMachine.provide({
      actions: {
        assign: note('SAR REGISTRATION'),
        reassign: note('SAR RE_REGISTRATION'),
        deassign: ({ context }) => void done.push(`SAR ${context.assignment}`),
        accept: note('200'),
        forbid: note('403'),
        reject: note('reject'),
        expire: note('expire'),
        next: () => {},
        forget: note('forget'),
      },
    });
    return { actor: createActor(machine, { clock }).start(), done, clock };
  };

  it('tells the HSS of the first registration, of the next, and of how it ends', () => {
    const { actor, done, clock } = run();
    actor.send({ type: 'authenticated' });
    actor.send({ type: 'assigned', expiryMs: 1000 });
    clock.increment(999);
    actor.send({ type: 'refresh' });
    actor.send({ type: 'assigned', expiryMs: 5000 });
    clock.increment(4999);
    expect(actor.getSnapshot().value).toBe('registered');
    clock.increment(1);
    actor.send({ type: 'none left' });
    actor.send({ type: 'deassigned' });
    expect(done).toEqual([
      'SAR REGISTRATION',
      '200',
      'SAR RE_REGISTRATION',
      '200',
      'expire',
      'SAR TIMEOUT_DEREGISTRATION',
      'forget',
    ]);
  });

  it('goes on with the contacts that are left', () => {
    const { actor, clock } = run();
    actor.send({ type: 'authenticated' });
    actor.send({ type: 'assigned', expiryMs: 1000 });
    clock.increment(1000);
    actor.send({ type: 'some left', expiryMs: 3000 });
    clock.increment(2999);
    expect(actor.getSnapshot().value).toBe('registered');
    clock.increment(1);
    expect(actor.getSnapshot().value).toBe('expiring');
  });

  it('undoes with the HSS what an entity without permission has begun', () => {
    const { actor, done } = run();
    actor.send({ type: 'authenticated by trusted node' });
    actor.send({ type: 'entity not allowed' });
    actor.send({ type: 'deassigned' });
    expect(done).toEqual(['SAR REGISTRATION', '403', 'SAR ADMINISTRATIVE_DEREGISTRATION', 'forget']);
  });

  it('survives a refresh that the HSS refuses', () => {
    const { actor, done } = run();
    actor.send({ type: 'authenticated' });
    actor.send({ type: 'assigned', expiryMs: 1000 });
    actor.send({ type: 'refresh' });
    actor.send({ type: 'refused', status: 504 });
    expect(actor.getSnapshot().value).toBe('registered');
    expect(done.at(-1)).toBe('reject');
  });
});

describe('SIP Digest at the S-CSCF', () => {
  const ha1 = digestHa1('MD5', BOB.impi, 'home1.net', 'builder');
  const contact = '<sip:bob@[2001:db8:a::1]>';

  function send(bed: CoreTestbed, authorization: string, more: { callId?: string; expires?: number } = {}) {
    const { callId = 'r', expires = 600 } = more;
    const before = bed.node.responses.length;
    bed.node.register({
      impi: BOB.impi,
      impu: BOB_URI,
      authorization,
      contact,
      expires,
      others: [['Call-ID', callId]],
    });
    bed.run(1000);
    const response = bed.node.responses[before];
    if (response === undefined) throw new Error('no answer');
    return response;
  }

  const blank = `Digest username="${BOB.impi}", realm="home1.net", nonce="", uri="sip:home1.net", response=""`;

  function prove(challenge: string, count = 1, secret = ha1, mark = 'ip-assoc-pending'): string {
    const parsed = parseChallenge(challenge);
    const answer = {
      username: BOB.impi,
      ha1: secret,
      method: 'REGISTER',
      uri: 'sip:home1.net',
      cnonce: 'c',
      count,
    };
    const credentials = parsed.ok ? answerChallenge(parsed.value, answer) : undefined;
    if (credentials === undefined) throw new Error(`no answer to ${challenge}`);
    const params = credentials.params.withQuoted('integrity-protected', mark);
    return serializeCredentials({ ...credentials, params });
  }

  it('accepts the proof, proves itself, and takes the next nonce without a challenge, but no nonce twice', () => {
    const bed = coreTestbed();
    const challenge = send(bed, blank).headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(/^Digest realm="home1\.net", nonce="\w{24}", qop="auth", algorithm=MD5$/);
    const ok = send(bed, prove(challenge));
    expect(ok.status).toBe(200);
    const info = parseAuthParams(ok.headers.get('authentication-info') ?? '');
    const next = (info.ok && info.value.get('nextnonce')) || '';
    expect(next).not.toBe('');
    const again = `Digest realm="home1.net", nonce="${next}", qop="auth", algorithm=MD5`;
    expect(send(bed, prove(again)).status).toBe(200);
    const replayed = send(bed, prove(again));
    expect(replayed.status).toBe(401);
    expect(replayed.headers.get('www-authenticate')).toContain('stale=true');
  });

  it('does not take a response again that came to nothing', () => {
    const bed = coreTestbed();
    const ok = send(bed, prove(send(bed, blank).headers.get('www-authenticate') ?? ''));
    const info = parseAuthParams(ok.headers.get('authentication-info') ?? '');
    const nonce = (info.ok && info.value.get('nextnonce')) || '';
    const proof = prove(`Digest realm="home1.net", nonce="${nonce}", qop="auth", algorithm=MD5`);
    // the S-CSCF's connection to the HSS is lost for a while, the I-CSCF's is not
    bed.network.partition('s-cscf', 'hss');
    expect(() => send(bed, proof)).toThrow('no answer');
    bed.run(20_000);
    expect(bed.node.last?.status).toBe(504);
    expect(bed.sCscf.stateOf(BOB_URI)).toBe('registered');
    bed.network.heal();
    bed.run(60_000);
    expect(send(bed, proof).status).toBe(401);
    expect(bed.sCscf.stateOf(BOB_URI)).toBe('registered');
  });

  it('takes a REGISTER from where the registration came from without a proof, unless the operator wants one', () => {
    for (const [challengeRefresh, status] of [
      [false, 200],
      [true, 401],
    ] as const) {
      const bed = coreTestbed({ sCscf: { challengeRefresh } });
      expect(send(bed, prove(send(bed, blank).headers.get('www-authenticate') ?? '')).status).toBe(200);
      expect(send(bed, `${blank}, integrity-protected="ip-assoc-yes"`).status).toBe(status);
      expect(send(bed, blank).status).toBe(401);
      expect(send(bed, blank, { expires: 0 }).status).toBe(401);
      expect(bed.sCscf.stateOf(BOB_URI)).toBe('registered');
    }
  });

  it('refuses the second wrong response, and a response in another call is none', () => {
    const bed = coreTestbed();
    const wrong = digestHa1('MD5', BOB.impi, 'home1.net', 'destroyer');
    const first = send(bed, blank).headers.get('www-authenticate') ?? '';
    const second = send(bed, prove(first, 1, wrong));
    expect(second.status).toBe(401);
    expect(send(bed, prove(second.headers.get('www-authenticate') ?? '', 1, wrong)).status).toBe(403);
    bed.run(1000);
    expect(bed.hss.activeSubscriptions).toBe(0);
    const third = send(bed, blank).headers.get('www-authenticate') ?? '';
    expect(send(bed, prove(third), { callId: 'other' }).status).toBe(401);
    expect(bed.sCscf.servedUsers).toBe(0);
  });

  it('refuses a response made for another private identity', () => {
    const bed = coreTestbed();
    const challenge = send(bed, blank).headers.get('www-authenticate') ?? '';
    const proof = prove(challenge).replace('realm="home1.net"', 'realm="home2.net"');
    expect(send(bed, proof).status).toBe(401);
  });

  it('forgets a challenge that nobody answers, and so does the HSS', () => {
    const bed = coreTestbed();
    send(bed, blank);
    bed.run(239_000 - 1000);
    expect(bed.hss.activeSubscriptions).toBe(1);
    bed.run(5000);
    expect(bed.hss.activeSubscriptions).toBe(0);
    bed.run(60_000);
    expect(bed.leftovers()).toEqual([]);
  });
});

describe('User-Data', () => {
  it('that is not a profile is none', () => {
    expect(parseUserData('')).toBeUndefined();
    expect(parseUserData('<IMSSubscription><PrivateID>x</PrivateID></IMSSubscription>')).toBeUndefined();
    expect(parseUserData('<a><ServiceProfile/></a>')).toBeUndefined();
  });
});
