import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SrtcpSession, SrtpSession } from 'werift';
import { runScenario } from '../src/explore/index.js';
import { renderKeyLog, renderPcapng } from '../src/render/index.js';
import { laboratory, makeEnd, rtcpPacket, rtpPacket, told } from '../src/stack/webrtc/testbed.js';
import { requireProgram } from '../src/testing/programs.js';
import type { Trace } from '../src/trace/index.js';
import { SRTP_PROFILES, type SrtpProfile } from '../src/wire/dtls/index.js';
import { isRtcp, parseRtp } from '../src/wire/rtp/index.js';
import { imsUeToWic } from './call/ims-ue-to-wic.js';
import { wicToImsUe } from './call/wic-to-ims-ue.js';
import { type SrtpFlow, srtpFlows } from './fixtures/srtp-flows.js';

const tshark = requireProgram('tshark');
const folder = mkdtempSync(join(tmpdir(), 'imslab-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The packets of a flow as werift decrypts them, RTP and RTCP apart. */
function decrypted({ profile, key, salt, packets }: SrtpFlow): { rtp: Uint8Array[]; rtcp: Uint8Array[] } {
  const master = { key: Buffer.from(key), salt: Buffer.from(salt) };
  const keys = {
    localMasterKey: master.key,
    localMasterSalt: master.salt,
    remoteMasterKey: master.key,
    remoteMasterSalt: master.salt,
  };
  const config = { keys, profile: SRTP_PROFILES[profile].code as 1 | 7 };
  const srtp = new SrtpSession(config);
  const srtcp = new SrtcpSession(config);
  const rtp: Uint8Array[] = [];
  const rtcp: Uint8Array[] = [];
  for (const packet of packets) {
    if (isRtcp(packet[1])) rtcp.push(new Uint8Array(srtcp.decrypt(Buffer.from(packet))));
    else rtp.push(new Uint8Array(srtp.decrypt(Buffer.from(packet))));
  }
  return { rtp, rtcp };
}

/** Two transports that have said one thing each way. */
function conversation(profile: SrtpProfile): Trace {
  const { kernel, hosts } = laboratory();
  const one = makeEnd(hosts[0], 1, {
    setup: 'actpass',
    rtcpMux: 'require',
    srtpProfiles: [profile],
    ice: { role: 'controlling' },
  });
  const other = makeEnd(hosts[1], 1, { setup: 'active', rtcpMux: 'require', ice: { full: false } });
  other.transport.setRemote(told(one.transport.local));
  one.transport.setRemote(told(other.transport.local));
  kernel.run({ untilUs: 1_000_000 });
  for (const { transport } of [one, other]) {
    for (const number of [1, 2, 3]) transport.sendRtp(rtpPacket(number));
    transport.sendRtcp(rtcpPacket());
  }
  kernel.run({ untilUs: 1_100_000 });
  one.transport.close();
  kernel.run({ untilUs: 1_200_000 });
  other.transport.close();
  kernel.run();
  return kernel.trace as Trace;
}

/** The values of a field in the packets of a capture that a filter leaves. */
function ask(trace: Trace, filter: string, field: string): string[] {
  const file = join(folder, 'capture.pcapng');
  writeFileSync(file, renderPcapng(trace));
  const args = ['-n', '-r', file, '-Y', filter, '-T', 'fields', '-e', field];
  const output = execFileSync(tshark ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return output.split('\n').filter((line) => line !== '');
}

describe('the secrets in a trace', () => {
  it.each(['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'] as const)(
    'let werift decrypt %s, packet for packet',
    (profile) => {
      const flows = srtpFlows(conversation(profile));
      expect(flows).toHaveLength(2);
      for (const flow of flows) {
        expect(flow.profile).toBe(profile);
        expect(decrypted(flow)).toEqual({ rtp: [1, 2, 3].map(rtpPacket), rtcp: [rtcpPacket()] });
      }
    },
  );

  it('are one line an association in the key log, and none where nothing is secured', () => {
    const trace = conversation('SRTP_AEAD_AES_128_GCM');
    expect(renderKeyLog(trace)).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
    expect(renderKeyLog(laboratory().kernel.trace as Trace)).toBe('');
  });

  it.skipIf(tshark === undefined)('let tshark read the Finished of both ends, from the capture alone', () => {
    const trace = conversation('SRTP_AEAD_AES_128_GCM');
    const types = ask(trace, 'dtls', 'dtls.handshake.type').join(',').split(',');
    // ClientHello and ServerHello once each; Finished only shows when it was decrypted
    expect(types.filter((type) => type === '1')).toHaveLength(1);
    expect(types.filter((type) => type === '20')).toHaveLength(2);
    // and so does the close_notify of the one that closed first (RFC 5246 7.2.1)
    expect(ask(trace, 'dtls.alert_message', 'dtls.alert_message.desc')).toEqual(['0']);
    const without = trace.events.filter(({ body }) => body.kind !== 'keys');
    const blind = { ...trace, hosts: trace.hosts, events: without, event: (id: number) => trace.event(id) };
    expect(ask(blind as unknown as Trace, 'dtls.handshake.type == 20', 'dtls.handshake.type')).toEqual([]);
  });

  it.each([wicToImsUe, imsUeToWic])(
    'of $name open the access leg to werift: what the core carries, packet for packet',
    (scenario) => {
      const result = runScenario(scenario);
      expect(result.violations).toEqual([]);
      const trace = result.trace as Trace;
      const flows = srtpFlows(trace);
      expect(flows).toHaveLength(2);
      const core = (trace.of('packet.sent') ?? [])
        .map(({ body }) => body.packet)
        .filter(
          ({ realm, protocol, data }) => realm === 'core' && protocol === 'udp' && (data[0] ?? 0) >> 6 === 2,
        )
        .filter(({ data }) => !isRtcp(data[1]))
        .map(({ data }) => payloadOf(data));
      const seen = new Set(core);
      for (const flow of flows) {
        const { rtp, rtcp } = decrypted(flow);
        expect(rtp.length).toBeGreaterThan(90);
        expect(rtcp.length).toBeGreaterThan(0);
        const crossed = rtp.map(payloadOf).filter((payload) => seen.has(payload));
        // what came before the gate was opened went no further
        expect(crossed.length).toBeGreaterThanOrEqual(rtp.length - 5);
      }
    },
  );
});

/** Payload and sequence number, by which a packet is known on both sides of the gateway. */
function payloadOf(bytes: Uint8Array): string {
  const read = parseRtp(bytes);
  return read.ok ? Buffer.from(read.value.payload).toString('hex') : 'unreadable';
}
