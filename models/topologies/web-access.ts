import type { Settings, Topology, World } from '../../src/explore/index.js';
import type { Kernel } from '../../src/kernel/index.js';
import type { Host, Network } from '../../src/network/index.js';
import type { Entity, PolicyDefinition, PolicyOf } from '../common/index.js';
import { policyWith } from '../common/index.js';
import { EimsAgw, eimsAgwPolicy } from '../eims-agw/index.js';
import { EpCscf, epCscfPolicy } from '../ep-cscf/index.js';
import { Hss, hssPolicy, type Subscription } from '../hss/index.js';
import { ICscf, iCscfPolicy } from '../i-cscf/index.js';
import { PCscf, pCscfPolicy } from '../p-cscf/index.js';
import { SCscf, sCscfPolicy } from '../s-cscf/index.js';
import { Ue, uePolicy } from '../ue/index.js';
import { Waf, type WebUser, wafPolicy, wafPublicKey } from '../waf/index.js';
import { Wwsf, wwsfPolicy } from '../wwsf/index.js';
import { settable } from './settable.js';
import { WicUser, wicMedia, wicUserPolicy } from './wic-user.js';

/** WICs behind an eP-CSCF, ordinary phones behind a P-CSCF, and the core between them. */
export interface WebAccess extends World {
  /** One a user, in order. */
  readonly wics: readonly WicUser[];
  readonly ues: readonly Ue[];
  readonly epCscf: EpCscf;
  readonly eimsAgw: EimsAgw;
  readonly sCscf: SCscf;
}

/** How many users there are on each side. */
export interface WebAccessSize {
  readonly wics: number;
  readonly ues: number;
}

const HOME = 'home1.net';
const VISITED = 'visited1.net';
const WWSF = 'wwsf.example.com';
const WAF = 'waf.example.com';
const EP_CSCF = 'ep1.visited1.net';
const HSS = 'hss.home1.net';
const PCSCF = 'pcscf1.home1.net';
const SCSCF = 'scscf1.home1.net';
const AGW_CORE = '2001:db8:a::10';

/** Any 32 bytes: the WAF's signing key is made from them. */
export const SIGNING_SEED = new Uint8Array(32).fill(0x24);

/** Policies by the name under which they can be set. */
const POLICIES = {
  wic: wicUserPolicy,
  wwsf: wwsfPolicy,
  waf: wafPolicy,
  'ep-cscf': epCscfPolicy,
  'eims-agw': eimsAgwPolicy,
  'i-cscf': iCscfPolicy,
  's-cscf': sCscfPolicy,
  hss: hssPolicy,
  'p-cscf': pCscfPolicy,
  ue: uePolicy,
} as const satisfies Record<string, PolicyDefinition>;

/** The n-th user, from 1. With one WIC and one phone, alice at the WIC is 1 and bob at the phone is 2. */
export function user(number: number): { readonly impi: string; readonly impu: string } {
  return { impi: `user${number}_private@${HOME}`, impu: `sip:user${number}_public1@${HOME}` };
}

/** Web name of the n-th user. */
const webName = (number: number): string => (number === 1 ? 'alice' : `user${number}`);

/** Passwords: on the web, and for SIP Digest. Nobody has to keep them secret. */
const WEB_PASSWORD = 'wonderland';
const DIGEST_PASSWORD = 'builder';

/**
 * The system of TS 24.371 with so many users. WIC users come first, then those of ordinary phones; hosts are called `wic`
 * and `ue` where there is one, `wic-1`, `wic-2` and so on where there are more.
 */
export function webAccess(size: WebAccessSize): Topology<WebAccess> {
  return {
    name: `${size.wics} WICs and ${size.ues} UEs`,
    options: Object.fromEntries(Object.entries(POLICIES).map(([name, policy]) => [name, settable(policy)])),
    // H.248 messages with two terminations do not fit an Ethernet frame, and nothing here fragments
    network: { links: { 'ep-cscf-eims-agw': { mtu: 9000 } } },
    build: (kernel, network, settings) => build(kernel, network, settings, size),
  };
}

