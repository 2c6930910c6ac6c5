import { describe, expect, it } from 'vitest';
import { parseRegInfo } from '../../src/stack/sip-ua/index.js';
import { policyWith } from '../common/index.js';
import { Ue, type UePolicy, uePolicy } from '../ue/index.js';
import { ALICE, BOB, type CoreTestbed, coreTestbed } from './testbed.js';

const ALICE_URI = 'sip:user1_public1@home1.net';
const BOB_URI = 'sip:user2_public1@home1.net';

function phone(bed: CoreTestbed, password = 'builder', policy: Partial<UePolicy> = {}): Ue {
  const config = {
    impi: BOB.impi,
    impu: BOB_URI,
    password,
    homeDomain: 'home1.net',
    pcscf: 'pcscf1.home1.net',
  };
  return new Ue(bed.ueHost, config, policyWith(uePolicy, policy));
}

/** Everything that runs has had time to end (reg-await-auth is four minutes). */
function settle(bed: CoreTestbed): void {
  bed.run(300_000);
  expect(bed.leftovers()).toEqual([]);
  expect(bed.unexpected()).toEqual([]);
}

describe('a REGISTER of a trusted node', () => {
  it('is answered 200 without a challenge, with Service-Route, identities, GRUU and outbound', () => {
    const bed = coreTestbed();
    bed.node.register();
    bed.run(1000);
    const { last } = bed.node;
    expect(last?.status).toBe(200);
    expect(bed.node.responses).toHaveLength(1);
    expect(last?.headers.get('service-route')).toMatch(/^<sip:1-\w{8}@scscf1\.home1\.net:5060;lr;orig>$/);
    expect(last?.headers.get('p-associated-uri')).toBe(`<${ALICE_URI}>, <tel:+12125550101>`);
    expect(last?.headers.get('path')).toBe('<sip:flow1@ep1.visited1.net;lr;ob>');
    expect(last?.headers.get('require')).toBe('outbound');
    expect(last?.headers.get('contact')).toBe(
      '<sip:abc@df7jal23ls0d.invalid;transport=ws>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=3600' +
        ';pub-gruu="sip:user1_public1@home1.net;gr=urn:uuid:1"',
    );
    expect(last?.headers.get('p-charging-vector')).toBe(
      'icid-value="i1";orig-ioi="Type 1visited1.net";term-ioi="Type 1home1.net"',
    );
    expect(bed.sCscf.stateOf(ALICE_URI)).toBe('registered');
    expect(bed.hss.stateOf(ALICE.impi)).toBe('registered');
    settle(bed);
    const ids = [...(bed.kernel.trace?.events ?? [])].flatMap(({ body }) =>
      body.kind === 'requirement' ? body.ids : [],
    );
    expect(ids).toEqual(expect.arrayContaining(['24371-6.4.2-08', '24371-6.4.2-09']));
  });

  it('is refused when the sender or its network is not trusted', () => {
    for (const iCscf of [{ trustedNodes: 'ep2.visited1.net' }, { trustedNetworks: 'visited2.net' }]) {
      const bed = coreTestbed({ iCscf });
      bed.node.register();
      bed.run(1000);
      expect(bed.node.last?.status).toBe(403);
      expect(bed.hss.activeSubscriptions).toBe(0);
      settle(bed);
    }
  });

  it('is refused for a user whom the HSS does not know, and for identities that do not belong together', () => {
    for (const who of [{ impi: 'nobody@home1.net' }, { impu: 'sip:nobody@home1.net' }, { impu: BOB_URI }]) {
      const bed = coreTestbed();
      bed.node.register(who);
      bed.run(1000);
      expect(bed.node.last?.status).toBe(403);
      expect(bed.sCscf.servedUsers).toBe(0);
      settle(bed);
    }
  });

  it('is compared with the WAFs that the HSS allows, and leaves nothing behind when its own is not among them', () => {
    const done = `Digest username="${ALICE.impi}", realm="home1.net", nonce="", uri="sip:home1.net", response="", integrity-protected="auth-done"`;
    const allowed = coreTestbed();
    allowed.node.register({ authorization: `${done}, authorization-entity="waf.example.com"` });
    allowed.run(1000);
    expect(allowed.node.last?.status).toBe(200);
    const refused = coreTestbed();
    refused.node.register({ authorization: `${done}, authorization-entity="waf.evil.example"` });
    refused.run(1000);
    expect(refused.node.last?.status).toBe(403);
    expect(refused.sCscf.servedUsers).toBe(0);
    expect(refused.hss.activeSubscriptions).toBe(0);
    settle(refused);
    const ignoring = coreTestbed({ sCscf: { authorizationEntity: 'ignored' } });
    ignoring.node.register({ authorization: `${done}, authorization-entity="waf.evil.example"` });
    ignoring.run(1000);
    expect(ignoring.node.last?.status).toBe(200);
  });

  it('refreshes the registration, takes it away, and is answered accordingly', () => {
    const bed = coreTestbed();
    bed.node.register();
    bed.run(1000);
    const route = bed.node.last?.headers.get('service-route');
    bed.run(1_799_000);
    bed.node.register();
    bed.run(1000);
    expect(bed.node.last?.status).toBe(200);
    expect(bed.node.last?.headers.get('service-route')).toBe(route);
    // past the end of the first, before the end of the second
    bed.run(1_900_000);
    expect(bed.sCscf.stateOf(ALICE_URI)).toBe('registered');
    bed.node.register({ expires: 0 });
    bed.run(1000);
    expect(bed.node.last?.status).toBe(200);
    expect(bed.node.last?.contacts()[0]?.params.get('expires')).toBe('0');
    expect(bed.sCscf.servedUsers).toBe(0);
    expect(bed.hss.activeSubscriptions).toBe(0);
    settle(bed);
  });

  it('ends with its time', () => {
    const bed = coreTestbed();
    bed.node.register({ expires: 600 });
    bed.run(599_000);
    expect(bed.sCscf.servedUsers).toBe(1);
    bed.run(3000);
    expect(bed.sCscf.servedUsers).toBe(0);
    expect(bed.hss.activeSubscriptions).toBe(0);
    settle(bed);
  });

  it('waits for the one before, and each is answered for itself', () => {
    const bed = coreTestbed();
    bed.node.register({ others: [['Call-ID', 'a']] });
    bed.node.register({ others: [['Call-ID', 'b']], expires: 1200 });
    bed.node.register({ others: [['Call-ID', 'c']], expires: 0 });
    bed.node.register({ others: [['Call-ID', 'd']], expires: 2400 });
    bed.run(2000);
    const answers = bed.node.responses.map((response) => [
      response.callId(),
      response.status,
      response.contacts()[0]?.params.get('expires'),
    ]);
    expect(answers).toEqual([
      // the HSS did not know the user yet when the I-CSCF asked, so this one went no further
      ['c', 403, undefined],
      ['a', 200, '3600'],
      ['b', 200, '1200'],
      ['d', 200, '2400'],
    ]);
    bed.node.register({ others: [['Call-ID', 'e']], expires: 0 });
    bed.node.register({ others: [['Call-ID', 'f']], expires: 1200 });
    bed.run(2000);
    expect(bed.node.responses.slice(4).map((response) => [response.callId(), response.status])).toEqual([
      ['e', 200],
      ['f', 200],
    ]);
    expect(bed.sCscf.stateOf(ALICE_URI)).toBe('registered');
    expect(bed.hss.stateOf(ALICE.impi)).toBe('registered');
    settle(bed);
  });

  it('gets 423 when it asks for too short a time, and 439 for a flow that its proxy does not offer', () => {
    const bed = coreTestbed();
    bed.node.register({ expires: 30 });
    bed.run(1000);
    expect(bed.node.last?.status).toBe(423);
    expect(bed.node.last?.headers.get('min-expires')).toBe('60');
    bed.node.register({ path: '<sip:flow1@ep1.visited1.net;lr>' });
    bed.run(1000);
    expect(bed.node.last?.status).toBe(439);
    settle(bed);
  });

  it('gets 501 for IMS AKA', () => {
    const bed = coreTestbed();
    const aka = `Digest username="${ALICE.impi}", realm="home1.net", nonce="", uri="sip:home1.net", response="", algorithm=AKAv2-SHA-256, integrity-protected="tls-connected"`;
    bed.node.register({ authorization: aka });
    bed.run(1000);
    expect(bed.node.last?.status).toBe(501);
    settle(bed);
  });

  it('gets 480 when the HSS is silent', () => {
    const bed = coreTestbed();
    bed.network.partition('i-cscf', 'hss');
    bed.node.register();
    bed.run(20_000);
    expect(bed.node.last?.status).toBe(480);
    settle(bed);
  });

  it('is undone when the operator ends the registration', () => {
    const bed = coreTestbed();
    bed.node.register();
    bed.run(1000);
    bed.sCscf.deregister(ALICE_URI, 'deactivated');
    bed.run(1000);
    expect(bed.sCscf.servedUsers).toBe(0);
    expect(bed.hss.stateOf(ALICE.impi)).toBe('notRegistered');
    settle(bed);
  });
});

