import { describe, expect, it } from 'vitest';
import { policyWith } from '../common/index.js';
import { type Decision, INITIAL, type Party, type Standing } from './decision.js';
import {
  type AssignmentType,
  assignServer,
  authenticateUser,
  authorizeUser,
  canonicalIdentity,
  hssPolicy,
  locateUser,
  type ServerAssignment,
  type Subscription,
  type UserAuthorization,
} from './index.js';

const SCSCF = 'sip:scscf1.home1.net:5060';
const OTHER = 'sip:scscf2.home1.net:5060';
const bob: Subscription = {
  impi: 'user2_private@home1.net',
  impus: [{ uri: 'sip:user2_public1@home1.net' }],
  digest: { password: 'builder' },
  capabilities: { mandatory: [1] },
};
const alice: Subscription = {
  ...bob,
  impi: 'user1_private@home1.net',
  impus: [{ uri: 'sip:user1_public1@home1.net' }],
};
const both = (subscription: Subscription): Party => ({ byImpi: subscription, byImpu: subscription });
const registered: Standing = { ...INITIAL, state: 'registered', serverName: SCSCF };
const unregistered: Standing = { ...INITIAL, state: 'unregistered', serverName: SCSCF };
const pending: Standing = { ...INITIAL, authenticationPending: true, serverName: SCSCF };

const summary = ({ result, serverName, capabilities, event }: Decision) => [
  result.replace(/^DIAMETER_/, ''),
  serverName ?? (capabilities === undefined ? undefined : 'capabilities'),
  event?.type,
];

describe('the decision about a UAR (TS 29.228 6.1.1.1)', () => {
  const ask = (request: Partial<UserAuthorization>, party: Party, standing: Standing = INITIAL) =>
    summary(
      authorizeUser(
        { type: 'REGISTRATION', visitedNetwork: 'home1.net', emergency: false, ...request },
        party,
        standing,
      ),
    );
  const barred = both({ ...bob, impus: [{ uri: 'sip:a@home1.net', barred: true }] });
  const atHome = both({ ...bob, visitedNetworks: ['home1.net'] });

  it('checks existence, then association, then barring, then roaming, then permission', () => {
    expect(ask({}, { byImpi: undefined, byImpu: bob })).toEqual(['ERROR_USER_UNKNOWN', undefined, undefined]);
    expect(ask({}, { byImpi: bob, byImpu: undefined })).toEqual(['ERROR_USER_UNKNOWN', undefined, undefined]);
    expect(ask({}, { byImpi: bob, byImpu: alice })).toEqual([
      'ERROR_IDENTITIES_DONT_MATCH',
      undefined,
      undefined,
    ]);
    expect(ask({}, barred)).toEqual(['AUTHORIZATION_REJECTED', undefined, undefined]);
    expect(ask({ visitedNetwork: 'visited1.net' }, atHome)[0]).toBe('ERROR_ROAMING_NOT_ALLOWED');
    expect(ask({}, both({ ...bob, mayRegister: false }))[0]).toBe('AUTHORIZATION_REJECTED');
  });

  it('lets a barred identity pass that shares its set with one that is not, and an emergency in any case', () => {
    const mixed = both({
      ...bob,
      impus: [{ uri: 'sip:a@home1.net', barred: true }, { uri: 'sip:b@home1.net' }],
    });
    expect(ask({}, mixed)[0]).toBe('FIRST_REGISTRATION');
    expect(ask({ emergency: true }, barred)[0]).toBe('FIRST_REGISTRATION');
    expect(ask({ emergency: true, visitedNetwork: 'visited1.net' }, atHome)[0]).toBe('FIRST_REGISTRATION');
  });

  it('does not look at roaming and permission when the user leaves', () => {
    const leaving = { type: 'DE_REGISTRATION', visitedNetwork: 'visited1.net' } as const;
    expect(ask(leaving, atHome, registered)).toEqual(['SUCCESS', SCSCF, undefined]);
  });

  it.each([
    ['REGISTRATION', INITIAL, ['FIRST_REGISTRATION', 'capabilities', undefined]],
    ['REGISTRATION', pending, ['SUBSEQUENT_REGISTRATION', SCSCF, undefined]],
    ['REGISTRATION', registered, ['SUBSEQUENT_REGISTRATION', SCSCF, undefined]],
    ['REGISTRATION', unregistered, ['SUBSEQUENT_REGISTRATION', SCSCF, undefined]],
    ['DE_REGISTRATION', INITIAL, ['ERROR_IDENTITY_NOT_REGISTERED', undefined, undefined]],
    ['DE_REGISTRATION', pending, ['ERROR_IDENTITY_NOT_REGISTERED', undefined, undefined]],
    ['DE_REGISTRATION', registered, ['SUCCESS', SCSCF, undefined]],
    ['DE_REGISTRATION', unregistered, ['SUCCESS', SCSCF, undefined]],
    ['REGISTRATION_AND_CAPABILITIES', INITIAL, ['FIRST_REGISTRATION', 'capabilities', 'reassignment asked']],
    ['REGISTRATION_AND_CAPABILITIES', registered, ['SUBSEQUENT_REGISTRATION', SCSCF, 'reassignment asked']],
  ] as const)('is by state for %s of %o', (type, standing, expected) => {
    expect(ask({ type }, both(bob), standing)).toEqual(expected);
  });
});

