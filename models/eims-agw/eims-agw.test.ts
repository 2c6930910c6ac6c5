import { describe, expect, it } from 'vitest';
import {
  type Action,
  type Command,
  descriptor,
  EVENT,
  PROPERTY,
  SIGNAL,
} from '../../src/wire/megaco/index.js';
import { attribute, attributes, hasAttribute } from '../../src/wire/sdp/index.js';
import {
  AGW_ACCESS,
  AGW_CORE,
  accessLocal,
  codeOf,
  command,
  coreLocal,
  coreRemote,
  events,
  GatewayBed,
  localOf,
  plainCall,
  report,
  rtp,
  type StreamParts,
  signals,
  subtractAll,
  UE_IP,
  webCall,
} from './testbed.js';

describe('what the gateway is left to choose', () => {
  it('comes back filled in: address, ports, ICE credentials, candidate, and the fingerprint of a real certificate', () => {
    const bed = new GatewayBed();
    const reply = bed.ask(
      '$',
      command('Add', 'ip/access/$', { local: accessLocal() }),
      command('Add', 'ip/core/$', { local: coreLocal(), remote: coreRemote() }),
    );
    const access = localOf(reply, 0);
    const core = localOf(reply, 1).media;
    expect(access.media.connection?.address).toBe(AGW_ACCESS);
    expect(access.media.port % 2).toBe(0);
    expect(core.connection?.address).toBe(AGW_CORE);
    expect(attribute(access.media, 'fingerprint')).toMatch(/^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(attribute(access.media, 'ice-ufrag')).toMatch(/^[\w+/]{4,}$/);
    expect(attribute(access.media, 'ice-pwd')).toMatch(/^[\w+/]{22,}$/);
    expect(hasAttribute(access.session, 'ice-lite')).toBe(true);
    expect(bed.agw.leftovers()).toHaveLength(1);
    bed.ask(reply.context, subtractAll);
    expect(bed.agw.leftovers()).toEqual([]);
    expect(bed.agw.portsTaken).toBe(0);
    // H.248 itself keeps its port
    expect(bed.agw.host.openSockets).toBe(1);
  });

  it('two components where RTP and RTCP do not share a port, with the port of RTCP said', () => {
    const bed = new GatewayBed();
    const reply = bed.ask('$', command('Add', 'ip/access/$', { local: accessLocal({ mux: false }) }));
    const { media } = localOf(reply, 0);
    expect(attributes(media, 'candidate').map((value) => value.split(' ')[1])).toEqual(['1', '2']);
    expect(attribute(media, 'rtcp')).toMatch(new RegExp(`^${media.port + 1} `));
    expect(hasAttribute(media, 'rtcp-mux')).toBe(false);
  });
});

describe('commands that cannot be obeyed', () => {
  const modify = (id: string, parts: StreamParts = { mode: 'Inactive' }): Command =>
    command('Modify', id, parts);
  const properties = (name: string, value: string): StreamParts => ({ properties: { [name]: value } });

  it('get the error codes of H.248.8', () => {
    const bed = new GatewayBed({ contexts: 1 });
    expect(codeOf(bed.ask(77, modify('ip/access/1')))).toBe(411);
    expect(codeOf(bed.ask('*', subtractAll))).toBe(411);
    const reply = bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() }));
    expect(codeOf(reply)).toBeUndefined();
    const id = reply.commands[0]?.terminationId ?? '';
    const code = (one: Command): number | undefined => codeOf(bed.ask(reply.context, one));
    expect(code(modify('ip/core/99'))).toBe(430);
    expect(code({ name: 'Move', terminationId: id, descriptors: [] })).toBe(501);
    expect(code(command('Add', id, { local: coreLocal() }))).toBe(433);
    expect(code(modify(id, properties('moon/phase', 'FULL')))).toBe(440);
    expect(code(modify(id, properties('gm/xyz', 'ON')))).toBe(445);
    expect(code(modify(id, properties(PROPERTY.sourceAddressFilter, 'MAYBE')))).toBe(449);
    expect(code(modify(id, properties(PROPERTY.sourceAddressMask, '"nowhere"')))).toBe(449);
    expect(code(modify(id, properties(PROPERTY.realm, '"access"')))).toBe(449);
    expect(code(modify(id, { events: events({ 'moon/rises': {} }) }))).toBe(512);
    expect(code(modify(id, { signals: signals({ 'moon/shine': {} }) }))).toBe(513);
    expect(code(modify(id, { mode: 'LoopBack' }))).toBe(517);
    expect(code(modify(id, { remote: 'v=0\r\n' }))).toBe(449);
    const audit: Command = {
      name: 'AuditValue',
      terminationId: id,
      descriptors: [{ kind: 'Audit', items: ['Moon'] }],
    };
    expect(code(audit)).toBe(532);
    expect(codeOf(bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() })))).toBe(510);
    bed.ask(reply.context, subtractAll);
    expect(codeOf(bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() })))).toBeUndefined();
  });

  it('leave nothing behind when they would have begun a context', () => {
    const bed = new GatewayBed();
    expect(codeOf(bed.ask('$', command('Add', 'ip/moon/$', { local: coreLocal() })))).toBe(430);
    expect(codeOf(bed.ask('$', command('Add', 'ip/core/$', { mode: 'Inactive' })))).toBe(441);
    expect(codeOf(bed.ask('$', modify('ip/core/1')))).toBe(421);
    expect(bed.agw.leftovers()).toEqual([]);
    expect(bed.agw.portsTaken).toBe(0);
  });

  it('a context has two terminations, no more (434)', () => {
    const { bed, reply } = plainCall();
    expect(codeOf(bed.ask(reply.context, command('Add', 'ip/core/$', { local: coreLocal() })))).toBe(434);
  });
});