describe('a UE with a password', () => {
  it('registers through the P-CSCF after one challenge, refreshes, and de-registers', () => {
    const bed = coreTestbed();
    const ue = phone(bed);
    ue.register();
    bed.run(5000);
    expect(ue.registered).toBe(true);
    expect(ue.identities).toEqual([BOB_URI]);
    expect(ue.regEventState).toBe('active');
    expect(bed.pCscf.registeredUes).toBe(1);
    expect(bed.hss.stateOf(BOB.impi)).toBe('registered');
    ue.deregister();
    bed.run(5000);
    expect(ue.registered).toBe(false);
    expect(bed.pCscf.registeredUes).toBe(0);
    expect(bed.sCscf.servedUsers).toBe(0);
    expect(bed.hss.activeSubscriptions).toBe(0);
    // first without a word, then with a response, then from where it is registered (TS 24.229 7.2A.2)
    const marks = bed
      .received('i-cscf', 'REGISTER sip:')
      .map((text) => /integrity-protected="([\w-]+)"/.exec(text)?.[1]);
    expect(marks).toEqual([undefined, 'ip-assoc-pending', 'ip-assoc-yes']);
    settle(bed);
    expect(ue.leftovers()).toEqual([]);
  });

  it('is refused with a wrong password after two responses, and the HSS forgets it', () => {
    const bed = coreTestbed();
    const ue = phone(bed, 'destroyer');
    ue.register();
    bed.run(5000);
    expect(ue.registered).toBe(false);
    expect(bed.sCscf.servedUsers).toBe(0);
    bed.run(300_000);
    expect(bed.hss.activeSubscriptions).toBe(0);
    expect(bed.leftovers()).toEqual([]);
  });

  it('stays registered over many refreshes', () => {
    const bed = coreTestbed();
    const ue = phone(bed, 'builder', { registrationExpiryS: 600 });
    ue.register();
    bed.run(3_600_000);
    expect(ue.registered).toBe(true);
    expect(bed.sCscf.stateOf(BOB_URI)).toBe('registered');
    // the first two, and one every 300 s for an hour
    expect(bed.received('s-cscf', 'REGISTER sip:').length).toBeGreaterThanOrEqual(2 + 11);
    expect(bed.received('ue', 'SIP/2.0 401')).toHaveLength(1);
    expect(bed.unexpected()).toEqual([]);
  });

  it('is told when the network ends its registration', () => {
    const bed = coreTestbed();
    const ue = phone(bed);
    ue.register();
    bed.run(5000);
    expect(bed.sCscf.deregister(BOB_URI, 'rejected')).toBe(true);
    bed.run(5000);
    expect(ue.registered).toBe(false);
    expect(bed.pCscf.registeredUes).toBe(0);
    settle(bed);
  });
});

