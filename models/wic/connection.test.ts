import { describe, expect, it } from 'vitest';
import { ScriptedNetwork, type ScriptedOptions } from './testbed.js';

function registered(options: ScriptedOptions = {}): ScriptedNetwork {
  const bed = new ScriptedNetwork(options);
  bed.register();
  return bed;
}

/** Brings a WIC as far as it gets. */
function failed(options: ScriptedOptions): ScriptedNetwork {
  const bed = new ScriptedNetwork(options);
  bed.open();
  bed.reach('failed');
  return bed;
}

describe('the login of a WIC', () => {
  it('fails with a wrong password, and works again with the right one', () => {
    const bed = failed({ password: 'looking-glass' });
    expect(bed.wic.reason).toBe('login refused');
    expect(bed.registers).toEqual([]);
    expect(bed.wic.userAgent).toBeUndefined();
    bed.wic.send({
      type: 'open',
      url: 'https://wwsf.example.com/',
      credentials: { user: 'alice', password: 'wonderland' },
    });
    bed.reach('registered.idle');
    expect(bed.wic.reason).toBe('');
    expect(bed.close()).toEqual([]);
  });

  it('fails when the page cannot be had', () => {
    const bed = new ScriptedNetwork();
    const credentials = { user: 'alice', password: 'wonderland' };
    bed.wic.send({ type: 'open', url: 'https://nowhere.example.com/', credentials });
    bed.reach('failed');
    expect(bed.wic.reason).toBe('there is no nowhere.example.com');
    bed.wic.send({ type: 'open', url: 'https://wwsf.example.com/nothing', credentials });
    bed.reach('failed');
    expect(bed.wic.reason).toBe('wwsf.example.com: HTTP 404');
    bed.wwsf.close();
    bed.open();
    bed.reach('failed');
    expect(bed.wic.reason).toBe('wwsf.example.com: refused');
    bed.wic.send({ type: 'close page' });
    expect(bed.wic.state).toBe('offline');
  });

  it('fails when the WAF is not there', () => {
    const bed = new ScriptedNetwork();
    bed.waf.close();
    bed.open();
    bed.reach('failed');
    expect(bed.wic.reason).toBe('waf.example.com: refused');
  });
});

describe('the connection of a WIC', () => {
  it('is not made to an eP-CSCF that refuses the origin or shows a wrong certificate', () => {
    const origin = failed({ admits: () => false });
    expect(origin.wic.reason).toBe('HTTP 403 Forbidden');
    expect(origin.remains()).toEqual([]);
    const certificate = failed({ certificateNames: ['evil.example'] });
    expect(certificate.wic.reason).toContain('certificate names evil.example, expected ep1.visited1.net');
    expect(certificate.remains()).toEqual([]);
  });

  it('is made again at once when it is lost, with the same Contact and a fresh REGISTER', () => {
    const bed = registered();
    const [first] = bed.registers;
    const subscriptions = bed.subscribes.length;
    bed.loseConnection();
    const lostAt = bed.kernel.now;
    bed.until(() => bed.registers.length === 2);
    // TCP, TLS, upgrade and REGISTER: seven times 20 ms, the reset one more
    expect((bed.kernel.now - lostAt) / 1000).toBeLessThan(200);
    expect(bed.connections).toHaveLength(2);
    const second = bed.registers[1]?.request;
    expect(second?.contacts()[0]?.uri).toBe(first?.request.contacts()[0]?.uri);
    expect(second?.contacts()[0]?.params.get('+sip.instance')).toBe(
      first?.request.contacts()[0]?.params.get('+sip.instance'),
    );
    expect(second?.cseq()?.sequence).toBe(2);
    bed.reach('registered.idle');
    bed.pause(1);
    // the old subscription goes on over the new flow
    expect(bed.subscribes).toHaveLength(subscriptions);
    expect(bed.notifier?.state).toBe('active');
    expect(bed.remains()).toEqual([expect.stringMatching(/^tcp 198\.51\.100\.5:.* open$/)]);
    expect(bed.close()).toEqual([]);
  });

  it('subscribes anew where the dialog of the old subscription is gone', () => {
    const bed = registered();
    bed.notifier?.tellEnded();
    bed.loseConnection();
    bed.pause(5);
    expect(bed.wic.state).toBe('registered.idle');
    expect(bed.subscribes).toHaveLength(2);
    expect(bed.close()).toEqual([]);
  });

  it('is tried again after 30 to 60 s, 60 to 120 s, and so on up to 30 minutes (RFC 5626 4.5)', () => {
    const bed = registered();
    bed.goDown();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      bed.reach('retrying');
      const from = bed.kernel.now;
      bed.until(() => bed.wic.state !== 'retrying');
      waits.push((bed.kernel.now - from) / 1_000_000);
    }
    const longest = [60, 120, 240, 480, 960, 1800, 1800, 1800];
    for (const [index, most] of longest.entries()) {
      expect(waits[index], String(index)).toBeGreaterThanOrEqual(most / 2);
      expect(waits[index], String(index)).toBeLessThanOrEqual(most);
    }
    expect(waits[5]).not.toBe(waits[6]);
    bed.comeUp();
    bed.reach('registered.idle');
    // by then the token had run out
    expect(bed.registers).toHaveLength(2);
    expect(bed.registers[1]?.request.headers.get('authorization')).not.toBe(
      bed.registers[0]?.request.headers.get('authorization'),
    );
    bed.goDown();
    bed.reach('retrying');
    const from = bed.kernel.now;
    bed.until(() => bed.wic.state !== 'retrying');
    // a registration in between starts the count anew
    expect((bed.kernel.now - from) / 1_000_000).toBeLessThanOrEqual(60);
    expect(bed.close()).toEqual([]);
  });

  it('is given up after 30 s without an answer', () => {
    const bed = new ScriptedNetwork();
    bed.open();
    bed.reach('connecting');
    bed.network.partition('wic', 'ep-cscf');
    const from = bed.kernel.now;
    bed.reach('retrying');
    expect((bed.kernel.now - from) / 1_000_000).toBeCloseTo(30, 3);
    bed.network.heal();
    bed.reach('registered.idle');
    expect(bed.close()).toEqual([]);
  });
});

