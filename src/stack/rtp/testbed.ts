import { Kernel } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import { parseRtcp, type RtcpPacket } from '../../wire/rtcp/index.js';
import { serializeRtp } from '../../wire/rtp/index.js';
import { RtpSession, type RtpSessionOptions } from './index.js';

/** An RTCP datagram as it was sent. */
export interface SentRtcp {
  readonly us: number;
  readonly from: 'left' | 'right';
  readonly bytes: Uint8Array;
  readonly packets: readonly RtcpPacket[];
}

/** Two sessions with a path between them, for the tests of this folder. */
export class Testbed {
  readonly kernel: Kernel;
  readonly sent: SentRtcp[] = [];
  readonly left: RtpSession;
  readonly right: RtpSession;
  readonly hosts: { readonly left: Host; readonly right: Host };
  readonly #delayUs: number;

  /** @param delayUs from one end to the other */
  constructor(
    options: {
      readonly both?: Partial<RtpSessionOptions>;
      readonly left?: Partial<RtpSessionOptions>;
      readonly right?: Partial<RtpSessionOptions>;
      readonly delayUs?: number;
      readonly seed?: number;
      readonly trace?: boolean;
    } = {},
  ) {
    this.kernel = new Kernel({ seed: options.seed ?? 1, trace: options.trace ?? false });
    this.#delayUs = options.delayUs ?? 50_000;
    const network = new Network(this.kernel);
    this.hosts = {
      left: network.addHost({ name: 'left', role: 'UE', addresses: { test: '10.0.0.1' } }),
      right: network.addHost({ name: 'right', role: 'UE', addresses: { test: '10.0.0.2' } }),
    };
    const common = { id: 'media/1 rtcp', clockRateHz: 8000, ...options.both };
    this.left = new RtpSession(this.hosts.left, {
      cname: 'left',
      ssrc: 1,
      sendRtcp: (bytes) => this.#carry('left', bytes),
      ...common,
      ...options.left,
    });
    this.right = new RtpSession(this.hosts.right, {
      cname: 'right',
      ssrc: 2,
      sendRtcp: (bytes) => this.#carry('right', bytes),
      ...common,
      ...options.right,
    });
  }

  #carry(from: 'left' | 'right', bytes: Uint8Array): void {
    const read = parseRtcp(bytes);
    if (!read.ok) throw new Error(read.error.what);
    this.sent.push({ us: this.kernel.now, from, bytes, packets: read.value });
    const to = from === 'left' ? 'right' : 'left';
    this.hosts[to].schedule(this.#delayUs, () => this[to].receiveRtcp(bytes));
  }

  /** Sends RTP from the left to the right, a packet every 20 ms; those of `lost` do not arrive. */
  stream(first: number, count: number, lost: ReadonlySet<number> = new Set()): void {
    for (let i = 0; i < count; i += 1) {
      this.hosts.left.schedule(20_000 * i, () => {
        const packet = rtpPacket(1, first + i);
        this.left.sentRtp(packet);
        if (lost.has(first + i)) return;
        this.hosts.right.schedule(this.#delayUs, () => this.right.receiveRtp(packet));
      });
    }
  }

  /** Runs for so many microseconds. */
  run(us: number): void {
    const until = this.kernel.now + us;
    let reached = false;
    this.kernel.schedule(us, 'left', () => {
      reached = true;
    });
    this.kernel.run({}, () => reached && this.kernel.now >= until);
    if (this.kernel.failure !== undefined) throw new Error(this.kernel.failure.reason);
  }

  /** Datagrams of one end that hold a packet of a type. */
  sentBy(from: 'left' | 'right', type?: RtcpPacket['type']): SentRtcp[] {
    return this.sent.filter(
      (one) =>
        one.from === from && (type === undefined || one.packets.some((packet) => packet.type === type)),
    );
  }
}

/** A packet of G.711, 20 ms: its timestamp follows from its number. */
export function rtpPacket(ssrc: number, sequence: number, csrcs: readonly number[] = []): Uint8Array {
  return serializeRtp({
    marker: false,
    payloadType: 8,
    sequenceNumber: sequence & 0xffff,
    timestamp: (160 * sequence) >>> 0,
    ssrc,
    csrcs,
    payload: new Uint8Array(160),
    paddingBytes: 0,
  });
}
