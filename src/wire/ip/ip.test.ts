import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalIp,
  formatIp,
  internetChecksum,
  parseIp,
  parseIpPacket,
  TCP_FLAG,
  tcpSegment,
  udpDatagram,
} from './index.js';

const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const v6 = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) }), {
    minLength: 8,
    maxLength: 8,
  })
  .map((words) => Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255])));
const port = fc.nat(0xffff);
const fields = fc.record({ hopLimit: fc.nat(255), trafficClass: fc.nat(255) });
const ends = fc
  .oneof(fc.tuple(v4, v4), fc.tuple(v6, v6))
  .map(([src, dst]) => ({ src: formatIp(src), dst: formatIp(dst) }));
const payload = fc.uint8Array({ maxLength: 50 });

describe('IP addresses as text', () => {
  it('come back from their canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (bytes) => {
        const text = formatIp(bytes);
        expect(parseIp(text)?.bytes).toEqual(bytes);
        expect(canonicalIp(text)).toBe(text);
        expect(isIP(text)).toBe(bytes.length === 4 ? 4 : 6);
      }),
    );
  });

  it('are canonical as RFC 5952 4 and 5 want them', () => {
    const cases = [
      ['2001:0db8::0001', '2001:db8::1'],
      ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:DB8::ABCD', '2001:db8::abcd'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['fe80:0:0:0:0:0:0:0', 'fe80::'],
      ['::ffff:c000:201', '::ffff:192.0.2.1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
      ['192.0.2.1', '192.0.2.1'],
    ] as const;
    for (const [text, canonical] of cases) expect(canonicalIp(text), text).toBe(canonical);
  });

  it('are told from other text exactly as the platform does, and never throw', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:::..'), maxLength: 20 });
    const groups = fc
      .array(fc.constantFrom('0', '1', 'ffff', '', '1.2.3.4', '00001', 'g', '256', '01'), { maxLength: 10 })
      .map((all) => all.join(':'));
    const dotted = fc
      .array(fc.constantFrom('0', '1', '255', '256', '01', '', '1e1', '-1'), { maxLength: 5 })
      .map((all) => all.join('.'));
    fc.assert(
      fc.property(fc.oneof(nearly, groups, dotted, fc.string()), (text) => {
        fc.pre(!text.includes('%'));
        expect(parseIp(text)?.family ?? 0, text).toBe(isIP(text));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the Internet checksum', () => {
  it('is that of RFC 1071 3', () => {
    expect(internetChecksum(fromHex('0001f203f4f5f6f7'), 0, 0)).toBe(0xffff - 0xddf2);
    expect(internetChecksum(fromHex('0001f203f4f5f6f7a0'), 0, 0)).toBe(0xffff - 0x7df3);
  });
});

describe('packets', () => {
  it('carry a UDP datagram and give it back, with good checksums', () => {
    fc.assert(
      fc.property(
        ends,
        port,
        port,
        payload,
        fields,
        fc.nat(0xffff),
        fc.nat(0xfffff),
        (ip, a, b, data, more, id, label) => {
          const packet = udpDatagram({
            src: { ip: ip.src, port: a },
            dst: { ip: ip.dst, port: b },
            payload: data,
            identification: id,
            flowLabel: label,
            ...more,
          });
          const version = ip.src.includes(':') ? 6 : 4;
          expect(parseIpPacket(packet)).toEqual({
            ok: true,
            value: {
              version,
              ...ip,
              ...more,
              identification: version === 4 ? id : 0,
              flowLabel: version === 6 ? label : 0,
              transport: { protocol: 'udp', srcPort: a, dstPort: b, payload: data },
              findings: [],
            },
          });
        },
      ),
    );
  });

  it('carry a TCP segment and give it back, with good checksums', () => {
    const u32 = fc.nat(0xffff_ffff);
    const segment = fc.record({ seq: u32, ack: u32, flags: fc.nat(255), window: port, payload });
    fc.assert(
      fc.property(ends, port, port, segment, fc.option(port, { nil: undefined }), (ip, a, b, fixed, mss) => {
        const packet = tcpSegment({
          src: { ip: ip.src, port: a },
          dst: { ip: ip.dst, port: b },
          ...fixed,
          ...(mss !== undefined && { mss }),
        });
        const read = parseIpPacket(packet);
        expect(read.ok && read.value.findings).toEqual([]);
        const options = mss === undefined ? new Uint8Array(0) : Uint8Array.of(2, 4, mss >> 8, mss & 255);
        expect(read.ok && read.value.transport).toEqual({
          protocol: 'tcp',
          srcPort: a,
          dstPort: b,
          ...fixed,
          options,
          ...(mss !== undefined && { mss }),
        });
      }),
    );
  });

  it('show a changed byte as a wrong checksum, wherever it is', () => {
    const packet = tcpSegment({
      src: { ip: '192.0.2.1', port: 5060 },
      dst: { ip: '192.0.2.2', port: 5060 },
      seq: 1,
      ack: 0,
      flags: TCP_FLAG.syn,
      window: 65535,
      mss: 1460,
      payload: Uint8Array.of(1, 2, 3),
    });
    fc.assert(
      fc.property(fc.nat(packet.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        // Version and lengths make the packet unreadable, the protocol number makes it another one.
        fc.pre(![0, 2, 3, 6, 7, 9, 32].includes(at));
        const changed = packet.slice();
        changed[at] = (changed[at] as number) ^ change;
        const read = parseIpPacket(changed);
        expect(read.ok && read.value.findings.length).toBeGreaterThan(0);
      }),
    );
  });

  it('never send a zero UDP checksum: it would mean none (RFC 768)', () => {
    const send = (last: number) =>
      udpDatagram({
        src: { ip: '0.0.0.0', port: 0 },
        dst: { ip: '0.0.0.0', port: 0 },
        payload: Uint8Array.of(last >> 8, last & 255),
      });
    // Protocol 17 and the length 10, twice: the payload that makes the sum all ones.
    const packet = send(0xffff - 17 - 10 - 10);
    expect([...packet.subarray(26, 28)]).toEqual([0xff, 0xff]);
    expect(parseIpPacket(packet)).toMatchObject({ ok: true, value: { findings: [] } });
  });

  it('are refused when the TCP header does not fit, and read when its options are broken', () => {
    const build = (options: Uint8Array) =>
      tcpSegment({
        src: { ip: '::1', port: 1 },
        dst: { ip: '::1', port: 2 },
        seq: 0,
        ack: 0,
        flags: 0,
        window: 0,
        options,
        payload: new Uint8Array(0),
      });
    const beyond = build(new Uint8Array(0));
    beyond[52] = 0x60;
    expect(parseIpPacket(beyond)).toMatchObject({ ok: false, error: { offset: 52 } });
    const mss = (...options: number[]) => {
      const read = parseIpPacket(build(Uint8Array.from(options)));
      return read.ok && read.value.transport.protocol === 'tcp' ? read.value.transport.mss : 'unread';
    };
    expect(mss(1, 1, 3, 3, 7, 2, 4, 5, 0xb4, 0, 0, 0)).toBe(1460);
    expect(mss(2, 0, 5, 0xb4)).toBeUndefined();
    expect(mss(0, 2, 4, 5, 0xb4, 0, 0, 0)).toBeUndefined();
    expect(mss(1, 2, 4, 5)).toBeUndefined();
  });

  it('are refused when they cannot be built', () => {
    const from =
      (src: string, dst: string, payload = new Uint8Array(0)) =>
      () =>
        udpDatagram({ src: { ip: src, port: 1 }, dst: { ip: dst, port: 2 }, payload });
    expect(from('192.0.2.1', '::1')).toThrow('different families');
    expect(from('host', '::1')).toThrow('not an IP address');
    expect(from('::1', '::1', new Uint8Array(65536))).toThrow('exceeds 65535');
  });

  it('never make the reader throw: random, truncated and mutated bytes', () => {
    const mutated = fc
      .tuple(
        ends,
        payload,
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }),
        fc.nat(100),
        fc.boolean(),
      )
      .map(([ip, data, changes, length, tcp]) => {
        const both = { src: { ip: ip.src, port: 1 }, dst: { ip: ip.dst, port: 2 }, payload: data };
        const packet = tcp
          ? tcpSegment({ ...both, seq: 0, ack: 0, flags: 2, window: 0, mss: 9 })
          : udpDatagram(both);
        for (const [at, to] of changes) packet[at % packet.length] = to;
        return packet.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (data) => {
        const read = parseIpPacket(data);
        if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(data.length);
      }),
      { numRuns: 1000 },
    );
  });
});