function build(kernel: Kernel, network: Network, settings: Settings, size: WebAccessSize): WebAccess {
  const policy = <K extends keyof typeof POLICIES>(name: K): PolicyOf<(typeof POLICIES)[K]> =>
    policyWith<(typeof POLICIES)[K]>(
      POLICIES[name],
      settings[name] as Partial<PolicyOf<(typeof POLICIES)[K]>>,
    );

  const wicHosts = hosts(network, 'wic', 'WIC', size.wics, (i) => ({ access: wicAddress(i) }));
  const wwsfHost = network.addHost({
    name: 'wwsf',
    role: 'WWSF',
    addresses: { access: '192.0.2.20' },
    domain: WWSF,
  });
  const wafHost = network.addHost({
    name: 'waf',
    role: 'WAF',
    addresses: { access: '192.0.2.21' },
    domain: WAF,
  });
  const epHost = network.addHost({
    name: 'ep-cscf',
    role: 'eP-CSCF',
    addresses: { access: '192.0.2.1', core: '2001:db8:a::1' },
    domain: EP_CSCF,
  });
  const agwHost = network.addHost({
    name: 'eims-agw',
    role: 'eIMS-AGW',
    addresses: { access: '192.0.2.10', core: AGW_CORE },
    domain: 'agw1.visited1.net',
  });
  const iHost = network.addHost({
    name: 'i-cscf',
    role: 'I-CSCF',
    addresses: { core: '2001:db8:b::1' },
    domain: `icscf.${HOME}`,
    aliases: [HOME],
  });
  const sHost = network.addHost({
    name: 's-cscf',
    role: 'S-CSCF',
    addresses: { core: '2001:db8:b::2' },
    domain: SCSCF,
  });
  const hssHost = network.addHost({
    name: 'hss',
    role: 'HSS',
    addresses: { core: '2001:db8:b::3' },
    domain: HSS,
  });
  const pHost = network.addHost({
    name: 'p-cscf',
    role: 'P-CSCF',
    addresses: { core: '2001:db8:b::4' },
    domain: PCSCF,
  });
  const ueHosts = hosts(network, 'ue', 'UE', size.ues, (i) => ({
    core: `2001:db8:c::${(0x30 + i).toString(16)}`,
  }));

  const hss = new Hss(
    hssHost,
    { homeDomain: HOME, subscriptionOf: (identity) => subscriptionOf(identity, size) },
    policy('hss'),
  );
  const iCscf = new ICscf(
    iHost,
    { homeDomain: HOME, hss: HSS, servers: [{ name: `sip:${SCSCF}:5060` }] },
    policy('i-cscf'),
  );
  const sCscf = new SCscf(sHost, { homeDomain: HOME, hss: HSS }, policy('s-cscf'));
  const pCscf = new PCscf(pHost, { network: HOME }, policy('p-cscf'));
  const eimsAgw = new EimsAgw(agwHost, policy('eims-agw'));
  const epCscf = new EpCscf(
    epHost,
    {
      domain: EP_CSCF,
      network: VISITED,
      homeDomain: HOME,
      trustedWafs: [{ issuer: WAF, publicKey: wafPublicKey(SIGNING_SEED) }],
      gateway: { ip: AGW_CORE, port: 2944 },
    },
    policy('ep-cscf'),
  );
  const waf = new Waf(
    wafHost,
    {
      issuer: WAF,
      signingSeed: SIGNING_SEED,
      findUser: (name) => webUser(name, size),
      clients: [{ clientId: 'wwsf-1', redirectUri: `https://${WWSF}/callback`, certificateName: WWSF }],
      audience: EP_CSCF,
    },
    policy('waf'),
  );
  const wwsf = new Wwsf(
    wwsfHost,
    { domain: WWSF, clientId: 'wwsf-1', waf: WAF, epCscf: `wss://${EP_CSCF}/` },
    policy('wwsf'),
  );
  const wicPolicy = policy('wic');
  const media = wicMedia(wicPolicy);
  const page = `https://${WWSF}/`;
  const wics = wicHosts.map((host, i) => {
    const config = { page, name: webName(i + 1), password: WEB_PASSWORD };
    return new WicUser(host, config, wicPolicy, media);
  });
  const uePolicyValues = policy('ue');
  const ues = ueHosts.map((host, i) => {
    const { impi, impu } = user(size.wics + i + 1);
    return new Ue(
      host,
      { impi, impu, password: DIGEST_PASSWORD, homeDomain: HOME, pcscf: PCSCF },
      uePolicyValues,
    );
  });

  const entities: Entity[] = [...wics, ...ues, wwsf, waf, epCscf, eimsAgw, iCscf, sCscf, hss, pCscf];
  return {
    kernel,
    network,
    wics,
    ues,
    epCscf,
    eimsAgw,
    sCscf,
    leftovers: () => entities.flatMap((entity) => entity.leftovers()),
    close: () => {
      for (const entity of entities) entity.close();
    },
  };
}

/** Addresses of WICs: 198.51.100.5 and on, 250 a subnet. */
function wicAddress(index: number): string {
  return `198.51.${100 + Math.floor(index / 250)}.${5 + (index % 250)}`;
}

function hosts(
  network: Network,
  name: string,
  role: string,
  count: number,
  addresses: (index: number) => Record<string, string>,
): Host[] {
  return Array.from({ length: count }, (_, i) =>
    network.addHost({ name: count === 1 ? name : `${name}-${i + 1}`, role, addresses: addresses(i) }),
  );
}

function numberOf(text: string, pattern: RegExp, size: WebAccessSize): number | undefined {
  const number = Number(pattern.exec(text)?.[1] ?? 0);
  return number >= 1 && number <= size.wics + size.ues ? number : undefined;
}

function subscriptionOf(identity: string, size: WebAccessSize): Subscription | undefined {
  const number = numberOf(identity, /^(?:sip:)?user(\d+)_(?:private|public1)@home1\.net$/, size);
  if (number === undefined) return undefined;
  const { impi, impu } = user(number);
  return {
    impi,
    impus: [{ uri: impu }],
    digest: { password: DIGEST_PASSWORD },
    allowedWafs: [WAF],
    allowedWwsfs: [WWSF],
  };
}

function webUser(name: string, size: WebAccessSize): WebUser | undefined {
  const number = name === 'alice' ? 1 : numberOf(name, /^user(\d+)$/, size);
  return number === undefined ? undefined : { password: WEB_PASSWORD, ...user(number) };
}
