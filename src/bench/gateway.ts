import { policyWith } from '../../models/common/index.js';
import { EimsAgw, eimsAgwPolicy } from '../../models/eims-agw/index.js';
import { Kernel } from '../kernel/index.js';
import { type Host, Network } from '../network/index.js';
import { type UdpBase, udpBase } from '../stack/ice/index.js';
import { MegacoEndpoint } from '../stack/megaco/index.js';
import {
  hostCertificate,
  remoteTransport,
  SecureTransport,
  transportAttributes,
} from '../stack/webrtc/index.js';
import { type Command, makeAction, streamsOf } from '../wire/megaco/index.js';
import { type MediaDescription, parseSdp, type SessionDescription, serializeSdp } from '../wire/sdp/index.js';
import { cpuSeconds, rate } from './measure.js';

const PACKETS = 20_000;

const GATEWAY = '2001:db8::10';

/** A gateway with a controller, and a host on either side. */
interface Bed {
  readonly kernel: Kernel;
  readonly left: Host;
  readonly right: Host;
  readonly megaco: MegacoEndpoint;
}

function makeBed(seed = 1): Bed {
  const kernel = new Kernel({ seed });
  const network = new Network(kernel);
  const controller = network.addHost({
    name: 'ep-cscf',
    role: 'eP-CSCF',
    addresses: { core: '2001:db8::1' },
  });
  const gateway = network.addHost({
    name: 'eims-agw',
    role: 'eIMS-AGW',
    addresses: { access: '192.0.2.10', core: GATEWAY },
  });
  const left = network.addHost({ name: 'left', role: 'WIC', addresses: { access: '192.0.2.20' } });
  const right = network.addHost({ name: 'right', role: 'UE', addresses: { core: '2001:db8::20' } });
  new EimsAgw(gateway, policyWith(eimsAgwPolicy));
  return { kernel, left, right, megaco: new MegacoEndpoint(controller, { realm: 'core' }) };
}

/** Reserves both sides, and the access side's description. */
function reserve(
  { kernel, megaco }: Bed,
  access: Command,
): { session: SessionDescription; media: MediaDescription } {
  let told: SessionDescription | undefined;
  const core = add('core', plain('IP6', '$', '$'), plain('IP6', '2001:db8::20', '41000'));
  megaco.request({ ip: GATEWAY, port: 2944 }, [makeAction('$', [access, core])], (result) => {
    const command = 'actions' in result ? result.actions[0]?.commands[0] : undefined;
    const local = command === undefined ? undefined : parseSdp(streamsOf(command)[0]?.local ?? '');
    if (local?.ok === true) told = local.value;
  });
  kernel.run({}, () => told !== undefined);
  const media = told?.media[0];
  if (told === undefined || media === undefined) throw new Error('nothing was reserved');
  return { session: told, media };
}

/** RTP packets a second through the gateway's pipeline, from plain RTP to plain RTP, links included. */
export function gatewayPackets(): number {
  const bed = makeBed();
  const { kernel, left, megaco } = bed;
  const access = add('access', plain('IP4', '$', '$'), plain('IP4', '192.0.2.20', '41000'));
  const { media } = reserve(bed, access);
  const socket = left.udp('access', 41_000, () => {});
  const packet = rtp();
  const to = { ip: '192.0.2.10', port: media.port };
  const perSecond = passes(bed, () => socket.send(packet, to));
  megaco.close();
  kernel.run();
  return perSecond;
}

/**
 * RTP packets a second through the gateway's pipeline, from SRTP to plain RTP, links included. What the sender does to protect
 * them is not counted.
 */
export function securePackets(): number {
  const bed = makeBed();
  const { kernel } = bed;
  const sent: Uint8Array[] = [];
  const { transport, base, port } = connect(bed);
  const put = base.send.bind(base);
  base.send = (bytes) => sent.push(bytes);
  // every packet has a number of its own: what repeats would be refused as a replay
  const packet = rtp();
  const to = { ip: '192.0.2.10', port };
  let number = 0;
  let fastest = 0;
  for (let round = 0; round < 6; round++) {
    sent.length = 0;
    for (let i = 0; i < PACKETS; i++) {
      const next = packet.slice();
      next[2] = (number >> 8) & 0xff;
      next[3] = number & 0xff;
      number++;
      transport.sendRtp(next);
    }
    const batch = sent.slice();
    const heard = listen(bed);
    for (let i = 0; i < PACKETS; i++) {
      kernel.schedule(i, 'left', () => put(batch[i] as Uint8Array, to));
    }
    const seconds = cpuSeconds(() => kernel.run({}, () => heard.count() === PACKETS));
    if (heard.count() !== PACKETS) throw new Error(`${heard.count()} packets came through`);
    heard.stop();
    fastest = Math.max(fastest, PACKETS / seconds);
  }
  transport.close();
  bed.megaco.close();
  return fastest;
}