describe('the end of a registration', () => {
  it('is a REGISTER with expiry 0 and the token, then the end of the WebSocket (24371-6A.2-01, -02)', () => {
    for (const type of ['deregister', 'close page'] as const) {
      const bed = registered();
      const { flow } = bed.wic;
      bed.wic.send({ type });
      expect(bed.wic.registered).toBe(false);
      bed.reach('offline');
      const last = bed.registers[1]?.request;
      expect(bed.registers).toHaveLength(2);
      expect(last?.contacts()[0]?.params.get('expires')).toBe('0');
      expect(last?.expires()).toBe(0);
      expect(last?.headers.get('authorization')).toBe(bed.registers[0]?.request.headers.get('authorization'));
      expect(last?.callId()).toBe(bed.registers[0]?.request.callId());
      expect(flow?.open).toBe(false);
      expect(bed.wic.userAgent).toBeUndefined();
      expect(bed.remains()).toEqual([]);
      const ids = bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids);
      expect(ids).toEqual(expect.arrayContaining(['24371-6A.2-01', '24371-6A.2-02']));
      expect(ids).not.toContain('24371-6A.2-05');
      expect(bed.close()).toEqual([]);
    }
  });

  it('comes after the end of the calls (24371-6A.2-05)', () => {
    const bed = registered();
    const told: string[] = [];
    let callsEnded = (): void => {};
    bed.wic.phone = {
      openCalls: 1,
      onInvite: () => {},
      endCalls: (done) => {
        callsEnded = done;
      },
      onFlowLost: () => told.push('flow lost'),
      onGone: () => told.push('gone'),
    };
    bed.wic.send({ type: 'deregister' });
    bed.pause(5);
    expect(bed.wic.state).toBe('endingCalls');
    expect(bed.registers).toHaveLength(1);
    callsEnded();
    bed.reach('offline');
    callsEnded();
    expect(bed.registers).toHaveLength(2);
    expect(told).toEqual(['flow lost', 'gone']);
    expect(bed.close()).toEqual([]);
  });

  it('does not wait for calls for ever, nor for a user who closes the page again', () => {
    const bed = registered();
    bed.wic.phone = { openCalls: 1, onInvite: () => {}, endCalls: () => {} };
    bed.wic.send({ type: 'deregister' });
    const from = bed.kernel.now;
    bed.reach('deregistering');
    expect((bed.kernel.now - from) / 1_000_000).toBe(128);
    const mute = registered({ answers: [600_000, 'silence'] });
    mute.wic.send({ type: 'close page' });
    mute.pause(5);
    expect(mute.wic.state).toBe('deregistering');
    mute.wic.send({ type: 'close page' });
    mute.reach('offline', 10);
    expect(mute.close()).toEqual([]);
  });

  it('waits for the answer to a REGISTER that is under way (RFC 3261 10.2)', () => {
    const bed = new ScriptedNetwork();
    bed.open();
    bed.reach('registering');
    bed.wic.send({ type: 'deregister' });
    bed.reach('offline');
    expect(bed.registers.map(({ request }) => request.contacts()[0]?.params.get('expires'))).toEqual([
      '3598',
      '0',
    ]);
    expect(bed.remains()).toEqual([]);
    expect(bed.close()).toEqual([]);
  });

  it('is at once when there is no registration yet', () => {
    const bed = new ScriptedNetwork();
    bed.open();
    for (const state of ['loadingPage', 'authenticating', 'connecting']) {
      bed.reach(state);
      bed.wic.send({ type: 'close page' });
      expect(bed.wic.state).toBe('offline');
      bed.pause(400);
      expect(bed.remains()).toEqual([]);
      bed.open();
    }
    bed.reach('registered.idle');
    expect(bed.close()).toEqual([]);
  });

  it('follows a NOTIFY that says so, without trying again (24371-6A.2-04)', () => {
    const bed = registered();
    bed.notify('terminated', { event: 'rejected' });
    bed.reach('failed');
    expect(bed.wic.reason).toBe('registration ended by the network: rejected');
    expect(bed.registers).toHaveLength(1);
    expect(bed.wic.serviceRoute).toEqual([]);
    expect(bed.remains()).toEqual([]);
    expect(bed.close()).toEqual([]);
  });

  it('is the beginning of another when the NOTIFY says deactivated (TS 24.229 5.1.1.7)', () => {
    const bed = registered();
    bed.notify('terminated', { event: 'deactivated' });
    bed.until(() => bed.registers.length === 2);
    bed.reach('registered.idle');
    expect(bed.connections).toHaveLength(1);
    expect(bed.close()).toEqual([]);
  });

  it('that is made anew does not wait for the token that was being renewed', () => {
    for (const state of ['registered.renewingToken', 'registered.refreshing']) {
      const bed = registered();
      bed.reach(state);
      bed.notify('terminated', { event: 'deactivated' });
      const before = bed.registers.length;
      bed.pause(5);
      expect(bed.wic.state).toBe('registered.idle');
      // a REGISTER that is under way is not followed by another
      expect(bed.registers.length - before, state).toBe(1);
      expect(bed.close()).toEqual([]);
    }
  });

  it('comes nearer when the NOTIFY says shortened', () => {
    const bed = registered();
    bed.notify('active', { event: 'shortened', expires: 100 });
    const from = bed.kernel.now;
    bed.until(() => bed.registers.length === 2);
    // half of it, and then the time to get a new token
    expect((bed.kernel.now - from) / 1_000_000).toBeGreaterThan(50);
    expect((bed.kernel.now - from) / 1_000_000).toBeLessThan(51);
  });

  it('is not caused by what befalls another contact', () => {
    const bed = registered();
    bed.notify('active', { state: 'terminated', event: 'expired', uri: 'sip:other@invalid' });
    bed.pause(5);
    expect(bed.wic.state).toBe('registered.idle');
    bed.notify('active', { state: 'terminated', event: 'unregistered' });
    bed.reach('failed');
    expect(bed.wic.reason).toBe('registration ended by the network: unregistered');
  });

  it('leaves nothing behind when the browser is killed, whatever it is doing', () => {
    const states = [
      'loadingPage',
      'connecting',
      'registering',
      'registered.idle',
      'registered.renewingToken',
      'registered.refreshing',
      'deregistering',
      'disconnecting',
    ];
    for (const state of states) {
      const bed = new ScriptedNetwork();
      bed.open();
      if (state === 'deregistering' || state === 'disconnecting') {
        bed.reach('registered.idle');
        bed.wic.send({ type: 'deregister' });
      }
      bed.reach(state);
      expect(bed.close(), state).toEqual([]);
    }
  });

  it('gives up the network while no NOTIFY has come', () => {
    const bed = new ScriptedNetwork();
    bed.notifies = false;
    bed.register();
    bed.wic.send({ type: 'deregister' });
    bed.reach('offline');
    expect(bed.remains()).toEqual([]);
    bed.pause(130);
    expect(bed.close()).toEqual([]);
  });
});

