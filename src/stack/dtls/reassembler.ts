import type { HandshakeFragment } from '../../wire/dtls/index.js';

/** A handshake message that is whole. */
export interface AssembledMessage {
  readonly messageType: number;
  readonly messageSeq: number;
  readonly body: Uint8Array;
}

/** What became of a fragment. */
export type FragmentVerdict = 'taken' | 'old' | 'oversized' | 'bad';

/** Longest message that is put together, in bytes: far longer than any hello or certificate of WebRTC. */
const MOST_MESSAGE_BYTES = 1 << 15;

/** How far ahead of the next message fragments are kept; a flight has fewer messages. */
const MOST_AHEAD = 8;

interface Partial {
  readonly messageType: number;
  readonly body: Uint8Array;
  /** Stretches that are there, [from, to), in order and apart. */
  ranges: readonly (readonly [number, number])[];
}

/**
 * Puts handshake messages together from fragments that come in any order, more than once or overlapping, and hands them
 * out in the order of their message_seq (RFC 6347 4.2.2, 4.2.3).
 */
export class Reassembler {
  /** The message_seq that is next, next_receive_seq of RFC 6347 4.2.2; `undefined`: any may come first. */
  next: number | undefined;
  readonly #partials = new Map<number, Partial>();

  constructor(next: number | undefined) {
    this.next = next;
  }

  add(fragment: HandshakeFragment): FragmentVerdict {
    const { messageSeq, messageType, length } = fragment;
    if (this.next === undefined ? !this.#roomForFirst(messageSeq) : messageSeq >= this.next + MOST_AHEAD)
      return 'bad';
    if (this.next !== undefined && messageSeq < this.next) return 'old';
    if (length > MOST_MESSAGE_BYTES) return 'oversized';
    const known = this.#partials.get(messageSeq);
    const contradicted =
      known !== undefined && (known.messageType !== messageType || known.body.length !== length);
    if (fragment.fragment.length === length) {
      // a view suffices for what is whole: nobody writes to a received datagram
      this.#partials.set(messageSeq, { messageType, body: fragment.fragment, ranges: [[0, length]] });
    } else if (known === undefined || contradicted) {
      // nothing proves which of two that contradict each other is the peer's, but the peer will repeat itself
      const partial = { messageType, body: new Uint8Array(length), ranges: [] };
      this.#partials.set(messageSeq, partial);
      fill(partial, fragment);
    } else if (!isWhole(known)) {
      fill(known, fragment);
    }
    return contradicted ? 'bad' : 'taken';
  }

  /** The next message, if it is whole. */
  take(): AssembledMessage | undefined {
    const messageSeq = this.next ?? this.#firstWhole();
    const partial = messageSeq === undefined ? undefined : this.#partials.get(messageSeq);
    if (messageSeq === undefined || partial === undefined || !isWhole(partial)) return undefined;
    this.#partials.delete(messageSeq);
    this.next = messageSeq + 1;
    return { messageType: partial.messageType, messageSeq, body: partial.body };
  }

  /** Forgets everything: any message may come first again. */
  reset(): void {
    this.next = undefined;
    this.#partials.clear();
  }

  /** Before the first message only two may be under way: one, and the one a client sends with a cookie. */
  #roomForFirst(messageSeq: number): boolean {
    return this.#partials.has(messageSeq) || this.#partials.size < 2;
  }

  #firstWhole(): number | undefined {
    for (const [messageSeq, partial] of this.#partials) if (isWhole(partial)) return messageSeq;
    return undefined;
  }
}

function isWhole({ body, ranges }: Partial): boolean {
  const [first] = ranges;
  return first !== undefined && first[0] === 0 && first[1] === body.length;
}

function fill(partial: Partial, { fragmentOffset, fragment }: HandshakeFragment): void {
  partial.body.set(fragment, fragmentOffset);
  partial.ranges = withRange(partial.ranges, fragmentOffset, fragmentOffset + fragment.length);
}

/** The ranges with another one, touching and overlapping ones made one. */
function withRange(
  ranges: Partial['ranges'],
  from: number,
  to: number,
): readonly (readonly [number, number])[] {
  let low = from;
  let high = to;
  const apart: (readonly [number, number])[] = [];
  for (const range of ranges) {
    if (range[1] < low || range[0] > high) apart.push(range);
    else {
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
    }
  }
  apart.push([low, high]);
  return apart.sort((a, b) => a[0] - b[0]);
}
