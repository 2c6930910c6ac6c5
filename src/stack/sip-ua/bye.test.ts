import { describe, expect, test } from 'vitest';
import { parseTape, type Tape } from '../../kernel/index.js';
import { ANSWER, NOTHING, Rig, wire } from './fixtures/rig.js';

/** A call that Alice ends after 1 s, while there is no way to Bob until `wayAgainMs`. */
function hangUpWithoutWay(wayAgainMs: number): { readonly rig: Rig; readonly endedMs: number } {
  const rig = new Rig({ trace: true });
  let way = true;
  let endedMs = 0;
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  const session = rig.call(
    {
      accepted: () => {
        rig.after(1000, () => {
          way = false;
          session.bye();
        });
        rig.after(wayAgainMs, () => {
          way = true;
        });
      },
      ended: () => {
        endedMs = rig.kernel.now / 1000;
      },
    },
    { nextHopFor: () => (way ? rig.hop : undefined) },
  );
  rig.run();
  return { rig, endedMs };
}

const byes = (rig: Rig): string[] => wire(rig).filter((line) => line.endsWith(' BYE'));

describe('a BYE that finds no way to the peer', () => {
  test('goes once there is one, and the other side hears that the call is over', () => {
    const { rig, endedMs } = hangUpWithoutWay(3000);
    expect(byes(rig)).toEqual(['alice>bob BYE', 'bob>alice 200 BYE']);
    expect(rig.log).toEqual(['alice accepted 200', 'bob acked', 'bob ended remote', 'alice ended local']);
    // tried 0.5, 1.5 and 3.5 s after the first time, which was at 1 s (RFC 3261 13.3.1.4)
    expect(Math.floor(endedMs / 100)).toBe(45);
    expect(rig.left).toEqual(NOTHING);
  });

  test('is given up after 64*T1', () => {
    const { rig, endedMs } = hangUpWithoutWay(60_000);
    expect(byes(rig)).toEqual([]);
    // 64 * 500 ms after 1 s
    expect(Math.floor(endedMs / 100)).toBe(330);
    expect(rig.alice.ua.openDialogs).toBe(0);
  });
});

test('a BYE whose connection breaks goes again over another one', () => {
  // alice>bob: 0 INVITE, 1 ACK, 2 SYN, 3 the first segment of the connection
  const tape = parseTape('alice>bob#3=reset') as Tape;
  const rig = new Rig({ tape, trace: true });
  rig.bob.endpoint.listenTcp('core');
  rig.answer((session) => session.accept({ sdp: ANSWER }));
  const byTcp = { realm: 'core', to: { ip: '10.0.0.2', port: 5060 }, transport: 'TCP' } as const;
  const session = rig.call(
    { accepted: () => rig.after(1000, () => session.bye()) },
    { nextHopFor: (request) => (request.method === 'BYE' ? byTcp : rig.hop) },
  );
  rig.run();
  expect(byes(rig)).toEqual(['alice>bob BYE', 'alice>bob BYE', 'bob>alice 200 BYE']);
  expect(rig.log.slice(-2)).toEqual(['bob ended remote', 'alice ended local']);
  expect(rig.left).toEqual(NOTHING);
});
