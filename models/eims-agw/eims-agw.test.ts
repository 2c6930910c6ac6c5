import { describe, expect, it } from 'vitest';
import { Kernel } from '../../src/kernel/index.js';
import { Network } from '../../src/network/index.js';
import { MegacoEndpoint, type MegacoResult } from '../../src/stack/megaco/index.js';
import { startCheck } from '../../src/stack/stun/index.js';
import { type Action, type Command, descriptor, makeAction, streamsOf } from '../../src/wire/megaco/index.js';
import { attribute, parseSdp } from '../../src/wire/sdp/index.js';
import { policyWith } from '../common/index.js';
import { EimsAgw, eimsAgwPolicy } from './index.js';

const ACCESS_LOCAL =
  'v=0\r\nc=IN IP4 $\r\nm=audio $ UDP/TLS/RTP/SAVPF 0\r\na=ice-ufrag:$\r\na=ice-pwd:$\r\na=candidate:$\r\na=fingerprint:sha-256 $\r\na=setup:passive\r\na=rtcp-mux\r\n';
const CORE_LOCAL = 'v=0\r\nc=IN IP6 $\r\nm=audio $ RTP/AVP 0\r\n';
const CORE_REMOTE = 'v=0\r\nc=IN IP6 2001:db8:c::30\r\nm=audio 41000 RTP/AVP 0\r\n';
const RTP = Uint8Array.from([0x80, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xff, 0xfe]);

function setUp(overrides: { readonly contexts?: number } = {}) {
  const kernel = new Kernel({ trace: true });
  const network = new Network(kernel);
  const controller = network.addHost({
    name: 'ep-cscf',
    role: 'eP-CSCF',
    addresses: { core: '2001:db8:a::1' },
  });
  const agwHost = network.addHost({
    name: 'eims-agw',
    role: 'eIMS-AGW',
    addresses: { access: '192.0.2.10', core: '2001:db8:a::10' },
  });
  const wic = network.addHost({ name: 'wic', role: 'WIC', addresses: { access: '198.51.100.5' } });
  const ue = network.addHost({ name: 'ue', role: 'UE', addresses: { core: '2001:db8:c::30' } });
  const agw = new EimsAgw(agwHost, policyWith(eimsAgwPolicy, overrides));
  const notified: Action[] = [];
  const megaco = new MegacoEndpoint(controller, {
    realm: 'core',
    onRequest: (actions, reply) => {
      notified.push(...actions);
      reply(actions.map((action) => makeAction(action.context, [])));
    },
  });
  const ask = (context: Action['context'], ...commands: Command[]): Action => {
    let outcome: MegacoResult | undefined;
    megaco.request({ ip: '2001:db8:a::10', port: 2944 }, [makeAction(context, commands)], (result) => {
      outcome = result;
    });
    kernel.run({}, () => outcome !== undefined);
    if (outcome === undefined || 'error' in outcome) throw new Error(JSON.stringify(outcome));
    return outcome.actions[0] as Action;
  };
  return { kernel, agw, wic, ue, ask, notified, megaco };
}

function add(
  realm: string,
  local: string,
  remote?: string,
  mode: 'Inactive' | 'SendReceive' = 'Inactive',
): Command {
  const stream = { id: 1, localControl: { mode, properties: [] }, local, ...(remote && { remote }), raw: [] };
  return {
    name: 'Add',
    terminationId: `ip/${realm}/$`,
    descriptors: [{ kind: 'Media', streams: [stream], raw: [] }],
  };
}

function modify(terminationId: string, mode: 'Inactive' | 'SendReceive'): Command {
  const stream = { id: 1, localControl: { mode, properties: [] }, raw: [] };
  return { name: 'Modify', terminationId, descriptors: [{ kind: 'Media', streams: [stream], raw: [] }] };
}

function localOf(action: Action, index: number) {
  const read = parseSdp(streamsOf(action.commands[index] as Command)[0]?.local ?? '');
  const media = read.ok ? read.value.media[0] : undefined;
  if (media === undefined) throw new Error('no local description');
  return media;
}

const codeOf = (action: Action): number | undefined =>
  action.error?.code ??
  action.commands.map((command) => descriptor(command, 'Error')?.code).find((code) => code !== undefined);

