import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tape, TapeEntry } from '../../kernel/index.js';
import {
  avpValue,
  makeAnswer,
  makeAvp,
  makeResult,
  serializeDiameter,
  validateDiameter,
} from '../../wire/diameter/index.js';
import { resultOf } from './index.js';
import { Bench, Stranger } from './testbed.js';

const UNABLE = 'DIAMETER_UNABLE_TO_DELIVER (3002)';
const LISTENING = ['tcp 10.0.0.1:3868 listening', 'tcp 10.0.0.2:3868 listening'];

/** The times in lines of `milliseconds what`. */
const times = (lines: readonly string[]): number[] => lines.map((line) => Number.parseFloat(line));

describe('the capabilities exchange (RFC 6733 5.3)', () => {
  it('carries what Cx wants, in messages without faults', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect();
    const [cea] = stranger.heard;
    if (cea === undefined) throw new Error('no CEA');
    expect(validateDiameter(cea)).toEqual([]);
    expect(resultOf(cea).code).toBe(2001);
    expect(avpValue(cea, 'Host-IP-Address')).toBe('10.0.0.2');
    expect(cea.avps.filter(({ code }) => code === 265).map(({ value }) => value)).toEqual([10415, 13019]);
    const group = avpValue(cea, 'Vendor-Specific-Application-Id') ?? [];
    expect([avpValue(group, 'Vendor-Id'), avpValue(group, 'Auth-Application-Id')]).toEqual([10415, 16777216]);
  });

  it.each([
    ['no application in common', 5010, (s: Stranger) => s.capabilities(undefined, 16777217)],
    ['a missing AVP', 5005, (s: Stranger) => s.capabilities().slice(1)],
    ['the name of the node itself', 3010, (s: Stranger) => s.capabilities('HSS.home1.net')],
  ])('with %s ends with CEA %i and the connection', (_, code, avps) => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect(false);
    stranger.send(stranger.request('CER', avps(stranger)));
    bench.run(100);
    expect(stranger.heard.map((cea) => resultOf(cea).code)).toEqual([code]);
    expect(stranger.heard.flatMap(validateDiameter)).toEqual([]);
    // CER at 22 ms, CEA and FIN at 24 ms, FIN at 26 ms, its acknowledgement at 28 ms.
    expect(stranger.closed).toEqual(['28 closed']);
    expect(bench.hss.leftovers).toEqual([]);
  });

  it('with an application in common beside others, or with a relay, succeeds', () => {
    for (const application of [16777216, 0xffff_ffff]) {
      const bench = new Bench();
      const stranger = new Stranger(bench).connect(false);
      const other = makeAvp('Auth-Application-Id', 7);
      stranger.send(stranger.request('CER', [...stranger.capabilities(undefined, application), other]));
      bench.run(100);
      expect(stranger.heard.map((cea) => resultOf(cea).code)).toEqual([2001]);
    }
  });

  it('must come first: any other message ends the connection', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect(false);
    stranger.send(stranger.request('LIR', stranger.lir()));
    bench.run(100);
    expect(stranger.heard).toEqual([]);
    expect(stranger.closed).toEqual(['24 reset']);
    expect(bench.executed).toEqual([]);
  });

  it('must come within 10 s of the connection', () => {
    const bench = new Bench();
    const stranger = new Stranger(bench).connect(false);
    bench.run(20_000);
    // The acknowledgement that opens the connection arrives at 6 ms; the reset takes 2 ms.
    expect(stranger.closed).toEqual(['10008 reset']);
  });

  it('fails where CEA says so, names another node, or is something else', () => {
    const failing = (change: (server: Stranger) => ReturnType<Stranger['capabilities']>): string[] => {
      const bench = new Bench();
      const server = new Stranger(bench);
      server.listen((cer) => server.send(makeAnswer(cer, change(server))));
      const address = { ip: '10.0.0.9', port: 3868 };
      bench.request(undefined, { host: 'stranger.home1.net', address });
      bench.run(11_000);
      expect(bench.scscf.leftovers).toEqual([]);
      return bench.results;
    };
    expect(failing((s) => [makeResult('DIAMETER_NO_COMMON_APPLICATION'), ...s.capabilities()])).toEqual([
      `8 ${UNABLE}: CEA DIAMETER_NO_COMMON_APPLICATION (5010)`,
    ]);
    expect(failing((s) => [makeResult('DIAMETER_SUCCESS'), ...s.capabilities('x.home1.net')])).toEqual([
      `8 ${UNABLE}: CEA from x.home1.net in place of stranger.home1.net`,
    ]);
    expect(failing((s) => s.capabilities())).toEqual([`8 ${UNABLE}: Result-Code is missing`]);
  });

  it('fails after 10 s without CEA', () => {
    const bench = new Bench();
    new Stranger(bench).listen(() => {});
    bench.request(12_000, { host: 'stranger.home1.net', address: { ip: '10.0.0.9', port: 3868 } });
    bench.run(11_000);
    expect(bench.results).toEqual([`10004 ${UNABLE}: no CEA in 10000 ms`]);
  });
});

