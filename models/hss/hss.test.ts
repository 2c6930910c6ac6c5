import { describe, expect, it } from 'vitest';
import { Kernel } from '../../src/kernel/index.js';
import { Network } from '../../src/network/index.js';
import { type CxRequestName, DiameterNode, resultOf } from '../../src/stack/diameter/index.js';
import { digestHa1 } from '../../src/stack/sip-auth/index.js';
import { parseXml } from '../../src/stack/sip-ua/index.js';
import {
  type Avp,
  avp,
  avpText,
  avpValue,
  avpValues,
  type DiameterMessage,
  makeAvp,
} from '../../src/wire/diameter/index.js';
import { policyWith } from '../common/index.js';
import { parseUserData } from '../s-cscf/profile.js';
import { Hss, type HssConfig, type HssPolicy, hssPolicy, type Subscription, userDataXml } from './index.js';

const SCSCF = 'sip:scscf1.home1.net:5060';

/** The n-th of any number of users. */
function nth(identity: string): Subscription | undefined {
  const number = /(?:^|:)user(\d+)(?:_private)?@home1\.net$/.exec(identity)?.[1];
  if (number === undefined) return undefined;
  return {
    impi: `user${number}_private@home1.net`,
    impus: [{ uri: `sip:user${number}@home1.net` }],
    digest: { password: `p${number}` },
    allowedWafs: ['waf.example.com'],
    allowedWwsfs: ['wwsf.example.com'],
  };
}

function bed(config: Partial<HssConfig> = {}, policy: Partial<HssPolicy> = {}) {
  const kernel = new Kernel({ trace: true });
  const network = new Network(kernel);
  const hssHost = network.addHost({
    name: 'hss',
    role: 'HSS',
    addresses: { core: '2001:db8::3' },
    domain: 'hss.home1.net',
  });
  const host = network.addHost({
    name: 's',
    role: 'S-CSCF',
    addresses: { core: '2001:db8::2' },
    domain: 's.home1.net',
  });
  const hss = new Hss(
    hssHost,
    { homeDomain: 'home1.net', subscriptionOf: nth, ...config },
    policyWith(hssPolicy, policy),
  );
  const node = new DiameterNode(host, { realm: 'core', originHost: 's.home1.net', originRealm: 'home1.net' });
  return {
    kernel,
    hss,
    ask: (command: CxRequestName, ...avps: Avp[]): DiameterMessage => {
      let got: DiameterMessage | undefined;
      node.request({ host: 'hss.home1.net', realm: 'home1.net' }, command, avps, ({ answer }) => {
        got = answer;
      });
      kernel.run({ untilUs: kernel.now + 1_000_000 });
      if (got === undefined) throw new Error('no answer');
      return got;
    },
  };
}

const user = (number: number | string): Avp[] => [
  makeAvp('User-Name', `user${number}_private@home1.net`),
  makeAvp('Public-Identity', `sip:user${number}@home1.net`),
];
const sar = (type: string, available: 0 | 1 = 0): Avp[] => [
  makeAvp('Server-Name', SCSCF),
  makeAvp('Server-Assignment-Type', type as 'REGISTRATION'),
  makeAvp('User-Data-Already-Available', available),
];
const mar = [
  makeAvp('SIP-Number-Auth-Items', 1),
  makeAvp('SIP-Auth-Data-Item', [makeAvp('SIP-Authentication-Scheme', 'Unknown')]),
  makeAvp('Server-Name', SCSCF),
];