describe('eIMS-AGW over Iq', () => {
  it('fills in what it was left to choose, and carries media both ways once checked and open', () => {
    const { kernel, agw, wic, ue, ask } = setUp();
    const reply = ask('$', add('access', ACCESS_LOCAL), add('core', CORE_LOCAL, CORE_REMOTE));
    const access = localOf(reply, 0);
    const core = localOf(reply, 1);
    expect(access.connection?.address).toBe('192.0.2.10');
    expect(core.connection?.address).toBe('2001:db8:a::10');
    expect(attribute(access, 'fingerprint')).toMatch(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);

    const heardByUe: Uint8Array[] = [];
    const heardByWic: Uint8Array[] = [];
    const ueSocket = ue.udp('core', 41000, (data) => heardByUe.push(data));
    let check: ReturnType<typeof startCheck> | undefined;
    let checked = false;
    const wicSocket = wic.udp('access', 50000, (data) => {
      if (check?.receive(data) !== true) heardByWic.push(data);
    });
    const toAccess = { ip: '192.0.2.10', port: access.port };
    const toCore = { ip: '2001:db8:a::10', port: core.port };
    check = startCheck(wic, 'check', {
      localUfrag: 'wicA',
      remoteUfrag: attribute(access, 'ice-ufrag') ?? '',
      remotePwd: attribute(access, 'ice-pwd') ?? '',
      priority: 1,
      role: 'controlling',
      tieBreaker: '0000000000000001',
      nominate: true,
      send: (bytes) => wicSocket.send(bytes, toAccess),
      onSuccess: () => {
        checked = true;
      },
      onFailure: () => {},
    });
    kernel.run({}, () => checked);
    wicSocket.send(RTP, toAccess);
    kernel.run();
    expect(heardByUe, 'the gate is closed').toHaveLength(0);

    const [first, second] = reply.commands.map(({ terminationId }) => terminationId) as [string, string];
    ask(reply.context, modify(first, 'SendReceive'), modify(second, 'SendReceive'));
    wicSocket.send(RTP, toAccess);
    ueSocket.send(RTP, toCore);
    kernel.run({ untilUs: kernel.now + 100_000 });
    expect(heardByUe).toEqual([RTP]);
    expect(heardByWic).toEqual([RTP]);

    const stranger = ue.udp('core', 41002, () => {});
    stranger.send(RTP, toCore);
    kernel.run({ untilUs: kernel.now + 100_000 });
    expect(heardByWic, 'only the far end may send').toHaveLength(1);

    expect(agw.leftovers()).toHaveLength(1);
    ask(reply.context, { name: 'Subtract', terminationId: '*', descriptors: [] });
    expect(agw.leftovers()).toEqual([]);
  });

  it('media does not reach a WIC whose check has not come', () => {
    const { kernel, ue, wic, ask } = setUp();
    const reply = ask(
      '$',
      add('access', ACCESS_LOCAL, undefined, 'SendReceive'),
      add('core', CORE_LOCAL, CORE_REMOTE, 'SendReceive'),
    );
    const heard: Uint8Array[] = [];
    wic.udp('access', 50000, (data) => heard.push(data));
    ue.udp('core', 41000, () => {}).send(RTP, { ip: '2001:db8:a::10', port: localOf(reply, 1).port });
    kernel.run({ untilUs: 1_000_000 });
    expect(heard).toHaveLength(0);
  });

  it('answers with the error codes of H.248.8: 411, 430, 501, 510', () => {
    const { ask } = setUp({ contexts: 1 });
    expect(codeOf(ask(77, modify('ip/access/1', 'Inactive')))).toBe(411);
    const reply = ask('$', add('core', CORE_LOCAL));
    expect(codeOf(reply)).toBeUndefined();
    expect(codeOf(ask(reply.context, modify('ip/core/99', 'Inactive')))).toBe(430);
    expect(codeOf(ask(reply.context, { name: 'Move', terminationId: 'ip/core/1', descriptors: [] }))).toBe(
      501,
    );
    expect(codeOf(ask('$', add('core', CORE_LOCAL)))).toBe(510);
    ask(reply.context, { name: 'Subtract', terminationId: '*', descriptors: [] });
    expect(codeOf(ask('$', add('core', CORE_LOCAL)))).toBeUndefined();
  });

  it('a context whose first Add fails is not kept', () => {
    const { agw, ask } = setUp();
    expect(codeOf(ask('$', add('moon', CORE_LOCAL)))).toBe(430);
    expect(agw.leftovers()).toEqual([]);
  });

  it('reports silence once, after as long as it was told to listen', () => {
    const { kernel, ask, notified } = setUp();
    const events = {
      kind: 'Events',
      requestId: 5,
      events: [{ name: 'adid/ipstop', parameters: [{ name: 'dt', value: '3' }], raw: [] }],
    } as const;
    const access = add('access', ACCESS_LOCAL, undefined, 'SendReceive');
    ask(
      '$',
      { ...access, descriptors: [...access.descriptors, events] },
      add('core', CORE_LOCAL, CORE_REMOTE, 'SendReceive'),
    );
    const opened = kernel.now;
    kernel.run({ untilUs: opened + 2_900_000 });
    expect(notified).toHaveLength(0);
    kernel.run({ untilUs: opened + 20_000_000 });
    expect(notified.flatMap(({ commands }) => commands.map(({ name }) => name))).toEqual(['Notify']);
  });
});