describe('one connection with a peer (RFC 6733 2.1)', () => {
  it('a second one is refused while the first is open', () => {
    const bench = new Bench();
    new Stranger(bench, '10.0.0.8').connect();
    const second = new Stranger(bench).connect();
    bench.run(100);
    expect(second.heard).toEqual([]);
    expect(second.closed).toHaveLength(1);
    expect(bench.hss.leftovers).toHaveLength(1);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'is what is left of two that cross, the HSS being %i ms late (RFC 6733 5.6.4)',
    (lateMs) => {
      const bench = new Bench();
      bench.request();
      bench.at(lateMs, () => bench.push());
      bench.run(1000);
      expect(bench.results.map((line) => line.replace(/^\S+ /, ''))).toEqual(['answered', 'answered']);
      expect(bench.executed).toHaveLength(2);
      expect(bench.scscf.leftovers).toHaveLength(1);
      expect(bench.hss.leftovers).toHaveLength(1);
      expect(bench.left.filter((one) => String(one).endsWith('open'))).toHaveLength(2);
    },
  );

  it('is the one that the greater name accepted, when both connect at the same time', () => {
    const bench = new Bench();
    bench.request();
    bench.push();
    bench.run(1000);
    // scscf > hss, so the connection to port 3868 of the S-CSCF stays.
    expect(bench.scscf.leftovers).toEqual([
      expect.stringContaining('hss.home1.net at 10.0.0.2:49152 (open)'),
    ]);
    expect(bench.hss.leftovers).toEqual([expect.stringContaining('scscf.home1.net at 10.0.0.1:3868 (open)')]);
  });

  it('is the one of the peer when ours fails while the other waits', () => {
    const bench = new Bench();
    bench.push();
    // CER of the HSS arrives at 6 ms, and the wrong port is refused at 9 ms.
    bench.at(5, () => bench.request(undefined, { address: { ip: '10.0.0.2', port: 999 } }));
    bench.run(1000);
    expect(bench.results).toEqual(['13 answered', '15 answered']);
    expect(bench.sent('scscf')[0]).toBe('9 CEA DIAMETER_SUCCESS (2001)');
    expect(bench.scscf.leftovers).toHaveLength(1);
  });

  it('is ours when the election is lost here, also if the peer does not end its own', () => {
    const bench = new Bench();
    const server = new Stranger(bench, '10.0.0.8');
    const client = new Stranger(bench).connect(false);
    server.listen((cer) => {
      if (cer.command !== 257) return;
      // hss < stranger: the CER in between must wait, and goes once ours has its CEA.
      client.send(client.request('CER', client.capabilities()));
      bench.at(bench.now + 10, () => {
        expect(client.heard).toEqual([]);
        server.send(makeAnswer(cer, [makeResult('DIAMETER_SUCCESS'), ...server.capabilities()]));
      });
    });
    const address = { ip: '10.0.0.8', port: 3868 };
    bench.hss.request({ host: 'stranger.home1.net', realm: 'home1.net', address }, 'RTR', [], () => {});
    bench.run(100);
    expect(client.heard).toEqual([]);
    expect(client.closed).toHaveLength(1);
    expect(bench.hss.leftovers).toEqual([
      expect.stringContaining('10.0.0.8:3868 (open)'),
      '1 Diameter requests without an answer',
    ]);
  });
});

describe('the watchdog (RFC 3539 3.4.1)', () => {
  it('asks an idle peer 28 to 32 s after the last message, never at the same time twice', () => {
    const bench = new Bench();
    bench.request();
    bench.run(200_000);
    // Whose timer is first asks, and the answer restarts both.
    const all = [...bench.sent('scscf'), ...bench.sent('hss')].sort(
      (a, b) => Number.parseFloat(a) - Number.parseFloat(b),
    );
    const dwr = times(all.filter((line) => line.includes('DWR')));
    const dwa = times(all.filter((line) => line.includes('DWA')));
    expect(dwr.length).toBeGreaterThan(5);
    expect(dwa).toHaveLength(dwr.length);
    const gaps = dwr.map((at, i) => at - (i === 0 ? 12 : (dwa[i - 1] as number)));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(28_000 - 4);
      expect(gap).toBeLessThanOrEqual(32_000 + 4);
    }
    expect(new Set(gaps).size).toBe(gaps.length);
    expect(bench.left[0]).toBe(2);
  });

  it('is put off by any message', () => {
    const bench = new Bench();
    for (let at = 0; at < 100_000; at += 20_000) bench.at(at, () => bench.request());
    bench.run(100_000);
    expect(bench.results).toHaveLength(5);
    expect([...bench.sent('scscf'), ...bench.sent('hss')].join()).not.toContain('DWR');
  });

  it('closes a silent connection at its third expiry, and what was sent on it fails', () => {
    const bench = new Bench({ hss: { onRequest: () => {} } });
    bench.request(500_000);
    bench.run(50);
    bench.network.partition('scscf', 'hss');
    bench.run(400_000);
    const [at = 0] = times(bench.results);
    expect(bench.results).toEqual([`${at} ${UNABLE}: the watchdog was not answered`]);
    // Three times 30 s, each with a jitter of at most 2 s.
    expect(at).toBeGreaterThan(84_000);
    expect(at).toBeLessThan(96_100);
    expect(bench.sent('scscf').filter((line) => line.includes('DWR'))).toHaveLength(1);
    expect(bench.left).toEqual([0, ...LISTENING]);
  });

  it('holds new requests back while the peer is suspect, and lets them go when it answers', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    for (const link of [bench.network.link('scscf', 'hss'), bench.network.link('hss', 'scscf')]) {
      link.hold();
      bench.at(80_000, () => link.release());
    }
    // The second expiry is between 56 and 64 s, the third not before 84 s.
    bench.at(70_000, () => bench.request(30_000));
    bench.run(100_000);
    const sent = bench.sent('scscf').filter((line) => line.includes('LIR'));
    expect(sent).toHaveLength(2);
    expect(times(sent)[1]).toBeGreaterThanOrEqual(80_000);
    expect(bench.results[1]).toContain('answered');
    expect(bench.sent('scscf').filter((line) => line.includes('CER'))).toHaveLength(1);
  });
});

