import type { SipRequest, SipResponse, Via } from '../../wire/sip/index.js';

/** The start of every branch that RFC 3261 elements make (8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** The name of a client transaction: the branch of its Via and its method (RFC 3261 17.1.3). */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

/** The name of the client transaction that a response belongs to; `undefined` when its Via or CSeq lack what it takes. */
export function clientKeyOf(response: SipResponse): string | undefined {
  const branch = response.via()?.params.raw('branch');
  const cseq = response.cseq();
  return branch === undefined || cseq === undefined ? undefined : clientKey(branch, cseq.method);
}

/**
 * The name of the server transaction that a request belongs to: branch, sent-by and method, an ACK counting as its
 * INVITE (RFC 3261 17.2.3). Without the magic cookie, the fields that RFC 2543 matched by; the To tag is left to
 * {@link acknowledges}, because an ACK's is that of the response.
 *
 * @param via the top Via as received
 * @param method in place of the request's, to find what a CANCEL is for (RFC 3261 9.2)
 */
export function serverKey(request: SipRequest, via: Via, method = request.method): string {
  const of = method === 'ACK' ? 'INVITE' : method;
  const branch = via.params.raw('branch');
  if (branch?.startsWith(MAGIC_COOKIE) && branch.length > MAGIC_COOKIE.length) {
    return `${branch} ${sentBy(via)} ${of}`;
  }
  const cseq = request.cseq()?.sequence ?? '';
  const { uri } = request;
  return `${uri} ${request.fromTag() ?? ''} ${request.callId() ?? ''} ${cseq} ${sentBy(via)} ${branch ?? ''} ${of}`;
}

/**
 * The name under which the same request is known whatever way it came (RFC 3261 8.2.2.2); `undefined` for a request
 * within a dialog.
 */
export function mergeKey(request: SipRequest): string | undefined {
  if (request.toTag() !== undefined) return undefined;
  const { sequence } = request.cseq() ?? {};
  return `${request.callId() ?? ''} ${request.fromTag() ?? ''} ${sequence ?? ''} ${request.method}`;
}

/** Whether an ACK found by RFC 2543 rules is for this response: their To tags are the same (RFC 3261 17.2.3). */
export function acknowledges(ack: SipRequest, response: SipResponse | undefined): boolean {
  return response !== undefined && ack.toTag() === response.toTag();
}

function sentBy(via: Via): string {
  // RFC 3261 18.1.1: an absent port is the default one.
  return `${via.host.toLowerCase()}:${via.port ?? 5060}`;
}
