/** A callback in the queue. The fields belong to the kernel. */
export interface Timer {
  /** When it is due, in microseconds of virtual time. */
  readonly at: number;
  readonly sequence: number;
  readonly entity: string;
  readonly run: () => void;
  /** The trace event during which it was set. */
  readonly cause: number;
  /** Its place in the heap, or -1 when it is not in one. */
  slot: number;
}

/** A binary heap of timers ordered by (time, sequence). Cancelling removes the entry, so nothing lingers. */
export class EventQueue {
  readonly #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Timer | undefined {
    return this.#heap[0];
  }

  push(timer: Timer): void {
    timer.slot = this.#heap.length;
    this.#heap.push(timer);
    this.#up(timer.slot);
  }

  pop(): Timer | undefined {
    const first = this.#heap[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes a timer out; a timer that is not in the queue is left as it is. */
  remove(timer: Timer): void {
    const { slot } = timer;
    if (slot < 0) return;
    const last = this.#heap.pop() as Timer;
    timer.slot = -1;
    if (last === timer) return;
    this.#place(last, slot);
    this.#up(slot);
    this.#down(last.slot);
  }

  /** Every timer due at the earliest time, in order; at most `limit`. */
  ready(limit: number): Timer[] {
    const first = this.#heap[0];
    if (first === undefined) return [];
    const due: Timer[] = [];
    const visit = (slot: number): void => {
      const timer = this.#heap[slot];
      if (timer === undefined || timer.at !== first.at) return;
      due.push(timer);
      visit(2 * slot + 1);
      visit(2 * slot + 2);
    };
    visit(0);
    return due.sort((a, b) => a.sequence - b.sequence).slice(0, limit);
  }

  /** All timers, in no particular order. */
  all(): readonly Timer[] {
    return this.#heap;
  }

  #place(timer: Timer, slot: number): void {
    this.#heap[slot] = timer;
    timer.slot = slot;
  }

  #up(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timer;
    let slot = from;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = heap[parentSlot] as Timer;
      if (!before(timer, parent)) break;
      this.#place(parent, slot);
      slot = parentSlot;
    }
    this.#place(timer, slot);
  }

  #down(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timer;
    let slot = from;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!before(heap[child] as Timer, timer)) break;
      this.#place(heap[child] as Timer, slot);
      slot = child;
    }
    this.#place(timer, slot);
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
