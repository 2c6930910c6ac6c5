import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../crypto/index.js';
import { demux } from '../../wire/rtp/index.js';
import { type End, laboratory, makeEnd, rtcpPacket, rtpPacket, told } from './testbed.js';

const fault = fc.record({
  link: fc.constantFrom('one>other', 'other>one'),
  index: fc.nat(60),
  kind: fc.constantFrom('drop', 'duplicate', 'delay', 'reorder', 'corrupt'),
});

describe('with any tape', () => {
  it('what is delivered was sent by the peer, once, nothing is in the clear, and nothing stays', () => {
    const property = fc.property(
      fc.uniqueArray(fault, { maxLength: 12, selector: ({ link, index }) => `${link}#${index}` }),
      fc.constantFrom<1 | 2>(1, 2),
      fc.boolean(),
      fc.integer({ min: 1, max: 1000 }),
      (faults, components, lite, seed) => {
        const tape = faults.map(({ link, index, kind }) => `${link}#${index}=${kind}`).join(',');
        const { kernel, hosts } = laboratory(tape, seed);
        const rtcpMux = components === 1 ? 'require' : 'none';
        const one = makeEnd(hosts[0], components, {
          setup: 'actpass',
          rtcpMux,
          ice: { role: 'controlling' },
        });
        const other = makeEnd(hosts[1], components, { setup: 'active', rtcpMux, ice: { full: !lite } });
        other.transport.setRemote(told(one.transport.local));
        one.transport.setRemote(told(other.transport.local));
        const sent = new Map<End, { rtp: string[]; rtcp: string[] }>([
          [one, { rtp: [], rtcp: [] }],
          [other, { rtp: [], rtcp: [] }],
        ]);
        for (let number = 1; number <= 40; number++) {
          // the first are sent while there is no way yet
          kernel.run({ untilUs: kernel.now + 50_000 });
          for (const [{ transport }, packets] of sent) {
            if (transport.sendRtp(rtpPacket(number))) packets.rtp.push(toHex(rtpPacket(number)));
            if (number % 10 === 0 && transport.sendRtcp(rtcpPacket())) packets.rtcp.push(toHex(rtcpPacket()));
          }
        }
        kernel.run({ untilUs: kernel.now + 1_000_000 });
        for (const [receiver, sender] of [
          [one, other],
          [other, one],
        ] as const) {
          const packets = sent.get(sender) ?? { rtp: [], rtcp: [] };
          const heard = receiver.rtp.map(toHex);
          expect(heard.filter((packet) => !packets.rtp.includes(packet))).toEqual([]);
          expect(new Set(heard).size).toBe(heard.length);
          const reports = receiver.rtcp.map(toHex);
          expect(reports.length).toBeLessThanOrEqual(packets.rtcp.length);
          expect(new Set(reports).size).toBeLessThanOrEqual(1);
        }
        const plain = new Set([...sent.values()].flatMap(({ rtp, rtcp }) => [...rtp, ...rtcp]));
        const clear = (kernel.trace?.of('packet.sent') ?? []).filter(
          ({ body }) => demux(body.packet.data[0]) === 'rtp' && plain.has(toHex(body.packet.data)),
        );
        expect(clear).toEqual([]);
        for (const { transport } of [one, other]) transport.close();
        expect(kernel.run().status).toBe('idle');
        expect(kernel.failure).toBeUndefined();
        expect(kernel.trace?.of('unexpected').map(({ body }) => body)).toEqual([]);
        expect(hosts.flatMap((host) => host.describeSockets())).toEqual([]);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});
