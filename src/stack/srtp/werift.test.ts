import { describe, expect, it } from 'vitest';
import { RtpPacket, SrtcpSession, SrtpSession } from 'werift';
import { serializeRtp } from '../../wire/rtp/index.js';
import { type SrtpKeys, type SrtpProfile, srtpContexts } from './index.js';

const profiles = [
  ['SRTP_AES128_CM_HMAC_SHA1_80', 1, 14],
  ['SRTP_AEAD_AES_128_GCM', 7, 12],
] as const;

function keysFor(srtpProfile: SrtpProfile, saltBytes: number): SrtpKeys {
  const filled = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => seed + 37 * i);
  return {
    srtpProfile,
    clientKey: filled(16, 1),
    serverKey: filled(16, 2),
    clientSalt: filled(saltBytes, 3),
    serverSalt: filled(saltBytes, 4),
  };
}

/** A packet with everything a header may have, over the wrap of the sequence number. */
function packet(sequence: number): Uint8Array {
  return serializeRtp({
    marker: sequence % 3 === 0,
    payloadType: 96,
    sequenceNumber: sequence & 0xffff,
    timestamp: 960 * sequence,
    ssrc: 0xdeadbeef,
    csrcs: sequence % 5 === 0 ? [1, 2] : [],
    extension: { profile: 0xbede, data: Uint8Array.of(0x10, sequence, 0, 0) },
    payload: Uint8Array.from({ length: 20 + (sequence % 150) }, (_, i) => sequence + i),
    paddingBytes: 0,
  });
}

/** A sender report without blocks, and an SDES. */
function control(count: number): Uint8Array {
  const report = new Uint8Array(28 + 12);
  report.set([0x80, 200, 0, 6, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, count]);
  report.set([0x81, 202, 0, 2, 0xde, 0xad, 0xbe, 0xef, 1, 1, 0x61, 0], 28);
  return report;
}

describe.each(profiles)('with %s, werift', (profile, code, saltBytes) => {
  const keys = keysFor(profile, saltBytes);
  const config = {
    keys: {
      localMasterKey: Buffer.from(keys.serverKey),
      localMasterSalt: Buffer.from(keys.serverSalt),
      remoteMasterKey: Buffer.from(keys.clientKey),
      remoteMasterSalt: Buffer.from(keys.clientSalt),
    },
    profile: code,
  };

  it('decrypts our RTP packet for packet and we its, over the rollover of the sequence number', () => {
    const ours = srtpContexts(keys, 'client');
    const theirs = new SrtpSession(config);
    for (let sequence = 65_400; sequence < 65_700; sequence += 1) {
      const plain = packet(sequence);
      const sealed = ours.outbound.protect(plain);
      if (!sealed.ok) throw new Error(sealed.reason);
      expect(new Uint8Array(theirs.decrypt(Buffer.from(sealed.packet)))).toEqual(plain);

      const parsed = RtpPacket.deSerialize(Buffer.from(plain));
      const received = ours.inbound.unprotect(new Uint8Array(theirs.encrypt(parsed.payload, parsed.header)));
      expect(received).toEqual({ ok: true, packet: plain });
    }
  });

  it('decrypts our RTCP packet for packet and we its', () => {
    const ours = srtpContexts(keys, 'client');
    const theirs = new SrtcpSession(config);
    for (let count = 0; count < 200; count += 1) {
      const plain = control(count);
      const sealed = ours.outbound.protect(plain);
      if (!sealed.ok) throw new Error(sealed.reason);
      expect(new Uint8Array(theirs.decrypt(Buffer.from(sealed.packet)))).toEqual(plain);
      const received = ours.inbound.unprotect(new Uint8Array(theirs.encrypt(Buffer.from(plain))));
      expect(received).toEqual({ ok: true, packet: plain });
    }
  });
});
