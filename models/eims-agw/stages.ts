import type { Host } from '../../src/network/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import type { Drops } from './drops.js';
import type { Stage } from './pipeline.js';
import type { PlainTransport } from './plain-transport.js';
import type { Reception } from './reception.js';
import type { Latching, StreamSettings } from './stream-settings.js';
import { type Rate, TokenBucket } from './token-bucket.js';

/** IP and UDP headers, which rates count (RFC 791 3.1, RFC 8200 3, RFC 768). */
const UDP_BYTES = 8;

/** Drops what does not come from where it should: remote source filtering (TS 23.334 5.5, gm/saf, gm/spf). */
export function sourceFilter(
  settings: StreamSettings,
  remote: () => Endpoint | undefined,
  drops: Drops,
): Stage | undefined {
  const { filtersAddress, addresses, filtersPort, ports } = settings;
  if (!filtersAddress && !filtersPort) return undefined;
  return (packet, from) => {
    const far = remote();
    const addressFits =
      !filtersAddress || (addresses === undefined ? far?.ip === from.ip : addresses(from.ip));
    const portFits =
      !filtersPort ||
      (ports === undefined ? far?.port === from.port : ports.low <= from.port && from.port <= ports.high);
    if (addressFits && portFits) return packet;
    drops.source++;
    return undefined;
  };
}

/**
 * Takes where packets come from for where they go to (ipnapt/latch): from the first packet on, and for RELATCH once more when a
 * packet comes from elsewhere.
 */
export class Latch {
  readonly #transport: PlainTransport;
  #latching: Latching;
  #latched: Endpoint | undefined;
  #latchedRtcp: Endpoint | undefined;

  constructor(transport: PlainTransport, latching: Latching) {
    this.#transport = transport;
    this.#latching = latching;
  }

  readonly rtp: Stage = (packet, from) => {
    if (this.#takes(this.#latched, from)) {
      // one new source is what RELATCH waits for; it is a plain latch then (H.248.37 6)
      if (this.#latched !== undefined) this.#latching = 'LATCH';
      this.#latched = from;
      this.#transport.remote = from;
    }
    return packet;
  };

  readonly rtcp: Stage = (packet, from) => {
    if (this.#takes(this.#latchedRtcp, from)) {
      this.#latchedRtcp = from;
      this.#transport.remoteRtcp = from;
    }
    return packet;
  };

  #takes(latched: Endpoint | undefined, from: Endpoint): boolean {
    if (latched === undefined) return true;
    return this.#latching === 'RELATCH' && (latched.ip !== from.ip || latched.port !== from.port);
  }

  /** The signal once more: what is latched stays until another source is heard. */
  relatch(): void {
    this.#latching = 'RELATCH';
    const { remote, remoteRtcp } = this.#transport;
    this.#latched ??= remote;
    this.#latchedRtcp ??= remoteRtcp;
  }

  /** Writes what is latched into the transport again, over a new description (H.248.37 6). */
  hold(): void {
    if (this.#latched !== undefined) this.#transport.remote = this.#latched;
    if (this.#latchedRtcp !== undefined) this.#transport.remoteRtcp = this.#latchedRtcp;
  }
}

/** Drops what exceeds the rates that were agreed (tman/pol; TS 23.334 5.9.1). */
export function police(
  rates: readonly Rate[],
  ipHeaderBytes: number,
  host: Host,
  drops: Drops,
): Stage | undefined {
  if (rates.length === 0) return undefined;
  const { kernel } = host;
  const buckets = rates.map((rate) => new TokenBucket(rate, kernel.now));
  const headers = ipHeaderBytes + UDP_BYTES;
  return (packet) => {
    // a packet must not take from one bucket what the other refuses, but then it is dropped: the loss is on the safe side
    for (const bucket of buckets) {
      if (bucket.take(packet.length + headers, kernel.now)) continue;
      drops.rate++;
      return undefined;
    }
    return packet;
  };
}

/** Counts what comes in. */
export function count(reception: Reception, host: Host, clockRate: number): Stage {
  const { kernel } = host;
  const ticksPerUs = clockRate / 1e6;
  return (packet) => {
    reception.count(packet, Math.round(kernel.now * ticksPerUs));
    return packet;
  };
}

/** A gate that is closed (TS 23.334 5.4). */
export function closedGate(drops: Drops): Stage {
  return () => {
    drops.gate++;
    return undefined;
  };
}
