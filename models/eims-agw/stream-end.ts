import type { Host, UdpSocket } from '../../src/network/index.js';
import { answerCheck, type CheckCredentials } from '../../src/stack/stun/index.js';
import type { Endpoint } from '../../src/trace/index.js';
import type { StreamMode } from '../../src/wire/megaco/index.js';
import { demux } from '../../src/wire/rtp/index.js';

/** Why packets were not forwarded, with how many. */
export interface DropCounts {
  /** The stream's mode does not let them through. */
  gate: number;
  /** They came from somewhere else than the far end (remote source filtering). */
  source: number;
  /** The other side does not know where to send yet. */
  nowhere: number;
  /** Neither STUN nor RTP. */
  foreign: number;
}

/** What a stream end needs to be told when it is made. */
export interface StreamEndOptions {
  readonly realm: string;
  readonly port: number;
  /** Present where the far end does ICE. */
  readonly ice?: CheckCredentials;
  /** Called when a check was answered with success for the first time. */
  readonly onReachable?: () => void;
}

/**
 * One stream on one termination: a socket, the far end, a gate, and the pipeline that packets run through (TS 23.334 5.2:
 * NAPT, gating, remote source filtering). Packets never touch a state machine.
 */
export class StreamEnd {
  readonly socket: UdpSocket;
  readonly ice: CheckCredentials | undefined;
  readonly drops: DropCounts = { gate: 0, source: 0, nowhere: 0, foreign: 0 };
  /** Where media goes to, once known. */
  remote: Endpoint | undefined;
  mode: StreamMode = 'Inactive';
  /** The stream of the same number on the other termination. */
  peer: StreamEnd | undefined;
  /** RTP packets taken in, to tell silence from speech. */
  received = 0;
  readonly #host: Host;
  readonly #onReachable: (() => void) | undefined;

  constructor(host: Host, options: StreamEndOptions) {
    this.#host = host;
    this.ice = options.ice;
    this.#onReachable = options.onReachable;
    this.socket = host.udp(options.realm, options.port, (data, from) => this.#receive(data, from));
  }

  #receive(data: Uint8Array, from: Endpoint): void {
    switch (demux(data[0])) {
      case 'rtp':
        this.#forward(data, from);
        break;
      case 'stun':
        this.#check(data, from);
        break;
      default:
        this.drops.foreign++;
    }
  }

  #forward(data: Uint8Array, from: Endpoint): void {
    const { peer, remote, drops } = this;
    if (remote !== undefined && (remote.port !== from.port || remote.ip !== from.ip)) drops.source++;
    else if (!lets(this.mode, 'ReceiveOnly') || peer === undefined || !lets(peer.mode, 'SendOnly'))
      drops.gate++;
    else if (peer.remote === undefined) drops.nowhere++;
    else {
      this.received++;
      peer.socket.send(data, peer.remote);
    }
  }

  /** As an ICE lite agent: answers, and takes the address of a nominated pair as the far end's (RFC 8445 6.2, 7.3.1.5). */
  #check(data: Uint8Array, from: Endpoint): void {
    if (this.ice === undefined) {
      this.drops.foreign++;
      return;
    }
    const { response, valid, nominated, problem } = answerCheck(data, from, this.ice);
    if (problem !== undefined) this.#host.reject('STUN', problem);
    if (response !== undefined) this.socket.send(response, from);
    if (!valid) return;
    this.#host.realises('24371-5A.4-04', '24371-5.6-04');
    if (!nominated) return;
    const first = this.remote === undefined;
    this.remote = from;
    if (first) this.#onReachable?.();
  }

  close(): void {
    this.socket.close();
    if (this.peer !== undefined) this.peer.peer = undefined;
  }
}

/** Whether a mode lets packets through the way that `one` names (H.248.1 7.1.7). */
function lets(mode: StreamMode, one: 'SendOnly' | 'ReceiveOnly'): boolean {
  return mode === 'SendReceive' || mode === one;
}
