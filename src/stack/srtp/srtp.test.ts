import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeRtp } from '../../wire/rtp/index.js';
import {
  SRTP_TRANSFORMS,
  SrtpContext,
  type SrtpContextOptions,
  type SrtpDrop,
  type SrtpProfile,
  type SrtpResult,
  srtpContexts,
} from './index.js';

const profiles = Object.keys(SRTP_TRANSFORMS) as SrtpProfile[];

function context(profile: SrtpProfile, options?: SrtpContextOptions, seed = 1): SrtpContext {
  const gcm = SRTP_TRANSFORMS[profile].cipher === 'AES-GCM';
  const key = Uint8Array.from({ length: profile.includes('256') ? 32 : 16 }, (_, i) => 17 * i + seed);
  const salt = Uint8Array.from({ length: gcm ? 12 : 14 }, (_, i) => 31 * i + seed);
  return new SrtpContext(profile, { key, salt }, options);
}

function rtp(sequenceNumber: number, more: Partial<Parameters<typeof serializeRtp>[0]> = {}): Uint8Array {
  return serializeRtp({
    marker: false,
    payloadType: 111,
    sequenceNumber: sequenceNumber & 0xffff,
    timestamp: 160 * sequenceNumber,
    ssrc: 0xcafe0001,
    csrcs: [],
    payload: Uint8Array.of(sequenceNumber >> 16, sequenceNumber >> 8, sequenceNumber, 1, 2, 3),
    paddingBytes: 0,
    ...more,
  });
}

/** A receiver report without blocks. */
function rtcp(ssrc: number): Uint8Array {
  return Uint8Array.of(0x80, 201, 0, 1, ssrc >>> 24, ssrc >>> 16, ssrc >>> 8, ssrc, 1, 2, 3, 4);
}

function bytesOf(result: SrtpResult): Uint8Array {
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.packet;
}

function outcomeOf(result: SrtpResult): SrtpDrop | 'ok' {
  return result.ok ? 'ok' : result.reason;
}