describe('a call to a WIC', () => {
  const invite = (bed: ScriptedNetwork): number[] => {
    const statuses: number[] = [];
    const { flow } = bed;
    const contact = bed.registers[0]?.request.contacts()[0]?.uri ?? '';
    if (flow === undefined) throw new Error('no flow');
    const request = bed.ua.createRequest('INVITE', contact, { from: 'sip:bob@home1.net', to: contact });
    bed.ua.send(request, { flow }, { done: (status) => statuses.push(status) });
    bed.pause(1);
    return statuses;
  };

  it('is handed to the phone, and gets 480 without one', () => {
    const bed = registered();
    expect(invite(bed)).toEqual([480]);
    const taken: string[] = [];
    bed.wic.phone = {
      openCalls: 0,
      onInvite: (transaction) => {
        taken.push(transaction.request.method);
        bed.wic.userAgent?.respond(transaction, 486);
      },
      endCalls: (done) => done(),
    };
    expect(invite(bed)).toEqual([486]);
    expect(taken).toEqual(['INVITE']);
  });

  it('is forgotten with everything else when the browser is killed', () => {
    const bed = registered();
    bed.wic.phone = {
      openCalls: 1,
      onInvite: (transaction) => bed.wic.userAgent?.respond(transaction, 200),
      endCalls: (done) => done(),
    };
    expect(invite(bed)).toEqual([200]);
    // the transaction would wait for repeated INVITEs for 128 s (RFC 6026 7.1, timer L)
    expect(bed.wic.leftovers()).toEqual(['wic: 1 SIP transactions']);
    expect(bed.close()).toEqual([]);
  });
});