describe('the home network', () => {
  const lossy = { realms: { core: { loss: 0.1, jitterUs: 5000 } } } as const;

  it('brings a registration to its end, one way or the other, whatever the network loses', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bed = coreTestbed({ kernel: { seed, trace: true }, network: lossy });
      const ue = phone(bed);
      ue.register();
      bed.node.register();
      bed.run(300_000);
      ue.deregister();
      bed.node.register({ expires: 0 });
      bed.run(200_000);
      bed.kernel.enterLiveness();
      bed.run(600_000);
      expect(bed.leftovers(), `seed ${seed}`).toEqual([]);
      expect(bed.unexpected(), `seed ${seed}`).toEqual([]);
    }
  });

  it('does the same twice', () => {
    const once = () => {
      const bed = coreTestbed({ kernel: { seed: 7, trace: true }, network: lossy });
      phone(bed).register();
      bed.node.register();
      bed.run(60_000);
      return JSON.stringify([...(bed.kernel.trace?.events ?? [])]);
    };
    expect(once()).toBe(once());
  });
});

describe('registration information', () => {
  function subscribe(bed: CoreTestbed, asserted: string): void {
    bed.node.send('SUBSCRIBE', ALICE_URI, '2001:db8:b::1', [
      ['From', '<sip:ep1.visited1.net>;tag=s1'],
      ['To', `<${ALICE_URI}>`],
      ['Contact', '<sip:ep1.visited1.net>'],
      ['Event', 'reg'],
      ['Expires', '600000'],
      ['P-Asserted-Identity', `<${asserted}>`],
    ]);
  }

  it('goes to the proxy of the registration: all of it at once, on each change, and at the end', () => {
    const bed = coreTestbed();
    bed.node.register();
    bed.run(1000);
    subscribe(bed, 'sip:ep1.visited1.net');
    bed.run(1000);
    expect(bed.node.last?.status).toBe(200);
    bed.node.register();
    bed.run(1000);
    bed.node.register({ expires: 0 });
    bed.run(1000);
    const infos = bed.node.requests.map(({ body, headers }) => {
      const info = parseRegInfo(body);
      if (!info.ok) throw new Error(info.error.what);
      const [first, second] = info.value.registrations;
      const [contact] = first?.contacts ?? [];
      const [state = ''] = (headers.get('subscription-state') ?? '').split(';');
      const events = [contact?.event, second?.contacts[0]?.event];
      return [info.value.version, state, first?.aor, first?.state, contact?.state, ...events];
    });
    expect(infos).toEqual([
      [0, 'active', ALICE_URI, 'active', 'active', 'registered', 'created'],
      [1, 'active', ALICE_URI, 'active', 'active', 'refreshed', 'refreshed'],
      [2, 'terminated', ALICE_URI, 'terminated', 'terminated', 'unregistered', 'unregistered'],
    ]);
    settle(bed);
  });

  it('is refused to others, and there is none of a user who is not registered', () => {
    const bed = coreTestbed();
    subscribe(bed, 'sip:ep1.visited1.net');
    bed.run(1000);
    expect(bed.node.last?.status).toBe(480);
    bed.node.register();
    bed.run(1000);
    subscribe(bed, 'sip:ep2.visited2.net');
    bed.run(1000);
    expect(bed.node.last?.status).toBe(403);
    subscribe(bed, BOB_URI);
    bed.run(1000);
    expect(bed.node.last?.status).toBe(403);
    subscribe(bed, 'tel:+1-212-555-0101');
    bed.run(1000);
    expect(bed.node.last?.status).toBe(200);
  });
});