describe('the HSS', () => {
  it('hands out HA1 for SIP Digest, and never the password', () => {
    const { ask, hss } = bed();
    const answer = ask('MAR', ...user(7), ...mar);
    const digest = avpValue(avpValue(answer, 'SIP-Auth-Data-Item') ?? [], 'SIP-Digest-Authenticate') ?? [];
    expect(avpValue(digest, 'Digest-HA1')).toBe(
      digestHa1('MD5', 'user7_private@home1.net', 'home1.net', 'p7'),
    );
    expect(avpValue(digest, 'Digest-Realm')).toBe('home1.net');
    expect(JSON.stringify(answer.avps)).not.toContain('p7"');
    expect(hss.activeSubscriptions).toBe(1);
    ask('SAR', ...user(7), ...sar('AUTHENTICATION_FAILURE', 1));
    expect(hss.activeSubscriptions).toBe(0);
  });

  it('sends profile and allowed names with the first registration, and neither with the next', () => {
    const { ask } = bed();
    const first = ask('SAR', ...user(7), ...sar('REGISTRATION'));
    expect(parseUserData(avpText(first, 'User-Data') ?? '')).toEqual({
      impus: ['sip:user7@home1.net'],
      barred: [],
    });
    const allowed = avpValue(first, 'Allowed-WAF-WWSF-Identities') ?? [];
    expect(avpValues(allowed, 'WebRTC-Authentication-Function-Name')).toEqual(['waf.example.com']);
    expect(avpValues(allowed, 'WebRTC-Web-Server-Function-Name')).toEqual(['wwsf.example.com']);
    const next = ask('SAR', ...user(7), ...sar('RE_REGISTRATION', 1));
    expect(resultOf(next).name).toBe('DIAMETER_SUCCESS');
    expect(avp(next, 'User-Data')).toBeUndefined();
    expect(avp(next, 'Allowed-WAF-WWSF-Identities')).toBeUndefined();
  });

  it('goes from not registered to registered and back, as UAR and LIR show', () => {
    const { ask, hss, kernel } = bed();
    const uar = () => resultOf(ask('UAR', ...user(7), makeAvp('Visited-Network-Identifier', 'visited1.net')));
    const lir = () => resultOf(ask('LIR', makeAvp('Public-Identity', 'sip:user7@home1.net')));
    expect(uar()).toEqual({ kind: 'experimental', code: 2001, name: 'DIAMETER_FIRST_REGISTRATION' });
    expect(lir()).toEqual({
      kind: 'experimental',
      code: 5003,
      name: 'DIAMETER_ERROR_IDENTITY_NOT_REGISTERED',
    });
    ask('MAR', ...user(7), ...mar);
    expect(uar()).toEqual({ kind: 'experimental', code: 2002, name: 'DIAMETER_SUBSEQUENT_REGISTRATION' });
    ask('SAR', ...user(7), ...sar('REGISTRATION'));
    expect(lir()).toEqual({ kind: 'base', code: 2001, name: 'DIAMETER_SUCCESS' });
    expect(hss.stateOf('user7_private@home1.net')).toBe('registered');
    ask('SAR', ...user(7), ...sar('TIMEOUT_DEREGISTRATION', 1));
    expect(uar().code).toBe(2001);
    expect(hss.activeSubscriptions).toBe(0);
    expect([...(kernel.trace?.events ?? [])].filter(({ body }) => body.kind === 'unexpected')).toEqual([]);
  });

  it('remembers an S-CSCF for a user who is not registered when it may', () => {
    const { ask, hss } = bed({}, { storeServerName: 'keep' });
    ask('SAR', ...user(7), ...sar('REGISTRATION'));
    ask('SAR', ...user(7), ...sar('USER_DEREGISTRATION_STORE_SERVER_NAME', 1));
    expect(hss.stateOf('user7_private@home1.net')).toBe('unregistered');
    const located = ask('LIR', makeAvp('Public-Identity', 'sip:user7@home1.net'));
    expect(avpValue(located, 'Server-Name')).toBe(SCSCF);
    ask('MAR', ...user(7), ...mar);
    ask('SAR', ...user(7), ...sar('AUTHENTICATION_TIMEOUT', 1));
    expect(hss.stateOf('user7_private@home1.net')).toBe('unregistered');
    expect(hss.activeSubscriptions).toBe(1);
  });

  it('takes a pair of a pool without a subscription, unless the operator does not want that', () => {
    const pooled: Subscription = { impi: 'guest1@pool.example', impus: [{ uri: 'sip:guest1@home1.net' }] };
    const poolOf = (impi: string, impu: string) =>
      impi === pooled.impi && impu === 'sip:guest1@home1.net' ? pooled : undefined;
    const pair = [makeAvp('User-Name', pooled.impi), makeAvp('Public-Identity', 'sip:guest1@home1.net')];
    const { ask } = bed({ poolOf });
    expect(resultOf(ask('SAR', ...pair, ...sar('REGISTRATION'))).code).toBe(2001);
    expect(resultOf(ask('LIR', pair[1] as Avp)).code).toBe(2001);
    const strict = bed({ poolOf }, { thirdPartyPools: false });
    expect(resultOf(strict.ask('SAR', ...pair, ...sar('REGISTRATION'))).name).toBe(
      'DIAMETER_ERROR_USER_UNKNOWN',
    );
  });

  it('keeps nothing of users of whom there is nothing to remember, however many there are', () => {
    const { ask, hss } = bed();
    for (let number = 1; number <= 200; number++) {
      ask('UAR', ...user(number), makeAvp('Visited-Network-Identifier', 'visited1.net'));
    }
    expect(hss.activeSubscriptions).toBe(0);
    for (let number = 1; number <= 50; number++) ask('SAR', ...user(number), ...sar('REGISTRATION'));
    expect(hss.activeSubscriptions).toBe(50);
    expect(hss.leftovers()).toEqual([]);
  });
});

describe('User-Data', () => {
  it('is XML whatever the names hold', () => {
    const subscription: Subscription = {
      impi: 'a&b<c>@home1.net',
      impus: [
        { uri: 'sip:x&y@home1.net', displayName: 'Tom & "Jerry" <tj>\u0001' },
        { uri: 'tel:+1', barred: true },
      ],
    };
    const xml = userDataXml(subscription);
    const root = parseXml(xml);
    expect(root.ok && root.value.children[0]?.text).toBe(subscription.impi);
    expect(parseUserData(xml)).toEqual({ impus: ['sip:x&y@home1.net'], barred: ['tel:+1'] });
    expect(xml).toContain('<DisplayName>Tom &amp; &quot;Jerry&quot; &lt;tj&gt;\ufffd</DisplayName>');
  });
});
