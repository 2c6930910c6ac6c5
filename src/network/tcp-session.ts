import type { TcpFields } from '../trace/index.js';
import { FIN, RST, SYN } from './tcp-flags.js';

type State = 'init' | 'established' | 'closing' | 'transitory';

/** What a translator knows of a TCP connection (RFC 7857 2, figure 1): whether it opens, is open, or closes. */
export class TcpSession {
  #state: State = 'init';
  #openedByInside: boolean | undefined;
  #insideFin = false;
  #outsideFin = false;

  /** Whether its idle time is that of open connections rather than the transitory one (RFC 5382 5). */
  get established(): boolean {
    return this.#state === 'established';
  }

  /** Takes note of a segment that passes. */
  pass(tcp: TcpFields, outbound: boolean): void {
    const { flags } = tcp;
    if ((flags & RST) !== 0) {
      // kept for a while, since the RST may be lost on its way (RFC 7857 2.2)
      if (this.#state !== 'closing') this.#state = 'transitory';
      return;
    }
    if ((flags & SYN) !== 0) {
      this.#passSyn(outbound);
      return;
    }
    if (this.#state === 'transitory') this.#state = 'established';
    if ((flags & FIN) === 0) return;
    if (outbound) this.#insideFin = true;
    else this.#outsideFin = true;
    if (this.#insideFin && this.#outsideFin) this.#state = 'closing';
  }

  #passSyn(outbound: boolean): void {
    if (this.#state === 'established') return;
    if (this.#state === 'init' && this.#openedByInside === !outbound) {
      this.#state = 'established';
      return;
    }
    // the first, the same again, or one that uses the ports of a connection that has ended
    this.#state = 'init';
    this.#openedByInside = outbound;
    this.#insideFin = false;
    this.#outsideFin = false;
  }
}