const SDP = [
  'v=0',
  'o=- 1 1 IN IP6 2001:db8:a::10',
  's=-',
  'c=IN IP6 2001:db8:a::10',
  't=0 0',
  'm=audio 30000 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

/** alice at the eP-CSCF and bob at his phone, both registered. */
function both(options: Parameters<typeof coreTestbed>[0] = {}): { bed: CoreTestbed; ue: Ue; route: string } {
  const bed = coreTestbed(options);
  const ue = phone(bed, 'builder', { alertMs: 100 });
  ue.register();
  bed.node.register();
  bed.run(5000);
  return { bed, ue, route: bed.node.last?.headers.get('service-route') ?? '' };
}

describe('a session', () => {
  const invite = (bed: CoreTestbed, route: string, asserted = ALICE_URI, to = BOB_URI) =>
    bed.node.send(
      'INVITE',
      to,
      '2001:db8:b::2',
      [
        ['Route', route],
        ['Record-Route', '<sip:flow1@ep1.visited1.net;lr>'],
        ['From', `<${ALICE_URI}>;tag=a1`],
        ['To', `<${to}>`],
        ['Contact', '<sip:ep1.visited1.net>'],
        ['P-Asserted-Identity', `<${asserted}>`],
        ['P-Charging-Vector', 'icid-value="c1";orig-ioi="Type 1visited1.net"'],
        ['Content-Type', 'application/sdp'],
      ],
      SDP,
    );

  it('from a served user reaches the other through both halves of the S-CSCF, the I-CSCF and the P-CSCF', () => {
    const { bed, ue, route } = both();
    invite(bed, route);
    bed.run(3000);
    expect(bed.node.last?.status).toBe(200);
    expect(bed.node.last?.headers.get('p-charging-vector')).toBe(
      'icid-value="c1";orig-ioi="Type 1visited1.net";term-ioi="Type 1home1.net"',
    );
    expect(bed.node.last?.headers.get('p-asserted-identity')).toBe(`<${BOB_URI}>`);
    const [atUe = ''] = bed.received('ue', 'INVITE sip:');
    expect(atUe).toContain('INVITE sip:user2_public1@[2001:db8:c::30]:5060 SIP/2.0');
    expect(atUe).toContain(`P-Called-Party-ID: <${BOB_URI}>`);
    expect(atUe).not.toContain('P-Charging-Vector');
    const routes = [...atUe.matchAll(/Record-Route: <sip:([\w-]+)@/g)].map(([, user]) =>
      user?.replace(/^1-\w+/, 'ue'),
    );
    expect(routes).toEqual(['ue', 'mt', 'mo', 'flow1']);
    const [terminating = ''] = bed.received('p-cscf', 'INVITE sip:');
    expect(terminating).toContain('orig-ioi="Type 1home1.net"');
    const [betweenNetworks = ''] = bed.received('i-cscf', 'INVITE sip:');
    expect(betweenNetworks).toContain('orig-ioi=home1.net');
    expect(ue.phone.calls.size).toBe(1);
    acknowledge(bed);
    for (const call of ue.phone.calls) call.hangUp();
    bed.run(3000);
    expect(ue.phone.calls.size).toBe(0);
    expect(bed.node.requests.map(({ method }) => method)).toContain('BYE');
    ue.deregister();
    bed.node.register({ expires: 0 });
    settle(bed);
    expect(ue.leftovers()).toEqual([]);
  });

  function acknowledge(bed: CoreTestbed): void {
    const { last } = bed.node;
    const routes = [...(last?.headers.list('record-route') ?? [])].reverse().slice(1);
    bed.node.ack(last?.contacts()[0]?.uri ?? '', '2001:db8:b::2', [
      ...routes.map((value) => ['Route', value] as const),
      ['From', `<${ALICE_URI}>;tag=a1`],
      ['To', last?.headers.get('to') ?? ''],
      ['Call-ID', 'call-INVITE'],
    ]);
    bed.run(1000);
    expect(bed.received('ue', 'ACK sip:')).toHaveLength(1);
  }

  it('to a served user goes to its contact along its path, with the caller as the network knows it', () => {
    const { bed, ue } = both();
    bed.node.answer = (transaction) =>
      transaction.respond(bed.node.endpoint.makeResponse(transaction.request, 486));
    ue.call(ALICE_URI);
    bed.run(5000);
    const request = bed.node.requests.find(({ method }) => method === 'INVITE');
    expect(request?.uri).toBe('sip:abc@df7jal23ls0d.invalid;transport=ws');
    expect(request?.headers.list('route')).toEqual(['<sip:flow1@ep1.visited1.net;lr;ob>']);
    expect(request?.headers.get('p-asserted-identity')).toBe(`<${BOB_URI}>`);
    expect(request?.headers.get('p-called-party-id')).toBe(`<${ALICE_URI}>`);
    expect(request?.headers.has('p-preferred-identity')).toBe(false);
    expect(ue.phone.calls.size).toBe(0);
    ue.deregister();
    bed.node.register({ expires: 0 });
    settle(bed);
  });

  it.each([
    ["from an identity that is not the user's", ALICE_URI.replace('user1', 'user9'), BOB_URI, 403],
    ['to a user whom nobody knows', ALICE_URI, 'sip:nobody@home1.net', 404],
  ])('%s is refused', (_, asserted, to, status) => {
    const { bed, route } = both();
    invite(bed, route, asserted, to);
    bed.run(3000);
    expect(bed.node.last?.status).toBe(status);
  });

  it('with a Service-Route that was not given out is refused, and so is one of a UE that is not registered', () => {
    const { bed, ue } = both();
    invite(bed, '<sip:9-forged@scscf1.home1.net:5060;lr;orig>');
    bed.run(3000);
    expect(bed.node.last?.status).toBe(403);
    ue.deregister();
    bed.run(3000);
    ue.call(ALICE_URI);
    bed.run(3000);
    expect(bed.received('ue', 'SIP/2.0 403')).toHaveLength(1);
  });

  it('to a user who is not registered gets 480', () => {
    const { bed, ue, route } = both();
    ue.deregister();
    bed.run(3000);
    invite(bed, route);
    bed.run(3000);
    expect(bed.node.last?.status).toBe(480);
  });

  it('whose flow has failed gets 480, and not 430', () => {
    const { bed, ue } = both();
    bed.node.answer = (transaction) =>
      transaction.respond(bed.node.endpoint.makeResponse(transaction.request, 430));
    ue.call(ALICE_URI);
    bed.run(3000);
    expect(bed.received('ue', 'SIP/2.0 480')).toHaveLength(1);
    expect(bed.received('ue', 'SIP/2.0 430')).toHaveLength(0);
  });

  it('with a Route that is not the Service-Route is put right, or refused where the operator wants that', () => {
    for (const [serviceRouteMismatch, status] of [
      ['replace', 486],
      ['reject', 400],
    ] as const) {
      const { bed } = both({ pCscf: { serviceRouteMismatch } });
      bed.node.answer = (transaction) =>
        transaction.respond(bed.node.endpoint.makeResponse(transaction.request, 486));
      bed.node.responses.length = 0;
      const forged = bed.ueHost;
      const uri = `sip:user2_public1@[${forged.address('core')}]`;
      bed.fromUe('INVITE', ALICE_URI, [
        ['Route', '<sip:pcscf1.home1.net;lr>'],
        ['Route', '<sip:elsewhere.example;lr>'],
        ['From', `<${BOB_URI}>;tag=b1`],
        ['To', `<${ALICE_URI}>`],
        ['Contact', `<${uri}>`],
        ['P-Asserted-Identity', `<${ALICE_URI}>`],
      ]);
      bed.run(5000);
      expect(bed.received('ue', `SIP/2.0 ${status}`)).not.toHaveLength(0);
      if (status === 486) {
        const request = bed.node.requests.find(({ method }) => method === 'INVITE');
        // what the UE asserted about itself is gone
        expect(request?.headers.all('p-asserted-identity')).toEqual([`<${BOB_URI}>`]);
      }
    }
  });
});