/** Processor time of an ICE and DTLS set-up of both ends, in ms, once keys are warm. */
export function iceDtlsSetupMs(): number {
  const setUps = (count: number, from: number): void => {
    for (let i = 0; i < count; i++) connect(makeBed(from + i)).transport.close();
  };
  // the engine compiles what runs often: a campaign has thousands of calls
  setUps(1000, 100);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const without = cpuSeconds(() => {
      for (let i = 0; i < 40; i++) reserve(makeBed(1000 + i), add('access', plain('IP4', '$', '$')));
    });
    const all = cpuSeconds(() => setUps(40, 1000 + 40 * round));
    least = Math.min(least, (1000 * (all - without)) / 40);
  }
  return least;
}

/** A browser's end that has found its way to the gateway and agreed on keys. */
function connect(bed: Bed): { transport: SecureTransport; base: UdpBase; port: number } {
  const { kernel, left } = bed;
  let ready = false;
  const base = udpBase(left, { realm: 'access', port: 50_000 });
  const transport = new SecureTransport(left, {
    id: 'media',
    bases: [base],
    ice: { role: 'controlling', patienceMs: 0 },
    certificate: hostCertificate(left),
    setup: 'actpass',
    rtcpMux: 'require',
    onReady: () => {
      ready = true;
    },
  });
  transport.gather();
  const line: MediaDescription = {
    media: 'audio',
    port: 50_000,
    proto: 'UDP/TLS/RTP/SAVPF',
    formats: ['0'],
    bandwidth: [],
    otherLines: [],
    attributes: transportAttributes(transport.local, true),
  };
  const remote = { version: 0, bandwidth: [], attributes: [], otherLines: [], timing: [], media: [line] };
  const local = [
    'v=0',
    'c=IN IP4 $',
    'm=audio $ UDP/TLS/RTP/SAVPF 0',
    'a=ice-ufrag:$',
    'a=ice-pwd:$',
    'a=candidate:$',
    'a=fingerprint:sha-256 $',
    'a=setup:passive',
    'a=rtcp-mux',
    '',
  ].join('\r\n');
  const { session, media } = reserve(bed, add('access', local, serializeSdp(remote)));
  transport.setRemote(remoteTransport(session, media));
  kernel.run({ untilUs: kernel.now + 10_000_000 }, () => ready);
  if (!ready) throw new Error('no keys were agreed on');
  // the server is ready half a round trip later
  kernel.run({ untilUs: kernel.now + 100_000 });
  return { transport, base, port: media.port };
}

/** How often a second a packet that `send` sends comes out on the right. */
function passes(bed: Bed, send: () => void): number {
  const { kernel } = bed;
  const heard = listen(bed);
  return rate(() => {
    const before = heard.count();
    for (let i = 0; i < PACKETS; i++) kernel.schedule(i, 'left', send);
    kernel.run({}, () => heard.count() - before === PACKETS);
    if (heard.count() - before !== PACKETS) throw new Error(`${heard.count() - before} packets came through`);
  }, PACKETS);
}

function listen({ right }: Bed): { count(): number; stop(): void } {
  let heard = 0;
  const socket = right.udp('core', 41_000, () => {
    heard++;
  });
  return { count: () => heard, stop: () => socket.close() };
}

/** G.711, 20 ms (RFC 3551 4.5). */
function rtp(): Uint8Array {
  const packet = new Uint8Array(172);
  packet[0] = 0x80;
  packet[11] = 1;
  return packet;
}

function plain(addressType: string, address: string, port: string): string {
  return `v=0\r\nc=IN ${addressType} ${address}\r\nm=audio ${port} RTP/AVP 0\r\n`;
}

function add(realm: string, local: string, remote?: string): Command {
  const localControl = { mode: 'SendReceive', properties: [] } as const;
  const stream = { id: 1, localControl, local, ...(remote === undefined ? {} : { remote }), raw: [] };
  return {
    name: 'Add',
    terminationId: `ip/${realm}/$`,
    descriptors: [{ kind: 'Media', streams: [stream], raw: [] }],
  };
}
