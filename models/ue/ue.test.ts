import { describe, expect, it } from 'vitest';
import { Kernel, parseTape, seededChoices, tapeChoices } from '../../src/kernel/index.js';
import { type Host, Network } from '../../src/network/index.js';
import { type ServerTransaction, SipEndpoint } from '../../src/stack/sip/index.js';
import { authenticationInfo, digestClaim, digestHa1, verifyDigest } from '../../src/stack/sip-auth/index.js';
import {
  acceptSubscription,
  type Notifier,
  SipUserAgent,
  serializeRegInfo,
} from '../../src/stack/sip-ua/index.js';
import { parseCredentials, type SipRequest } from '../../src/wire/sip/index.js';
import { policyWith } from '../common/index.js';
import { plainProfile } from '../phone/index.js';
import { type Telephone, telephone } from '../phone/testbed.js';
import { Ue, type UePolicy, uePolicy } from './index.js';

const IMPU = 'sip:user2_public1@home1.net';
const CONFIG = {
  impi: 'user2_private@home1.net',
  impu: IMPU,
  password: 'builder',
  homeDomain: 'home1.net',
  pcscf: 'pcscf1.home1.net',
};

/** What a registrar does out of the ordinary. */
interface Habits {
  /** Status of the answer to the n-th REGISTER, where it is not the usual one. */
  readonly statuses?: Readonly<Record<number, number>>;
  readonly grantedS?: number;
  /** Whether nonces are old the first time they are used. */
  readonly stale?: boolean;
  /** Whether the proof in Authentication-Info is wrong. */
  readonly impostor?: boolean;
  readonly minExpiresS?: number;
}

/** P-CSCF and S-CSCF in one, as far as a UE sees them. */
class Registrar {
  readonly ua: SipUserAgent;
  readonly endpoint: SipEndpoint;
  readonly registers: SipRequest[] = [];
  readonly subscribes: SipRequest[] = [];
  readonly others: SipRequest[] = [];
  notifier: Notifier | undefined;
  readonly #habits: Habits;
  readonly #ha1 = digestHa1('MD5', CONFIG.impi, 'home1.net', 'builder');
  readonly #nonces = new Set<string>();
  #contact = '';
  #version = 0;
  #nonceCount = 0;

