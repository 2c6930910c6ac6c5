import type { Endpoint } from '../../src/trace/index.js';

/**
 * One step of a packet's way through the gateway: the packet to go on with, or nothing when it goes no further. Commands of
 * H.248 decide which stages there are; packets then only run through them.
 */
export type Stage = (packet: Uint8Array, from: Endpoint) => Uint8Array | undefined;

/** Where a packet's way ends. */
export type Sink = (packet: Uint8Array) => void;

/** What a socket hands its packets to. */
export type Inlet = (packet: Uint8Array, from: Endpoint) => void;

/** Stages one after the other, and the sink behind the last. */
export function pipeline(stages: readonly Stage[], sink: Sink): Inlet {
  return (packet, from) => {
    let current: Uint8Array | undefined = packet;
    for (let i = 0; i < stages.length; i++) {
      current = (stages[i] as Stage)(current, from);
      if (current === undefined) return;
    }
    sink(current);
  };
}