describe('remote source filtering and latching on the core side', () => {
  const on = { [PROPERTY.sourceAddressFilter]: 'ON', [PROPERTY.sourcePortFilter]: 'ON' };

  it('lets everybody in without a filter, and with one the far end alone', () => {
    for (const [properties, heardOfStranger] of [
      [{}, 1],
      [{ [PROPERTY.sourceAddressFilter]: 'ON' }, 1],
      [{ [PROPERTY.sourcePortFilter]: 'ON' }, 0],
      [on, 0],
      [{ [PROPERTY.sourcePortFilter]: 'ON', [PROPERTY.sourcePortRange]: '"41000-41010"' }, 1],
      [{ [PROPERTY.sourceAddressFilter]: 'ON', [PROPERTY.sourceAddressMask]: '"2001:db8:c::/48"' }, 1],
      [{ [PROPERTY.sourceAddressFilter]: 'ON', [PROPERTY.sourceAddressMask]: '"2001:db8:d::/48"' }, 0],
    ] as const) {
      const { bed, toCore, heard } = plainCall({ properties });
      bed.ue.udp('core', 41_004, () => {}).send(rtp(1), toCore);
      bed.pause(100);
      expect(heard.length, JSON.stringify(properties)).toBe(heardOfStranger);
    }
  });

  it('filters RTCP by its own port', () => {
    const { bed, ueRtcp, toCore, heardRtcp } = plainCall({ properties: on });
    const rtcpPort = { ...toCore, port: toCore.port + 1 };
    ueRtcp.send(report, rtcpPort);
    bed.ue.udp('core', 41_005, () => {}).send(report, rtcpPort);
    bed.pause(100);
    expect(heardRtcp).toEqual([report]);
  });

  it('sends where media come from once it latches, and follows one more source on RELATCH', () => {
    const { bed, left, toAccess, toCore, reply, core, heardByUe } = plainCall({
      signals: signals({ [SIGNAL.latch]: { napt: 'LATCH' } }),
      properties: on,
    });
    const heard: Record<number, number> = {};
    const sockets = [41_010, 41_020, 41_030].map((port) =>
      bed.ue.udp('core', port, () => {
        heard[port] = (heard[port] ?? 0) + 1;
      }),
    );
    const [first, second, third] = sockets;
    const talk = (): void => {
      left.send(rtp(1), toAccess);
      bed.pause(100);
    };
    first?.send(rtp(1), toCore);
    bed.pause(100);
    talk();
    second?.send(rtp(2), toCore);
    bed.pause(100);
    talk();
    expect(heard).toEqual({ 41010: 2 });
    bed.ask(
      reply.context,
      command('Modify', core, { signals: signals({ [SIGNAL.latch]: { napt: 'RELATCH' } }) }),
    );
    second?.send(rtp(3), toCore);
    bed.pause(100);
    talk();
    third?.send(rtp(4), toCore);
    bed.pause(100);
    talk();
    expect(heard).toEqual({ 41010: 2, 41020: 2 });
    expect(heardByUe, 'where the description says').toEqual([]);
  });
});

