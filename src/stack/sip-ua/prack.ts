import { parseCSeq, type SipRequest, type SipResponse } from '../../wire/sip/index.js';
import { lists } from './message-parts.js';

/** Option tag of reliable provisional responses (RFC 3262 4). */
export const RELIABLE_TAG = '100rel';

/** Largest value of a first RSeq (RFC 3262 3). */
export const LARGEST_FIRST_RSEQ = 2 ** 31 - 1;

/** Without a final response, a UAS repeats a provisional one so often, in ms (RFC 3261 13.3.1.1). */
export const UNRELIABLE_EXTENSION_MS = 60_000;

/** The same for reliable ones (RFC 3262 3). */
export const RELIABLE_EXTENSION_MS = 150_000;

/** What a PRACK acknowledges (RFC 3262 7.2). */
export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

/** Reads a RAck value; `undefined` unless it is two numbers and a method. */
export function parseRAck(value: string): RAck | undefined {
  const space = value.indexOf(' ');
  const rseq = parseRSeq(value.slice(0, Math.max(0, space)));
  const rest = parseCSeq(value.slice(space + 1).trim());
  if (rseq === undefined || rest === undefined) return undefined;
  return { rseq, cseq: rest.sequence, method: rest.method };
}

/** A RAck value as text. */
export function formatRAck({ rseq, cseq, method }: RAck): string {
  return `${rseq} ${cseq} ${method}`;
}

/** An RSeq value: 1 to 2^32-1 (RFC 3262 7.1). */
export function parseRSeq(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return undefined;
  const rseq = Number(value);
  return rseq >= 1 && rseq < 2 ** 32 ? rseq : undefined;
}

/** The RSeq of a response that wants a PRACK: 101 to 199 with `Require: 100rel` (RFC 3262 4). */
export function reliableSequence(response: SipResponse): number | undefined {
  if (response.status <= 100 || response.status >= 200 || !lists(response, 'require', RELIABLE_TAG))
    return undefined;
  return parseRSeq(response.headers.get('rseq'));
}

/** How a UAC copes with reliable provisional responses to the request. */
export function reliability(request: SipRequest): 'required' | 'supported' | 'none' {
  if (lists(request, 'require', RELIABLE_TAG)) return 'required';
  return lists(request, 'supported', RELIABLE_TAG) ? 'supported' : 'none';
}

/** The order of the reliable provisional responses to one INVITE in one dialog, at the UAC (RFC 3262 4). */
export class ProvisionalOrder {
  #last: number | undefined;
  #resend = false;

  /** Whether the response is the next in order; repeated ones and those after a gap are to be dropped. */
  accept(rseq: number): boolean {
    if (this.#last !== undefined && rseq !== this.#last + 1) return false;
    this.#last = rseq;
    this.#resend = false;
    return true;
  }

  /** The PRACK of the last response was refused for its order: the next repetition of the response gets another. */
  refused(): void {
    this.#resend = true;
  }

  /** Whether the response repeats one whose PRACK was refused; asked once for each refusal. */
  wantsAnother(rseq: number): boolean {
    const wants = this.#resend && rseq === this.#last;
    if (wants) this.#resend = false;
    return wants;
  }
}