describe('the end of a connection', () => {
  it('is agreed upon with DPR and DPA when a node closes, and nothing is left', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    bench.close();
    bench.run(1e6);
    expect(bench.sent('scscf').slice(2)).toEqual([
      '50 DPR scscf.home1.net',
      '52 DPA DIAMETER_SUCCESS (2001)',
    ]);
    expect(bench.left).toEqual([0]);
    expect(bench.now).toBeLessThan(1e6);
  });

  it('by one node ends requests under way at both, once', () => {
    const bench = new Bench({ hss: { onRequest: () => {} } });
    bench.request();
    bench.run(50);
    bench.hss.close();
    bench.run(100);
    expect(bench.results).toEqual([`56 ${UNABLE}: the peer disconnected`]);
    expect(bench.left).toEqual([0, LISTENING[0]]);
    bench.at(100, () => bench.request());
    bench.run(200);
    expect(bench.results[1]).toBe(`104 ${UNABLE}: connection refused`);
  });

  it('at this node ends them at once', () => {
    const bench = new Bench({ hss: { onRequest: () => {} } });
    bench.request();
    bench.run(50);
    bench.request();
    bench.scscf.close();
    expect(bench.results).toEqual(['50 the node is closed', '50 the node is closed']);
    bench.request();
    expect(bench.results).toHaveLength(2);
    bench.run(100);
    expect(bench.results).toHaveLength(3);
    bench.scscf.close();
    bench.hss.close();
    bench.run(1000);
    expect(bench.left).toEqual([0]);
  });

  it('stands in for DPA after 10 s without one', () => {
    const bench = new Bench();
    bench.request();
    bench.run(50);
    bench.network.partition('scscf', 'hss');
    bench.scscf.close();
    bench.run(10_049);
    expect(bench.scscf.leftovers).toHaveLength(1);
    bench.run(10_051);
    expect(bench.scscf.leftovers).toEqual([]);
  });

  it('in the middle of setting up leaves nothing', () => {
    for (let at = 0; at <= 12; at++) {
      const bench = new Bench();
      bench.request();
      bench.push();
      bench.run(at);
      bench.close();
      bench.run(1e6);
      expect(bench.left).toEqual([0]);
      expect(bench.results).toHaveLength(2);
    }
  });

  it('by a reset fails what was sent with 3002 and is mended by the next request (RFC 6733 5.5.4)', () => {
    // SYN is packet 0 of the S-CSCF, CER with the acknowledgement 1, the request with the next 2.
    const bench = new Bench({ tape: [{ point: 'scscf>hss', index: 2, choice: 'reset' }] });
    bench.request();
    bench.run(50);
    expect(bench.results).toEqual([`10 ${UNABLE}: connection reset`]);
    bench.at(50, () => bench.request());
    bench.run(100);
    expect(bench.results[1]).toBe('62 answered');
    expect(bench.executed).toHaveLength(1);
  });

  it('lets an answer that comes too late go nowhere', () => {
    const bench = new Bench({
      hss: { onRequest: (_, answer) => bench.at(100, () => answer({ resultCode: 2001 })) },
    });
    bench.request();
    bench.run(50);
    bench.scscf.close();
    bench.run(200);
    expect(bench.sent('hss').join()).not.toContain('LIA');
  });
});

