import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../crypto/index.js';
import { connect, dtlsTestbed, type Fate, type Sent, settle, type TestbedOptions } from './testbed.js';

/** What a fault does to a datagram: how long each copy takes, in ms. */
const FAULTS = {
  lost: [],
  doubled: [10, 10],
  late: [35],
  'very late': [1500],
  'doubled, one late': [10, 180],
} as const;

type FaultName = keyof typeof FAULTS;

/** Faults of one flight: which of its datagrams, and what happens to it. */
const flightFaults = fc.array(
  fc.record({ datagram: fc.nat(4), fault: fc.constantFrom(...(Object.keys(FAULTS) as FaultName[])) }),
  { maxLength: 3 },
);

/** Numbers flights by the turns of the two ends, and strikes the datagrams of a flight as they are told. */
function strike(flights: readonly (readonly { datagram: number; fault: FaultName }[])[]): Fate {
  let flight = -1;
  let sender: Sent['from'] | undefined;
  let number = 0;
  return ({ from }) => {
    if (from !== sender) {
      flight += 1;
      number = 0;
      sender = from;
    }
    const hit = flights[flight]?.find(({ datagram }) => datagram === number);
    number += 1;
    return hit === undefined ? [10] : FAULTS[hit.fault];
  };
}

describe('a handshake over a bad path', () => {
  it('completes at both ends once, whatever up to three faults a flight do', () => {
    fc.assert(
      fc.property(
        fc.array(flightFaults, { maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom(256, 400, 1200),
        fc.constantFrom(50, 1000),
        fc.nat(3),
        (flights, cookie, mtu, initialTimeoutMs, seed) => {
          const options: TestbedOptions = {
            server: { cookie },
            both: { mtu, initialTimeoutMs },
            fate: strike(flights),
            kernel: { seed },
          };
          const bed = connect(dtlsTestbed(options));
          const { client, server } = bed;
          expect(client.failures.concat(server.failures)).toEqual([]);
          expect([client.connections, server.connections]).toEqual([1, 1]);
          expect(client.connection?.clientKey).toEqual(server.connection?.clientKey);
          // and what the path did to the handshake does nothing to the data behind it
          client.endpoint.sendData(toUtf8('up'));
          server.endpoint.sendData(toUtf8('down'));
          settle(bed);
          expect(client.data.length).toBeLessThanOrEqual(1);
          expect(server.data.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never ends up with one end failed and timers left, whatever is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), fc.boolean(), (losses, cookie) => {
        let number = 0;
        const bed = dtlsTestbed({
          server: { cookie },
          both: { initialTimeoutMs: 50 },
          fate: () => (losses[number++] === true ? [] : [10]),
        });
        // settles: no retransmission goes on for ever
        connect(bed);
        const { client, server } = bed;
        expect(client.connections + client.failures.length).toBe(1);
        if (client.connections === 1) expect(server.connections).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});

describe('retransmission', () => {
  const times = (bed: { sent: Sent[] }, from: Sent['from']) =>
    bed.sent.filter((one) => one.from === from).map(({ atMs }) => atMs);

  it('doubles from 1 s to 60 s and gives up after seven times (RFC 6347 4.2.4.1)', () => {
    const bed = connect(dtlsTestbed({ fate: () => [] }));
    expect(times(bed, 'client')).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000]);
    expect(bed.kernel.now / 1000).toBe(183_000);
    expect(bed.client.failures).toEqual(['the peer does not answer']);
    expect(bed.client.endpoint.state).toBe('failed');
  });

  it('begins at the time that is asked for', () => {
    const bed = connect(
      dtlsTestbed({ fate: () => [], both: { initialTimeoutMs: 50, maxRetransmissions: 2 } }),
    );
    expect(times(bed, 'client')).toEqual([0, 50, 150]);
  });

  it('keeps the doubled timer for the next flight after a loss', () => {
    // the first two ClientHellos and the first flight 5 are lost
    const lost = [0, 1, 3];
    const bed = connect(
      dtlsTestbed({
        server: { initialTimeoutMs: 60_000 },
        fate: ({ from, index }) => (from === 'client' && lost.includes(index) ? [] : [10]),
      }),
    );
    // 1000 + 2000 until the third ClientHello; flight 4 comes at 3020; flight 5 again after 4000, not 1000
    expect(times(bed, 'client')).toEqual([0, 1000, 3000, 3020, 7020]);
    expect(bed.client.connections).toBe(1);
  });

  it('repeats the last flight when the peer repeats its own (RFC 6347 4.2.4)', () => {
    const bed = connect(
      dtlsTestbed({ fate: ({ from, index }) => (from === 'server' && index === 1 ? [] : [10]) }),
    );
    expect(bed.server.connectedAtMs).toBe(30);
    // flight 6 is lost; flight 5 comes again after a second and brings it
    expect(bed.client.connectedAtMs).toBe(1040);
    expect(bed.server.endpoint.counters.flightsRepeated).toBe(1);
    expect(bed.server.connections).toBe(1);
  });

  it('repeats a waiting flight at once when the peer repeats its own', () => {
    const bed = connect(
      dtlsTestbed({
        client: { initialTimeoutMs: 50 },
        fate: ({ from, index }) => (from === 'server' && index === 0 ? [] : [10]),
      }),
    );
    // flight 4 is lost; the server would wait for a second, but the ClientHello comes again after 50 ms
    expect(times(bed, 'server').slice(0, 2)).toEqual([10, 60]);
  });

  it('repeats the last flight also while the fingerprint of the peer is awaited', () => {
    const bed = connect(
      dtlsTestbed({
        server: { fingerprints: undefined as never },
        fate: ({ from, index }) => (from === 'server' && index === 1 ? [] : [10]),
      }),
    );
    expect([bed.client.connections, bed.server.connections]).toEqual([1, 0]);
    expect(bed.client.connectedAtMs).toBe(1040);
  });

  it('is not needed where datagrams of a flight come in another order, even Finished before its keys', () => {
    let clients = 0;
    const bed = connect(
      dtlsTestbed({
        both: { mtu: 256 },
        // each datagram of the client's overtakes all before it
        fate: ({ from }) => (from === 'client' ? [30 - clients++] : [10]),
      }),
    );
    expect(clients).toBeGreaterThan(3);
    expect([bed.client.connections, bed.server.connections]).toEqual([1, 1]);
    expect(bed.kernel.now).toBeLessThan(100_000);
  });

  it('sends a lost alert again when what led to it comes again (RFC 6347 4.2.7)', () => {
    const bed = connect(
      dtlsTestbed({
        client: { fingerprints: [] },
        fate: ({ from, index }) => (from === 'client' && index === 1 ? [] : [10]),
      }),
    );
    expect(bed.client.failures).toHaveLength(1);
    expect(bed.server.failures).toEqual(['the peer sent the alert bad_certificate']);
    // the server's flight 4 comes again after a second
    expect(times(bed, 'client')).toEqual([0, 20, 1020]);
  });
});

describe('closing in the middle of a handshake', () => {
  it.each([0, 5, 15, 25, 35])('at %i ms leaves no timer and tells the peer', (atMs) => {
    const bed = dtlsTestbed();
    bed.server.endpoint.start();
    bed.client.endpoint.start();
    bed.kernel.schedule(atMs * 1000, 'client', () => bed.client.endpoint.close());
    settle(bed);
    expect(bed.kernel.now).toBeLessThan(100_000);
    expect(bed.client.failures).toEqual([]);
    expect([bed.server.endpoint.state, bed.server.closed]).toEqual(['closed', 1]);
  });
});
