import { toHex } from '../../crypto/index.js';
import type { Kernel } from '../../kernel/index.js';
import type { StunMessage } from '../../wire/stun/index.js';
import type { Path } from './path.js';

/** How long answers are remembered for repeated requests (RFC 8489 6.3.1). */
const MEMORY_US = 40_000_000;

interface Remembered {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** The answers to requests that came over UDP lately, so that a repeated one changes nothing (RFC 8489 6.3.1). */
export class RecentAnswers {
  readonly #kernel: Kernel;
  /** In the order in which they were given. */
  readonly #answers = new Map<string, Remembered>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  find(request: StunMessage, path: Path): Uint8Array | undefined {
    const found = this.#answers.get(nameOf(request, path));
    return found !== undefined && this.#isRecent(found) ? found.bytes : undefined;
  }

  add(request: StunMessage, path: Path, bytes: Uint8Array): void {
    if (path.transport === 'tcp') return;
    for (const [name, remembered] of this.#answers) {
      if (this.#isRecent(remembered)) break;
      this.#answers.delete(name);
    }
    this.#answers.set(nameOf(request, path), { bytes, at: this.#kernel.now });
  }

  #isRecent({ at }: Remembered): boolean {
    return this.#kernel.now - at < MEMORY_US;
  }
}

function nameOf({ transactionId }: StunMessage, { name }: Path): string {
  return `${name} ${toHex(transactionId)}`;
}