describe('bandwidth policing', () => {
  it('passes what the rate allows, after one burst, and drops the rest', () => {
    // 240 bytes of IP a packet, 100 packets in a second: 24,000 bytes, of which 12,000 and a burst of 2400 pass
    const { bed, ue, toCore, heard, statistics, core } = plainCall({
      properties: {
        [PROPERTY.policing]: 'ON',
        [PROPERTY.sustainableRate]: '12000',
        [PROPERTY.burstSize]: '2400',
      },
    });
    for (let i = 0; i < 100; i++) bed.kernel.schedule(i * 10_000, 'ue', () => ue.send(rtp(i, 180), toCore));
    bed.pause(1100);
    expect(heard.length).toBeGreaterThanOrEqual(58);
    expect(heard.length).toBeLessThanOrEqual(60);
    expect(Number(statistics(core)['rtp/pr'])).toBe(100);
  });

  it('is off by default', () => {
    const { bed, ue, toCore, heard } = plainCall({ properties: { [PROPERTY.sustainableRate]: '1' } });
    for (let i = 0; i < 100; i++) ue.send(rtp(i), toCore);
    bed.pause(100);
    expect(heard).toHaveLength(100);
  });
});

describe('what a gateway tells of by itself', () => {
  it('silence, once a time of silence, and again after it was opened anew', () => {
    const { bed, ue, toCore, reply, core } = plainCall({
      events: events({ [EVENT.silence]: { dt: '3' } }, 9),
    });
    const beginning = bed.kernel.now;
    for (let i = 0; i < 50; i++) bed.kernel.schedule(i * 100_000, 'ue', () => ue.send(rtp(i), toCore));
    bed.pause(7900 - (bed.kernel.now - beginning) / 1000);
    expect(bed.notified).toEqual([]);
    bed.pause(20_000);
    expect(bed.notified).toEqual([EVENT.silence]);
    expect(bed.asked[0]?.commands[0]?.terminationId).toBe(core);
    bed.ask(reply.context, command('Modify', core, { mode: 'SendReceive' }));
    bed.pause(3500);
    expect(bed.notified).toEqual([EVENT.silence, EVENT.silence]);
  });

  it('that a termination still hangs there, whenever no command has come for a while (H.248.36)', () => {
    const { bed, reply, core } = plainCall({ events: events({ [EVENT.heartbeat]: { timerx: '60' } }) });
    bed.pause(50_000);
    bed.ask(reply.context, command('Modify', core, { mode: 'SendReceive' }));
    bed.pause(59_000);
    expect(bed.notified).toEqual([]);
    bed.pause(62_000);
    expect(bed.notified).toEqual([EVENT.heartbeat, EVENT.heartbeat]);
    bed.ask(reply.context, subtractAll);
    bed.pause(200_000);
    expect(bed.notified).toHaveLength(2);
  });

  it('nothing that was not asked for', () => {
    const { bed } = webCall({
      access: { events: events({ [EVENT.silence]: { dt: '0' } }) },
      describe: (text) =>
        text.replace(/(a=fingerprint:).*\r\n/, `$1sha-256 ${Array(32).fill('AB').join(':')}\r\n`),
    });
    bed.pause(10_000);
    expect(bed.notified).toEqual([]);
  });
});

