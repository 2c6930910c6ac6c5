import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { CX_APPLICATION, makeAvp, makeResult, type ResultName } from '../../src/wire/diameter/index.js';
import { SipHeaders, SipRequest } from '../../src/wire/sip/index.js';
import { coreTestbed } from '../s-cscf/testbed.js';
import {
  locationVerdict,
  queryMachine,
  registeringUser,
  registrationVerdict,
  selectServer,
} from './index.js';

const servers = [
  { name: 'sip:a.home1.net', capabilities: [1] },
  { name: 'sip:b.home1.net', capabilities: [1, 2, 3] },
  { name: 'sip:c.home1.net', capabilities: [1, 2, 3] },
];

describe('the choice of an S-CSCF (TS 29.228 6.7)', () => {
  const choose = (mandatory: number[], optional: number[] = [], names: string[] = []) =>
    selectServer(servers, { mandatory, optional, names });

  it('has all that is mandatory and most of what is optional, the first of equals', () => {
    expect(choose([])).toBe('sip:a.home1.net');
    expect(choose([2])).toBe('sip:b.home1.net');
    expect(choose([1], [3])).toBe('sip:b.home1.net');
    expect(choose([4])).toBeUndefined();
  });

  it('heeds a name of the HSS, if that server is able', () => {
    expect(choose([2], [], ['sip:c.home1.net'])).toBe('sip:c.home1.net');
    expect(choose([2], [], ['sip:a.home1.net'])).toBe('sip:b.home1.net');
  });
});

function answer(result: ResultName, serverName?: string) {
  const avps = [
    makeResult(result),
    ...(serverName === undefined ? [] : [makeAvp('Server-Name', serverName)]),
  ];
  return {
    answer: {
      version: 1,
      flags: 0,
      command: 300,
      applicationId: CX_APPLICATION,
      hopByHop: 1,
      endToEnd: 1,
      avps,
    },
  };
}

describe('the verdict of the HSS', () => {
  it.each([
    ['DIAMETER_FIRST_REGISTRATION', { serverName: 'sip:a.home1.net' }],
    ['DIAMETER_ERROR_USER_UNKNOWN', { status: 403 }],
    ['DIAMETER_ERROR_IDENTITIES_DONT_MATCH', { status: 403 }],
    ['DIAMETER_ERROR_IDENTITY_NOT_REGISTERED', { status: 403 }],
    ['DIAMETER_ERROR_ROAMING_NOT_ALLOWED', { status: 403 }],
    ['DIAMETER_AUTHORIZATION_REJECTED', { status: 403 }],
    ['DIAMETER_UNABLE_TO_DELIVER', { status: 480 }],
    // the base code 5001 is not the unknown user of Cx
    ['DIAMETER_AVP_UNSUPPORTED', { status: 480 }],
  ] as const)('on a REGISTER: %s', (result, verdict) => {
    expect(registrationVerdict(answer(result), servers)).toEqual(verdict);
  });

  it('names the S-CSCF of a user who is registered', () => {
    const verdict = { serverName: 'sip:x.home1.net' };
    expect(
      registrationVerdict(answer('DIAMETER_SUBSEQUENT_REGISTRATION', 'sip:x.home1.net'), servers),
    ).toEqual(verdict);
    expect(locationVerdict(answer('DIAMETER_SUCCESS', 'sip:x.home1.net'), servers)).toEqual(verdict);
  });

  it.each([
    ['DIAMETER_ERROR_USER_UNKNOWN', 404],
    ['DIAMETER_ERROR_IDENTITY_NOT_REGISTERED', 480],
    ['DIAMETER_TOO_BUSY', 504],
  ] as const)('on other requests: %s', (result, status) => {
    expect(locationVerdict(answer(result), servers)).toEqual({ status });
  });

  it('is 480 or 504 when there is none, and 600 when no S-CSCF will do', () => {
    expect(registrationVerdict({ error: 'timeout' }, servers)).toEqual({ status: 480 });
    expect(locationVerdict({ error: 'timeout' }, servers)).toEqual({ status: 504 });
    expect(registrationVerdict(answer('DIAMETER_FIRST_REGISTRATION'), [])).toEqual({ status: 600 });
  });
});

describe('a REGISTER', () => {
  const read = (...fields: [string, string][]) =>
    registeringUser(
      new SipRequest(
        'REGISTER',
        'sip:home1.net',
        new SipHeaders([['To', '<sip:User1@HOME1.net;x=y>'], ...fields]),
      ),
    );

  it('names private and public identity, network and purpose', () => {
    const digest = 'Digest username="u@home1.net", realm="home1.net", nonce="", uri="", response=""';
    expect(
      read(
        ['Authorization', `${digest}, integrity-protected=auth-done`],
        ['P-Visited-Network-ID', '"visited1.net"'],
        ['Contact', '<sip:x>;expires=0'],
      ),
    ).toEqual({
      impi: 'u@home1.net',
      impu: 'sip:User1@home1.net',
      visitedNetwork: 'visited1.net',
      leaving: true,
      authenticated: true,
    });
  });

  it('without credentials is of the private identity that the public one stands for', () => {
    const user = read(['Contact', '<sip:x>'], ['Expires', '3600']);
    expect(user).toMatchObject({ impi: 'User1@home1.net', leaving: false, authenticated: false });
  });

  it('leaves with every contact, or with all at once', () => {
    expect(read(['Contact', '*'], ['Expires', '0']).leaving).toBe(true);
    expect(read(['Contact', '<sip:x>;expires=0, <sip:y>'], ['Expires', '10']).leaving).toBe(false);
    expect(read(['Expires', '0']).leaving).toBe(false);
  });
});

describe('the query machine', () => {
  it('asks nobody about a REGISTER of an untrusted node', () => {
    // without a port, an action that reached for it would fail the actor
    const machine = queryMachine.provide({ actions: { forbid: () => {} } });
    const actor = createActor(machine).start();
    actor.send({ type: 'request of untrusted node' });
    expect(actor.getSnapshot().value).toBe('failed');
  });
});

describe('the I-CSCF', () => {
  const call = (to: string): [string, string][] => [
    ['From', '<sip:x@visited1.net>;tag=1'],
    ['To', `<${to}>`],
    ['Contact', '<sip:ep1.visited1.net>'],
  ];

  it('refuses users of other domains, and lets a caller change its mind while the HSS thinks', () => {
    const bed = coreTestbed();
    bed.node.send('INVITE', 'sip:x@elsewhere.example', '2001:db8:b::1', call('sip:x@elsewhere.example'));
    bed.run(1000);
    expect(bed.node.last?.status).toBe(404);
    bed.network.partition('i-cscf', 'hss');
    const pending = bed.node.send(
      'INVITE',
      'sip:user1_public1@home1.net',
      '2001:db8:b::1',
      call('sip:user1_public1@home1.net'),
    );
    bed.run(500);
    pending.cancel();
    bed.run(500);
    expect(bed.node.last?.status).toBe(487);
    expect(bed.iCscf.leftovers()).not.toEqual([]);
    bed.run(300_000);
    expect(bed.leftovers()).toEqual([]);
    expect(bed.unexpected()).toEqual([]);
  });

  it('answers 504 to a call when the HSS is silent', () => {
    const bed = coreTestbed();
    bed.network.partition('i-cscf', 'hss');
    bed.node.send(
      'INVITE',
      'sip:user1_public1@home1.net',
      '2001:db8:b::1',
      call('sip:user1_public1@home1.net'),
    );
    bed.run(40_000);
    expect(bed.node.last?.status).toBe(504);
  });
});