describe('faults of the network', () => {
  /** All tapes with exactly `count` of the faults among the first `packets` packets of either direction. */
  function* tapes(
    faults: readonly string[],
    count: number,
    packets: number,
    from = 0,
  ): Generator<TapeEntry[]> {
    if (count === 0) {
      yield [];
      return;
    }
    for (let at = from; at < 2 * packets; at++) {
      const point = at % 2 === 0 ? 'scscf>hss' : 'hss>scscf';
      for (const choice of faults) {
        for (const rest of tapes(faults, count - 1, packets, at + 1)) {
          yield [{ point, index: at >> 1, choice }, ...rest];
        }
      }
    }
  }

  function outcome(tape: Tape) {
    const bench = new Bench({ tape, trace: false });
    bench.request();
    bench.at(5, () => bench.push());
    bench.at(12_000, () => bench.request());
    bench.run(30_000);
    const results = bench.results.map((line) => line.replace(/^\S+ /, ''));
    const pending = [bench.scscf.pendingRequests, bench.hss.pendingRequests];
    bench.close();
    bench.run(1e9);
    const sessions = bench.executed.map(({ request }) => avpValue(request, 'Session-Id'));
    return { results, pending, twice: sessions.length - new Set(sessions).size, left: bench.left };
  }

  const settled = { pending: [0, 0], twice: 0, left: [0] };

  it('with up to three losses, duplicates, delays or changes of order every request is answered, executed once', () => {
    const answered = { ...settled, results: ['answered', 'answered', 'answered'] };
    let runs = 0;
    const check = (tape: Tape): void => {
      expect({ tape, ...outcome(tape) }).toEqual({ tape, ...answered });
      runs++;
    };
    for (const tape of tapes(['drop', 'duplicate', 'delay', 'reorder'], 1, 10)) check(tape);
    for (const tape of tapes(['drop', 'reorder'], 2, 7)) check(tape);
    for (const tape of tapes(['drop'], 3, 6)) check(tape);
    // 20 * 4 + 91 * 4 + 220
    expect(runs).toBe(664);
  });

  it('with resets among them every request ends once and is executed at most once, and the third one is answered', () => {
    const check = (tape: Tape): void => {
      const { results, ...others } = outcome(tape);
      expect({ tape, ...others, count: results.length }).toEqual({ tape, ...settled, count: 3 });
    };
    for (const tape of tapes(['reset'], 1, 12)) check(tape);
    for (const tape of tapes(['reset', 'drop', 'duplicate'], 2, 7)) check(tape);
  });
});

describe('bytes of a stranger', () => {
  const damaged = (stranger: Stranger) =>
    fc
      .tuple(
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 6 }),
        fc.constantFrom('LIR', 'DWR', 'DPR', 'CER'),
      )
      .map(([at, noise, name]) => {
        const avps = name === 'LIR' ? stranger.lir() : stranger.capabilities();
        const bytes = serializeDiameter(stranger.request(name as 'LIR', avps));
        bytes.set(noise, at % (bytes.length - noise.length));
        return bytes;
      });

  it('never fail the run nor leave anything behind', () => {
    const strangerOf = new Stranger(new Bench());
    const piece = fc.oneof(damaged(strangerOf), damaged(strangerOf), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.boolean(), fc.array(piece, { maxLength: 5 }), (introduced, pieces) => {
        const bench = new Bench({ trace: false });
        const stranger = new Stranger(bench);
        stranger.connect(introduced);
        stranger.stream?.attach({ onData: () => {} });
        for (const bytes of pieces) stranger.send(bytes);
        bench.run(1000);
        bench.close();
        bench.run(100_000);
        stranger.stream?.abort();
        bench.run(200_000);
        expect(bench.left).toEqual([0]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a run', () => {
  it('is the same when it is repeated', () => {
    const once = (): string => {
      const bench = new Bench({ seed: 7 });
      bench.request();
      bench.push();
      bench.run(100_000);
      return JSON.stringify(bench.kernel.trace?.events);
    };
    expect(once()).toBe(once());
  });
});