describe.each(profiles)('%s', (profile) => {
  const { tagBytes, rtcpTagBytes } = SRTP_TRANSFORMS[profile];

  it('carries any RTP packet: sources, extension, padding, no payload; header in the clear, tag behind', () => {
    const u32 = fc.nat(0xffff_ffff);
    const any = fc.record({
      marker: fc.boolean(),
      payloadType: fc.nat(63),
      sequenceNumber: fc.nat(0xffff),
      timestamp: u32,
      ssrc: u32,
      csrcs: fc.array(u32, { maxLength: 15 }),
      extension: fc.constantFrom(undefined, {
        profile: 0xbede,
        data: Uint8Array.of(0x10, 5, 0, 0),
      }),
      payload: fc.uint8Array({ maxLength: 200 }),
      paddingBytes: fc.nat(9),
    });
    fc.assert(
      fc.property(any, ({ extension, ...rest }) => {
        const packet = serializeRtp(extension === undefined ? rest : { ...rest, extension });
        const before = packet.slice();
        const sealed = bytesOf(context(profile).protect(packet));
        const headerBytes = packet.length - rest.payload.length - rest.paddingBytes;
        expect(packet).toEqual(before);
        expect(sealed.length).toBe(packet.length + tagBytes);
        expect(sealed.slice(0, headerBytes)).toEqual(packet.slice(0, headerBytes));
        const sealedBefore = sealed.slice();
        expect(bytesOf(context(profile).unprotect(sealed))).toEqual(packet);
        expect(sealed).toEqual(sealedBefore);
      }),
    );
  });

  it('carries RTCP with E flag and index; an index a packet and a source of its own', () => {
    const sender = context(profile);
    const receiver = context(profile);
    for (const [ssrc, index] of [
      [7, 0],
      [8, 0],
      [7, 1],
      [7, 2],
    ] as const) {
      const sealed = bytesOf(sender.protect(rtcp(ssrc)));
      expect(sealed.length).toBe(12 + 4 + rtcpTagBytes);
      const at = profile.includes('GCM') ? sealed.length - 4 : 12;
      expect(new DataView(sealed.buffer).getUint32(at)).toBe(0x8000_0000 + index);
      expect(sealed.slice(8, 12)).not.toEqual(rtcp(ssrc).slice(8, 12));
      expect(bytesOf(receiver.unprotect(sealed))).toEqual(rtcp(ssrc));
    }
    const open = bytesOf(sender.protectRtcp(rtcp(7), false));
    expect(open.slice(0, 12)).toEqual(rtcp(7));
    expect(bytesOf(receiver.unprotect(open))).toEqual(rtcp(7));
    expect([receiver.rtcpPackets, receiver.rtpPackets]).toEqual([5, 0]);
  });

  it('keeps a rollover counter a source over two wraps, with packets lost and late at the wrap', () => {
    const sender = context(profile);
    const receiver = context(profile);
    const sent: [plain: Uint8Array, sealed: Uint8Array][] = [];
    const send = (sequence: number, ssrc?: number): void => {
      const plain = rtp(sequence, ssrc === undefined ? {} : { ssrc });
      sent.push([plain, bytesOf(sender.protect(plain))]);
    };
    // steps of 20000 stay below half of the sequence numbers; another source goes its own way
    for (let sequence = 65_000; sequence < 200_000; sequence += 20_000) send(sequence);
    for (let sequence = 65_530; sequence < 65_545; sequence += 1) send(sequence, 9);
    const late = sent.splice(9, 2);
    sent.splice(14, 0, ...late);
    for (const [plain, sealed] of sent) expect(bytesOf(receiver.unprotect(sealed))).toEqual(plain);
    expect(sent.length).toBe(7 + 15);
  });

  it('refuses a wrong tag, a wrong ROC and another key as auth, and forgets that they came', () => {
    const sender = context(profile);
    const receiver = context(profile);
    const sealed = bytesOf(sender.protect(rtp(5)));
    const control = bytesOf(sender.protect(rtcp(5)));
    for (const [packet, from] of [
      [sealed, 12],
      [control, 8],
    ] as const) {
      // the last four bytes of SRTCP with GCM are the index, which a change makes another nonce
      for (let at = from; at < packet.length; at += 1) {
        const changed = packet.slice();
        changed[at] = (changed[at] as number) ^ 0x04;
        expect(outcomeOf(receiver.unprotect(changed))).toBe('auth');
      }
    }
    expect(outcomeOf(context(profile, {}, 2).unprotect(sealed))).toBe('auth');
    // who was not there at the wrap takes the rollover counter for 0
    bytesOf(sender.protect(rtp(60_000, { ssrc: 3 })));
    const wrapped = bytesOf(sender.protect(rtp(70_000, { ssrc: 3 })));
    expect(outcomeOf(context(profile).unprotect(wrapped))).toBe('auth');
    expect(outcomeOf(receiver.unprotect(sealed))).toBe('ok');
    expect(outcomeOf(receiver.unprotect(control))).toBe('ok');
    expect(receiver.dropped.auth).toBe(sealed.length - 12 + control.length - 8);
  });

  it('refuses what was seen and what is older than the window; what is late within it passes once', () => {
    const sender = context(profile);
    const receiver = context(profile, { replayWindow: 64 });
    const sealed = Array.from({ length: 200 }, (_, i) => bytesOf(sender.protect(rtp(65_500 + i))));
    const control = Array.from({ length: 200 }, () => bytesOf(sender.protect(rtcp(1))));
    for (const packets of [sealed, control]) {
      const take = (at: number): string => outcomeOf(receiver.unprotect(packets[at] as Uint8Array));
      expect([0, 0, 100, 100, 99, 37, 37, 36, 101, 38, 37].map(take)).toEqual([
        'ok',
        'replay',
        'ok',
        'replay',
        'ok',
        'ok', // 63 behind
        'replay',
        'replay', // 64 behind
        'ok',
        'ok',
        'replay',
      ]);
      // a leap over the whole window leaves nothing of it behind
      expect([199, 136, 135, 199].map(take)).toEqual(['ok', 'ok', 'replay', 'replay']);
    }
    expect(receiver.dropped).toEqual({
      short: 0,
      malformed: 0,
      replay: 14,
      auth: 0,
      exhausted: 0,
      sources: 0,
    });
  });

  it('never throws and lets nothing through: random, truncated and changed bytes are counted by reason', () => {
    const sender = context(profile);
    const good = [rtp(1), rtp(2, { csrcs: [1, 2] }), rtcp(3)].map((packet) =>
      bytesOf(sender.protect(packet)),
    );
    const changed = fc
      .tuple(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
        fc.nat(80),
      )
      .map(([packet, changes, length]) => {
        const bytes = packet.slice();
        for (const [at, to] of changes) bytes[at % bytes.length] = to;
        return bytes.slice(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), changed), fc.boolean(), (bytes, control) => {
        const receiver = context(profile);
        const result = control ? receiver.unprotectRtcp(bytes) : receiver.unprotect(bytes);
        if (result.ok) expect(good).toContainEqual(bytes);
        else expect(receiver.dropped[result.reason]).toBe(1);
        context(profile).protect(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('names short and malformed packets', () => {
    const receiver = context(profile);
    const sender = context(profile);
    const filled = (first: number, second: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(length);
      bytes[0] = first;
      bytes[1] = second;
      return bytes;
    };
    expect(outcomeOf(receiver.unprotect(new Uint8Array(0)))).toBe('short');
    expect(outcomeOf(receiver.unprotect(filled(0x80, 111, 11 + tagBytes)))).toBe('short');
    expect(outcomeOf(receiver.unprotect(filled(0x80, 111, 12 + tagBytes)))).toBe('auth');
    expect(outcomeOf(receiver.unprotect(filled(0x81, 111, 15 + tagBytes)))).toBe('malformed');
    expect(outcomeOf(receiver.unprotect(filled(0x90, 111, 15 + tagBytes)))).toBe('malformed');
    expect(outcomeOf(receiver.unprotect(filled(0x40, 111, 50)))).toBe('malformed');
    expect(outcomeOf(receiver.unprotect(filled(0x80, 111, 65_536)))).toBe('malformed');
    expect(outcomeOf(receiver.unprotect(filled(0x80, 200, 11 + rtcpTagBytes)))).toBe('short');
    expect(outcomeOf(receiver.unprotect(filled(0x80, 200, 12 + rtcpTagBytes)))).toBe('auth');
    expect(outcomeOf(receiver.unprotect(filled(0x00, 200, 50)))).toBe('malformed');
    expect(outcomeOf(sender.protect(filled(0x80, 111, 11)))).toBe('short');
    expect(outcomeOf(sender.protect(filled(0x8f, 111, 71)))).toBe('malformed');
    expect(outcomeOf(sender.protect(filled(0x80, 201, 7)))).toBe('short');
  });
});

describe('a context', () => {
  const profile = 'SRTP_AES128_CM_HMAC_SHA1_80';

  it('never gives out a key stream twice, unless retransmissions are said to be the same bytes', () => {
    const sender = context(profile);
    expect(outcomeOf(sender.protect(rtp(10)))).toBe('ok');
    expect(outcomeOf(sender.protect(rtp(10)))).toBe('replay');
    const repeating = context(profile, { repeats: true });
    const first = bytesOf(repeating.protect(rtp(10)));
    bytesOf(repeating.protect(rtp(11)));
    expect(bytesOf(repeating.protect(rtp(10)))).toEqual(first);
  });

  it('stops when its key is used up', () => {
    const sender = context(profile, { mostPackets: 2 });
    const receiver = context(profile, { mostPackets: 1 });
    const first = bytesOf(sender.protect(rtp(1)));
    const second = bytesOf(sender.protect(rtp(2)));
    expect(outcomeOf(sender.protect(rtp(3)))).toBe('exhausted');
    // RTP and RTCP have keys of their own (RFC 5764 4.4)
    expect(outcomeOf(sender.protect(rtcp(1)))).toBe('ok');
    expect([first, second].map((packet) => outcomeOf(receiver.unprotect(packet)))).toEqual([
      'ok',
      'exhausted',
    ]);
  });

  it('keeps no more than 1024 sources, and none that has not proved itself', () => {
    const sender = context(profile);
    const receiver = context(profile);
    const forger = context(profile, {}, 2);
    const outcomes = new Map<string, number>();
    for (let ssrc = 0; ssrc < 1100; ssrc += 1) {
      receiver.unprotect(
        bytesOf(ssrc < 1024 ? forger.protect(rtp(1, { ssrc })) : { ok: true, packet: rtp(1) }),
      );
      const sealed = sender.protect(rtp(1, { ssrc }));
      const outcome = sealed.ok ? outcomeOf(receiver.unprotect(sealed.packet)) : sealed.reason;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(Object.fromEntries(outcomes)).toEqual({ ok: 1024, sources: 76 });
  });

  it('of one end of DTLS opens what the other end seals (RFC 5764 4.2)', () => {
    const keys = {
      srtpProfile: profile,
      clientKey: new Uint8Array(16).fill(1),
      serverKey: new Uint8Array(16).fill(2),
      clientSalt: new Uint8Array(14).fill(3),
      serverSalt: new Uint8Array(14).fill(4),
    } as const;
    const client = srtpContexts(keys, 'client');
    const server = srtpContexts(keys, 'server');
    expect(bytesOf(server.inbound.unprotect(bytesOf(client.outbound.protect(rtp(1)))))).toEqual(rtp(1));
    expect(bytesOf(client.inbound.unprotect(bytesOf(server.outbound.protect(rtp(2)))))).toEqual(rtp(2));
    expect(outcomeOf(server.inbound.unprotect(bytesOf(server.outbound.protect(rtp(3)))))).toBe('auth');
  });

  it('takes no key, salt or window of another length', () => {
    const key = new Uint8Array(16);
    expect(() => new SrtpContext(profile, { key, salt: new Uint8Array(12) })).toThrow(RangeError);
    expect(() => new SrtpContext('SRTP_AEAD_AES_256_GCM', { key, salt: new Uint8Array(12) })).toThrow(
      RangeError,
    );
    expect(() => context(profile, { replayWindow: 63 }).protect(rtp(1))).toThrow(RangeError);
  });
});
