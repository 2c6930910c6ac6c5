import { sha256 } from '@noble/hashes/sha2.js';

/** SHA-256 over bytes that come piece by piece, with a look at the hash so far whenever it is wanted. */
export class RunningSha256 {
  readonly #state = sha256.create();

  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  /** The hash of everything so far, 32 bytes; more may follow. */
  digest(): Uint8Array {
    return this.#state.clone().digest();
  }
}