describe('the decision about a MAR (TS 29.228 6.3.1)', () => {
  const ask = (scheme: string, party: Party) =>
    summary(authenticateUser({ scheme, serverName: SCSCF }, party));

  it('grants SIP Digest, also when the scheme is left open, and notes the S-CSCF', () => {
    const granted = ['SUCCESS', undefined, 'authentication requested'];
    expect(ask('SIP Digest', both(bob))).toEqual(granted);
    expect(ask('Unknown', both(bob))).toEqual(granted);
  });

  it('refuses other schemes, users without a password, and who does not exist', () => {
    const { digest: _, ...without } = bob;
    expect(ask('Digest-AKAv1-MD5', both(bob))[0]).toBe('ERROR_AUTH_SCHEME_NOT_SUPPORTED');
    expect(ask('Unknown', both(without))[0]).toBe('ERROR_AUTH_SCHEME_NOT_SUPPORTED');
    expect(ask('SIP Digest', { byImpi: undefined, byImpu: undefined })[0]).toBe('ERROR_USER_UNKNOWN');
    expect(ask('SIP Digest', { byImpi: alice, byImpu: bob })[0]).toBe('ERROR_IDENTITIES_DONT_MATCH');
  });
});

describe('the decision about a SAR (TS 29.228 6.1.2.1)', () => {
  const ask = (
    type: AssignmentType | undefined,
    standing: Standing,
    more: Partial<ServerAssignment> = {},
    policy = policyWith(hssPolicy),
  ) =>
    assignServer(
      { type, serverName: SCSCF, identities: 1, dataAvailable: false, ...more },
      both(bob),
      standing,
      policy,
    );

  it.each([
    ['REGISTRATION', INITIAL, ['SUCCESS', undefined, 'registered']],
    ['REGISTRATION', pending, ['SUCCESS', undefined, 'registered']],
    ['RE_REGISTRATION', registered, ['SUCCESS', undefined, 'registered']],
    ['UNREGISTERED_USER', INITIAL, ['SUCCESS', undefined, 'served unregistered']],
    ['USER_DEREGISTRATION', registered, ['SUCCESS', undefined, 'deregistered']],
    ['TIMEOUT_DEREGISTRATION', registered, ['SUCCESS', undefined, 'deregistered']],
    ['ADMINISTRATIVE_DEREGISTRATION', registered, ['SUCCESS', undefined, 'deregistered']],
    ['AUTHENTICATION_FAILURE', pending, ['SUCCESS', undefined, 'authentication failed']],
    ['AUTHENTICATION_TIMEOUT', pending, ['SUCCESS', undefined, 'authentication failed']],
    ['NO_ASSIGNMENT', registered, ['SUCCESS', undefined, undefined]],
    ['NO_ASSIGNMENT', INITIAL, ['UNABLE_TO_COMPLY', undefined, undefined]],
    [undefined, INITIAL, ['ERROR_IN_ASSIGNMENT_TYPE', undefined, undefined]],
  ] as const)('%s is by state', (type, standing, expected) => {
    expect(summary(ask(type, standing))).toEqual(expected);
  });

  it('leaves a user with the S-CSCF that is assigned, unless another was asked for', () => {
    const elsewhere = { ...registered, serverName: OTHER };
    expect(summary(ask('REGISTRATION', elsewhere))).toEqual([
      'ERROR_IDENTITY_ALREADY_REGISTERED',
      OTHER,
      undefined,
    ]);
    expect(ask('USER_DEREGISTRATION', elsewhere).event).toBeUndefined();
    expect(ask('REGISTRATION', { ...elsewhere, reassignmentPending: true }).event?.type).toBe('registered');
  });

  it('sends the profile when the S-CSCF has none, and with deregistrations never', () => {
    expect(ask('REGISTRATION', INITIAL).profile).toBe(true);
    expect(ask('RE_REGISTRATION', registered, { dataAvailable: true }).profile).toBe(false);
    expect(ask('USER_DEREGISTRATION', registered).profile).toBeUndefined();
  });

  it('takes several identities only with deregistrations', () => {
    expect(ask('REGISTRATION', INITIAL, { identities: 2 }).result).toBe('DIAMETER_AVP_OCCURS_TOO_MANY_TIMES');
    expect(ask('USER_DEREGISTRATION', registered, { identities: 2 }).result).toBe('DIAMETER_SUCCESS');
  });

  it('keeps the server name when asked to, if the operator wants that', () => {
    const type = 'USER_DEREGISTRATION_STORE_SERVER_NAME';
    expect(summary(ask(type, registered))).toEqual([
      'SUCCESS_SERVER_NAME_NOT_STORED',
      undefined,
      'deregistered',
    ]);
    const keeping = policyWith(hssPolicy, { storeServerName: 'keep' });
    const kept = summary(ask(type, registered, {}, keeping));
    expect(kept).toEqual(['SUCCESS', undefined, 'deregistered, server name kept']);
  });
});