describe('audits', () => {
  const audit = (terminationId: string, ...items: string[]): Command => ({
    name: 'AuditValue',
    terminationId,
    descriptors: [{ kind: 'Audit', items }],
  });

  it('of ROOT tell that it is there, and its packages', () => {
    const bed = new GatewayBed();
    const reply = bed.ask('-', audit('ROOT', 'Packages'));
    expect(descriptor(reply.commands[0] as Command, 'Packages')?.packages).toContain('gm-1');
    expect(codeOf(bed.ask('-', audit('ip/core/1')))).toBe(430);
  });

  it('of all contexts name each with its terminations', () => {
    const bed = new GatewayBed();
    const ids = [1, 2].map(() => bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() })).context);
    const replies: readonly Action[] = bed.askAll('*', audit('*'));
    expect(replies.map(({ context }) => context)).toEqual(ids);
    expect(
      replies.flatMap(({ commands }) => commands.map(({ terminationId }) => terminationId)),
    ).toHaveLength(2);
  });

  it('tell counts of what came, went, was lost and when', () => {
    const { bed, ue, left, toCore, toAccess, statistics, core, reply } = plainCall();
    for (const number of [1, 2, 4, 5]) ue.send(rtp(number), toCore);
    left.send(rtp(1), toAccess);
    bed.pause(2000);
    const told = statistics(core);
    expect(told).toMatchObject({
      'rtp/pr': '4',
      'nt/or': '688',
      'rtp/ps': '1',
      'nt/os': '172',
      'rtp/pl': '20.00',
    });
    expect(Number(told['nt/dur'])).toBeGreaterThanOrEqual(2000);
    const [first] = bed.ask(reply.context, subtractAll).commands;
    expect(descriptor(first as Command, 'Statistics')?.statistics).toHaveLength(7);
  });

  it('and an empty one with Subtract wants no statistics (H.248.1 7.2.3)', () => {
    const { bed, reply } = plainCall();
    const [first] = bed.ask(reply.context, {
      ...subtractAll,
      descriptors: [{ kind: 'Audit', items: [] }],
    }).commands;
    expect(first?.descriptors).toEqual([]);
  });
});

describe('the association with the controller', () => {
  it('begins with a ServiceChange Restart 901 (H.248.1 11.3)', () => {
    const bed = new GatewayBed();
    const sent = bed.kernel.trace?.of('message.sent').filter(({ entity }) => entity === 'eims-agw') ?? [];
    expect(sent[0]?.body.message.text).toMatch(/ServiceChange = ROOT[\s\S]*Method = Restart[\s\S]*901/);
    expect(bed.agw.state).toBe('inService');
  });

  it('is tried again every 30 s, and commands are obeyed meanwhile', () => {
    const bed = new GatewayBed();
    bed.accepts = false;
    bed.agw.restart();
    bed.pause(100);
    expect(bed.agw.state).toBe('unregistered');
    expect(codeOf(bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() })))).toBeUndefined();
    bed.accepts = true;
    bed.pause(30_100);
    expect(bed.agw.state).toBe('inService');
    expect(bed.asked.filter(({ commands }) => commands[0]?.name === 'ServiceChange')).toHaveLength(2);
  });

  it('forgets all contexts when it restarts, and says so', () => {
    const { bed, reply } = plainCall();
    bed.agw.restart();
    bed.pause(100);
    expect(bed.agw.leftovers()).toEqual([]);
    expect(bed.agw.host.openSockets).toBe(1);
    expect(codeOf(bed.ask(reply.context, subtractAll))).toBe(411);
    const services = bed.asked.flatMap(({ commands }) => commands.map((one) => descriptor(one, 'Services')));
    expect(services.map((one) => one?.reason)).toEqual(['902 Warm Boot']);
  });

  it('leaves gracefully with its calls, or by force without them', () => {
    const { bed } = plainCall();
    bed.agw.leave('Graceful');
    bed.pause(100);
    expect(bed.agw.leftovers()).toHaveLength(1);
    expect(codeOf(bed.ask('$', command('Add', 'ip/core/$', { local: coreLocal() })))).toBe(503);
    bed.agw.leave('Forced');
    bed.pause(100);
    expect(bed.agw.leftovers()).toEqual([]);
    bed.agw.comeBack();
    bed.pause(100);
    expect(bed.agw.state).toBe('inService');
    const services = bed.asked.flatMap(({ commands }) =>
      commands.map((one) => descriptor(one, 'Services')?.method),
    );
    expect(services).toEqual(['Graceful', 'Forced', 'Restart']);
  });
});

describe('the far end', () => {
  it('is where its description says, port and address', () => {
    const { bed, left, toAccess, heardByUe, reply, core } = plainCall();
    left.send(rtp(1), toAccess);
    bed.pause(100);
    expect(heardByUe).toHaveLength(1);
    const moved: Uint8Array[] = [];
    bed.ue.udp('core', 41_200, (data) => moved.push(data));
    bed.ask(reply.context, command('Modify', core, { remote: coreRemote('0', [], 41_200) }));
    left.send(rtp(2), toAccess);
    bed.pause(100);
    expect(moved).toHaveLength(1);
    expect(UE_IP).toMatch(/:/);
  });
});
