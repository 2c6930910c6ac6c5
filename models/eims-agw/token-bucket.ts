/** A rate and a burst (H.248.53 tman; RFC 2697 3 has the same bucket). */
export interface Rate {
  /** Bytes a second. */
  readonly bytesPerS: number;
  /** Bytes that may come at once. */
  readonly burstBytes: number;
}

/** Tokens of one byte each that flow in at a rate, up to a burst. */
export class TokenBucket {
  readonly #bytesPerUs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** @param nowUs present time, in microseconds */
  constructor({ bytesPerS, burstBytes }: Rate, nowUs: number) {
    this.#bytesPerUs = bytesPerS / 1e6;
    this.#burst = burstBytes;
    this.#tokens = burstBytes;
    this.#at = nowUs;
  }

  /** Takes tokens for a packet; `false`, and none taken, when there are too few. */
  take(bytes: number, nowUs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowUs - this.#at) * this.#bytesPerUs);
    this.#at = nowUs;
    if (this.#tokens < bytes) return false;
    this.#tokens -= bytes;
    return true;
  }
}