describe('the decision about a LIR (TS 29.228 6.1.4.1)', () => {
  it.each([
    [false, registered, bob, ['SUCCESS', SCSCF, undefined]],
    [false, unregistered, bob, ['SUCCESS', SCSCF, undefined]],
    [false, INITIAL, bob, ['ERROR_IDENTITY_NOT_REGISTERED', undefined, undefined]],
    [false, pending, bob, ['ERROR_IDENTITY_NOT_REGISTERED', undefined, undefined]],
    [true, INITIAL, bob, ['UNREGISTERED_SERVICE', 'capabilities', undefined]],
    [
      false,
      INITIAL,
      { ...bob, unregisteredServices: true },
      ['UNREGISTERED_SERVICE', 'capabilities', undefined],
    ],
    [false, pending, { ...bob, unregisteredServices: true }, ['UNREGISTERED_SERVICE', SCSCF, undefined]],
    [false, INITIAL, undefined, ['ERROR_USER_UNKNOWN', undefined, undefined]],
  ] as const)('originating %s, %o', (originating, standing, subscription, expected) => {
    expect(summary(locateUser({ originating }, subscription, standing))).toEqual(expected);
  });
});

describe('an identity', () => {
  it('is compared without what does not belong to it', () => {
    expect(canonicalIdentity('SIP:User@HOME1.net;transport=udp?x=y')).toBe('sip:User@home1.net');
    expect(canonicalIdentity('tel:+1-212-555.0101;phone-context=x')).toBe('tel:+12125550101');
    expect(canonicalIdentity('sip:User@home1.net')).not.toBe(canonicalIdentity('sip:user@home1.net'));
  });
});