  constructor(host: Host, habits: Habits) {
    this.#habits = habits;
    this.ua = new SipUserAgent(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy: 'pcscf1.home1.net' }),
      contact: '<sip:pcscf1.home1.net>',
      on: {
        request: (transaction) => {
          if (transaction.request.method === 'REGISTER') this.#register(transaction);
          else this.#subscribe(transaction);
        },
        invite: (transaction) => {
          this.others.push(transaction.request);
          this.ua.respond(transaction, 486);
        },
      },
    });
    this.endpoint = this.ua.endpoint as SipEndpoint;
    this.endpoint.listenUdp('core');
    this.endpoint.listenTcp('core');
  }

  /** Tells the UE that the registration is over. */
  terminate(event: 'deactivated' | 'rejected'): void {
    this.notifier?.terminate('noresource', { content: () => this.#regInfo('terminated', event) });
  }

  #register(transaction: ServerTransaction): void {
    const { request } = transaction;
    this.registers.push(request);
    const { statuses = {}, grantedS = 600_000, stale, impostor, minExpiresS = 0 } = this.#habits;
    const status = statuses[this.registers.length];
    if (status !== undefined) {
      this.ua.respond(transaction, status);
      return;
    }
    const wantedS = request.expires() ?? 0;
    if (wantedS > 0 && wantedS < minExpiresS) {
      this.ua.respond(transaction, 423, { headers: [['Min-Expires', String(minExpiresS)]] });
      return;
    }
    const credentials = parseCredentials(request.headers.get('Authorization') ?? '');
    const claim = credentials.ok ? digestClaim(credentials.value) : undefined;
    const proves = claim !== undefined && verifyDigest(claim, this.#ha1, 'REGISTER');
    const old = stale === true && this.#nonceCount === 1;
    if (!proves || old || !this.#nonces.has(claim.nonce)) {
      this.#challenge(transaction, proves && old);
      return;
    }
    const next = this.#nonce();
    const info = authenticationInfo(claim, impostor === true ? this.#ha1.replace(/./, 'x') : this.#ha1, next);
    this.#contact = request.contacts()[0]?.uri ?? '';
    const expires = Math.min(wantedS, grantedS);
    this.ua.respond(transaction, 200, {
      headers: [
        ['Contact', `<${this.#contact}>;expires=${expires}`],
        ['Service-Route', '<sip:orig@scscf1.home1.net;lr>'],
        ['P-Associated-URI', `<${IMPU}>, <tel:+12125550100>`],
        ['Authentication-Info', info],
      ],
    });
    if (wantedS === 0)
      this.notifier?.terminate('noresource', { content: () => this.#regInfo('terminated', 'unregistered') });
  }

  #challenge(transaction: ServerTransaction, stale: boolean): void {
    const value = `Digest realm="home1.net", nonce="${this.#nonce()}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`;
    this.ua.respond(transaction, 401, { headers: [['WWW-Authenticate', value]] });
  }

  #nonce(): string {
    const nonce = `nonce${++this.#nonceCount}`;
    this.#nonces.add(nonce);
    return nonce;
  }

  #subscribe(transaction: ServerTransaction): void {
    this.subscribes.push(transaction.request);
    this.notifier = acceptSubscription(this.ua, transaction, {
      longestS: 600_000,
      fullState: () => this.#regInfo('active', 'registered'),
    });
  }

  #regInfo(state: 'active' | 'terminated', event: string): { type: string; body: Uint8Array } {
    const contact = { id: 'c1', state, event, uri: this.#contact };
    const registration = { aor: IMPU, id: 'r1', state, contacts: [contact] };
    const body = serializeRegInfo({ version: this.#version++, state: 'full', registrations: [registration] });
    return { type: 'application/reginfo+xml', body };
  }
}

function bench(
  habits: Habits = {},
  policy: Partial<UePolicy> = {},
  config: Partial<typeof CONFIG> = {},
  tape = '',
) {
  const entries = parseTape(tape);
  if (typeof entries === 'string') throw new Error(entries);
  const kernel = new Kernel({ trace: true, choices: tapeChoices(entries, seededChoices(1)) });
  const network = new Network(kernel);
  const pcscf = network.addHost({
    name: 'p-cscf',
    role: 'P-CSCF',
    addresses: { core: '2001:db8:b::4' },
    domain: 'pcscf1.home1.net',
  });
  const host = network.addHost({ name: 'ue', role: 'UE', addresses: { core: '2001:db8:c::30' } });
  const registrar = new Registrar(pcscf, habits);
  const ue = new Ue(host, { ...CONFIG, ...config }, policyWith(uePolicy, policy));
  return { kernel, network, registrar, ue };
}

function pass(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
  expect(kernel.failure).toBeUndefined();
}

/** Failures and events that no state handled. */
function complaints(kernel: Kernel): string[] {
  const unexpected =
    kernel.trace?.of('unexpected').map(({ body }) => `${body.actor} ${body.state}: ${body.event}`) ?? [];
  return kernel.failure === undefined ? unexpected : [...unexpected, kernel.failure.reason];
}

function statesOf(kernel: Kernel): string[] {
  const states = kernel.trace?.of('state').filter(({ body }) => body.machine === 'ue');
  return (states ?? []).map(({ body }) => body.to);
}

describe('an IMS UE', () => {
  it('registers with SIP Digest: no proof at first, then the answer to the challenge under the same Call-ID', () => {
    const { kernel, registrar, ue } = bench();
    ue.register();
    pass(kernel, 1000);
    expect(ue.registered).toBe(true);
    expect(statesOf(kernel)).toEqual(['idle', 'registering', 'challenged', 'registered']);
    const [first, second] = registrar.registers;
    expect(registrar.registers.length).toBe(2);
    expect(first?.headers.get('Authorization')).toBe(
      'Digest username="user2_private@home1.net", realm="home1.net", nonce="", uri="sip:home1.net", response=""',
    );
    expect(first?.uri).toBe('sip:home1.net');
    expect([first?.from()?.uri, first?.to()?.uri]).toEqual([IMPU, IMPU]);
    expect(first?.expires()).toBe(600_000);
    expect(first?.contacts()[0]?.uri).toBe('sip:user2_public1@[2001:db8:c::30]:5060');
    expect(second?.callId()).toBe(first?.callId());
    expect(second?.cseq()?.sequence).toBe((first?.cseq()?.sequence ?? 0) + 1);
    expect(second?.headers.get('Authorization')).toMatch(/nonce="nonce1".*qop=auth.*nc=00000001/);
    expect(ue.identities).toEqual([IMPU, 'tel:+12125550100']);
    const [subscribe] = registrar.subscribes;
    expect(subscribe?.headers.list('Route')).toEqual([
      '<sip:pcscf1.home1.net;lr>',
      '<sip:orig@scscf1.home1.net;lr>',
    ]);
    expect([subscribe?.uri, subscribe?.headers.get('Event'), subscribe?.expires()]).toEqual([
      IMPU,
      'reg',
      600_000,
    ]);
    expect(ue.regEventState).toBe('active');
    // timer J of the answer to NOTIFY is 64*T1 with T1 = 2 s
    pass(kernel, 130_000);
    expect(ue.leftovers()).toEqual([]);
    expect(complaints(kernel)).toEqual([]);
  });

  it('refreshes 600 s before the end, or at half of a short registration, with the nonce that came last', () => {
    for (const [grantedS, atS] of [
      [3600, 3000],
      [1000, 500],
    ] as const) {
      const { kernel, registrar, ue } = bench({ grantedS });
      ue.register();
      pass(kernel, 1000);
      expect(registrar.registers.length).toBe(2);
      pass(kernel, (atS - 2) * 1000);
      expect(registrar.registers.length).toBe(2);
      pass(kernel, 2000);
      expect(registrar.registers.length).toBe(3);
      expect(registrar.registers[2]?.headers.get('Authorization')).toMatch(/nonce="nonce2".*nc=00000001/);
      expect(ue.state).toBe('registered');
      expect(complaints(kernel)).toEqual([]);
    }
  });

  it('registers anew when a refresh fails for want of the server, and gives up when it is forbidden', () => {
    for (const [status, state, count] of [
      [500, 'registered', 5],
      [403, 'failed', 3],
    ] as const) {
      const { kernel, registrar, ue } = bench({ grantedS: 1000, statuses: { 3: status } });
      ue.register();
      pass(kernel, 505_000);
      expect([ue.state, registrar.registers.length]).toEqual([state, count]);
      expect(complaints(kernel)).toEqual([]);
    }
  });

  it('deregisters after its calls, and may register again', () => {
    const { kernel, registrar, ue } = bench();
    ue.register();
    pass(kernel, 1000);
    ue.deregister();
    pass(kernel, 1000);
    expect(ue.state).toBe('idle');
    expect(registrar.registers.at(-1)?.expires()).toBe(0);
    expect(ue.identities).toEqual([]);
    ue.register();
    pass(kernel, 1000);
    expect(ue.registered).toBe(true);
    expect(registrar.subscribes.length).toBe(2);
    ue.deregister();
    expect(kernel.run().status).toBe('idle');
    expect(ue.leftovers()).toEqual([]);
    expect(complaints(kernel)).toEqual([]);
    ue.close();
    expect(kernel.pending).toBe(0);
    expect(ue.host.openSockets).toBe(0);
  });

  it('leaves at once when the user left while it was registering', () => {
    const { kernel, ue } = bench();
    ue.register();
    ue.deregister();
    pass(kernel, 1000);
    expect(ue.state).toBe('idle');
    expect(statesOf(kernel)).toContain('deregistering.unregistering');
    expect(complaints(kernel)).toEqual([]);
  });

  it('answers a challenge once, twice when its nonce was old, and never for ever', () => {
    const wrong = bench({}, {}, { password: 'Builder' });
    wrong.ue.register();
    pass(wrong.kernel, 10_000);
    expect([wrong.ue.state, wrong.ue.lastStatus, wrong.registrar.registers.length]).toEqual([
      'failed',
      401,
      2,
    ]);
    const old = bench({ stale: true });
    old.ue.register();
    pass(old.kernel, 10_000);
    expect([old.ue.state, old.registrar.registers.length]).toEqual(['registered', 3]);
    expect(complaints(wrong.kernel)).toEqual([]);
  });

  it('does not believe a server that cannot prove that it knows the password', () => {
    const { kernel, ue } = bench({ impostor: true });
    ue.register();
    pass(kernel, 10_000);
    expect(ue.state).toBe('failed');
  });

  it('asks for longer when its registration is too brief, and accepts a refusal', () => {
    const brief = bench({ minExpiresS: 7200 }, { registrationExpiryS: 3600 });
    brief.ue.register();
    pass(brief.kernel, 10_000);
    expect(brief.ue.state).toBe('registered');
    expect(brief.registrar.registers.map((request) => request.expires())).toEqual([3600, 7200, 7200]);
    const refused = bench({ statuses: { 1: 403 } });
    refused.ue.register();
    pass(refused.kernel, 10_000);
    expect([refused.ue.state, refused.ue.lastStatus]).toEqual(['failed', 403]);
    refused.ue.register();
    pass(refused.kernel, 10_000);
    expect(refused.ue.state).toBe('registered');
  });

  it('gives up when there is no P-CSCF, or none that answers', () => {
    const nowhere = bench({}, {}, { pcscf: 'unknown.example' });
    nowhere.ue.register();
    pass(nowhere.kernel, 1000);
    expect([nowhere.ue.state, nowhere.ue.lastStatus]).toEqual(['failed', 503]);
    const silent = bench();
    silent.network.partition('ue', 'p-cscf');
    silent.ue.register();
    // timer F is 64*T1 with the 2 s that TS 24.229 table 7.7.1 gives a UE
    pass(silent.kernel, 127_000);
    expect(silent.ue.state).toBe('registering');
    pass(silent.kernel, 2000);
    expect([silent.ue.state, silent.ue.lastStatus]).toEqual(['failed', 408]);
  });

  it('goes by what the network tells of its registration: out, or in again', () => {
    for (const [event, state] of [
      ['rejected', 'idle'],
      ['deactivated', 'registered'],
    ] as const) {
      const { kernel, registrar, ue } = bench();
      ue.register();
      pass(kernel, 1000);
      registrar.terminate(event);
      pass(kernel, 1000);
      expect(ue.state).toBe(state);
      expect(registrar.subscribes.length).toBe(event === 'deactivated' ? 2 : 1);
      expect(complaints(kernel)).toEqual([]);
    }
  });

  it('calls with the preloaded Route, its identity and the service it wants', () => {
    const { kernel, registrar, ue } = bench();
    ue.register();
    pass(kernel, 1000);
    const call = ue.call('sip:user1_public1@home1.net');
    pass(kernel, 1000);
    const [invite] = registrar.others;
    if (invite === undefined) throw new Error('no INVITE');
    expect(invite.headers.list('Route')).toEqual([
      '<sip:pcscf1.home1.net;lr>',
      '<sip:orig@scscf1.home1.net;lr>',
    ]);
    expect(invite.headers.get('P-Preferred-Identity')).toBe(`<${IMPU}>`);
    expect(invite.headers.get('P-Preferred-Service')).toBe('urn:urn-7:3gpp-service.ims.icsi.mmtel');
    expect(invite.headers.get('Accept-Contact')).toBe(
      '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"',
    );
    expect(invite.headers.list('Supported')).toContain('100rel');
    expect(call.endReason).toEqual({ by: 'remote', text: 'Busy Here', status: 486 });
    pass(kernel, 200_000);
    expect(ue.leftovers()).toEqual([]);
    expect(complaints(kernel)).toEqual([]);
  });

  it('takes a call and hangs up before it deregisters', () => {
    const { kernel, network, registrar, ue } = bench();
    const other = callerOn(network);
    ue.register();
    pass(kernel, 1000);
    const call = other.phone.call('sip:user2_public1@[2001:db8:c::30]:5060');
    kernel.run({}, () => call.state === 'up');
    pass(kernel, 500);
    expect(call.heard.sources[0]?.pitchHz).toBe(880);
    const before = registrar.registers.length;
    ue.deregister();
    expect(registrar.registers.length).toBe(before);
    pass(kernel, 1000);
    expect(call.endReason).toEqual({ by: 'remote', text: 'BYE' });
    expect(ue.state).toBe('idle');
    pass(kernel, 200_000);
    expect([...ue.leftovers(), ...other.phone.leftovers()]).toEqual([]);
    expect(complaints(kernel)).toEqual([]);
  });

  it('registers in the end whichever packet is lost, doubled or held up, and settles when one is damaged', () => {
    for (const link of ['ue>p-cscf', 'p-cscf>ue']) {
      for (const kind of ['drop', 'duplicate', 'delay', 'corrupt']) {
        for (let index = 0; index < 4; index++) {
          const tape = `${link}#${index}=${kind}`;
          const { kernel, ue } = bench({}, {}, {}, tape);
          ue.register();
          pass(kernel, 60_000);
          const expected = kind === 'corrupt' ? /^(registered|failed)$/ : /^registered$/;
          expect(ue.state, tape).toMatch(expected);
          ue.deregister();
          pass(kernel, 400_000);
          expect(ue.state, tape).toMatch(kind === 'corrupt' ? /^(idle|failed)$/ : /^idle$/);
          expect([tape, ...ue.leftovers()]).toEqual([tape]);
          expect(complaints(kernel)).toEqual([]);
        }
      }
    }
  });
});

/** A phone in the core's realm that calls the UE without anything between. */
function callerOn(network: Network): Telephone {
  return telephone(network, 'caller', '2001:db8:c::31', plainProfile('core', ['PCMU', 'telephone-event']));
}
