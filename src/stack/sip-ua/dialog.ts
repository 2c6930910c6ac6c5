import {
  nameAddr,
  Params,
  parseNameAddr,
  parseUri,
  SipRequest,
  type SipResponse,
  serializeNameAddr,
  serializeUri,
} from '../../wire/sip/index.js';
import { ownText } from './own-text.js';

/** Max-Forwards of a request that starts here (RFC 3261 8.1.1.6). */
export const MAX_FORWARDS = 70;

/** The state of a dialog (RFC 3261 12), as plain data: a dialog may last for days, so its texts are its own. */
export interface DialogData {
  readonly callId: string;
  readonly localTag: string;
  /** Empty when the peer gave none (RFC 2543). */
  readonly remoteTag: string;
  readonly localUri: string;
  readonly remoteUri: string;
  /** CSeq number of the last request sent; absent before the first. */
  localSequence: number | undefined;
  /** CSeq number of the last request received; absent before the first. */
  remoteSequence: number | undefined;
  /** Route values, `<uri>;params`, first hop first. */
  routeSet: readonly string[];
  remoteTarget: string;
  /** Own Contact value for target refresh requests. */
  contact: string;
  /** Whether requests have to stay on `sips:` (RFC 3261 12.1.1). */
  readonly secure: boolean;
}

/** Methods whose Contact moves the remote target (RFC 3261 12.2, RFC 3311 5.1, RFC 6665 3.1, 3.2). */
const TARGET_REFRESH = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** The name under which a dialog is found: Call-ID, local tag and remote tag (RFC 3261 12). */
export function dialogId(callId: string, localTag: string, remoteTag: string): string {
  return `${callId};${localTag};${remoteTag}`;
}

/**
 * The dialog that a 1xx or 2xx creates at the side of the caller (RFC 3261 12.1.2).
 *
 * @param contact own Contact value
 */
export function dialogOfResponse(request: SipRequest, response: SipResponse, contact: string): DialogData {
  return {
    callId: ownText(request.callId() ?? ''),
    localTag: ownText(request.fromTag() ?? ''),
    remoteTag: ownText(response.toTag() ?? ''),
    localUri: ownText(request.from()?.uri ?? ''),
    remoteUri: ownText(request.to()?.uri ?? ''),
    localSequence: request.cseq()?.sequence ?? 0,
    remoteSequence: undefined,
    routeSet: response.headers.list('record-route').map(ownText).reverse(),
    remoteTarget: ownText(response.contacts()[0]?.uri ?? request.uri),
    contact,
    secure: request.uri.startsWith('sips:'),
  };
}

/**
 * The dialog that a request creates at the side of the callee (RFC 3261 12.1.1).
 *
 * @param localTag the To tag of the responses
 * @param contact own Contact value
 */
export function dialogOfRequest(request: SipRequest, localTag: string, contact: string): DialogData {
  return {
    callId: ownText(request.callId() ?? ''),
    localTag: ownText(localTag),
    remoteTag: ownText(request.fromTag() ?? ''),
    localUri: ownText(request.to()?.uri ?? ''),
    remoteUri: ownText(request.from()?.uri ?? ''),
    localSequence: undefined,
    remoteSequence: request.cseq()?.sequence ?? 0,
    routeSet: request.headers.list('record-route').map(ownText),
    remoteTarget: ownText(request.contacts()[0]?.uri ?? request.from()?.uri ?? ''),
    contact,
    secure: request.uri.startsWith('sips:'),
  };
}

/** A dialog's data and what RFC 3261 12.2 does with it. */
export class Dialog {
  readonly data: DialogData;

  constructor(data: DialogData) {
    this.data = data;
  }

  get id(): string {
    return dialogId(this.data.callId, this.data.localTag, this.data.remoteTag);
  }

  /** A request within the dialog, with the next CSeq number (RFC 3261 12.2.1.1). */
  createRequest(method: string): SipRequest {
    const { data } = this;
    data.localSequence = (data.localSequence ?? 0) + 1;
    const request = this.#request(method, data.localSequence);
    if (TARGET_REFRESH.has(method)) request.headers.set('Contact', data.contact);
    return request;
  }

  /** The ACK for a 2xx to `invite`: its CSeq number and its credentials (RFC 3261 13.2.2.4). */
  createAck(invite: SipRequest): SipRequest {
    const ack = this.#request('ACK', invite.cseq()?.sequence ?? 0);
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      for (const value of invite.headers.all(name)) ack.headers.append(name, value);
    }
    return ack;
  }

  /**
   * Checks the order of a request from the other side and notes its CSeq number (RFC 3261 12.2.2).
   *
   * @returns 500 when it is out of order, else `undefined`
   */
  accept(request: SipRequest): 500 | undefined {
    const sequence = request.cseq()?.sequence ?? 0;
    const last = this.data.remoteSequence;
    if (last !== undefined && sequence <= last) return 500;
    this.data.remoteSequence = sequence;
    return undefined;
  }

  /** Moves the remote target to the Contact of a target refresh request, or of a 2xx to one (RFC 3261 12.2.1.2, 12.2.2). */
  refreshTarget(message: SipRequest | SipResponse): void {
    const method = message.kind === 'request' ? message.method : message.cseq()?.method;
    if (method === undefined || !TARGET_REFRESH.has(method)) return;
    const target = message.contacts()[0]?.uri;
    if (target !== undefined && target !== this.data.remoteTarget) this.data.remoteTarget = ownText(target);
  }

  /** Takes the route set of a 2xx to the INVITE in place of the one of a 1xx (RFC 3261 13.2.2.4). */
  confirm(response: SipResponse): void {
    this.data.routeSet = response.headers.list('record-route').map(ownText).reverse();
    this.refreshTarget(response);
  }

  #request(method: string, sequence: number): SipRequest {
    const { data } = this;
    const [first, ...rest] = data.routeSet;
    const request = new SipRequest(method, data.remoteTarget);
    const { headers } = request;
    headers.append('Max-Forwards', String(MAX_FORWARDS));
    if (first !== undefined && isLoose(first)) {
      for (const route of data.routeSet) headers.append('Route', route);
    } else if (first !== undefined) {
      request.uri = requestUri(first);
      for (const route of rest) headers.append('Route', route);
      headers.append('Route', `<${data.remoteTarget}>`);
    }
    headers.append('From', address(data.localUri, data.localTag));
    headers.append('To', address(data.remoteUri, data.remoteTag));
    headers.append('Call-ID', data.callId);
    headers.append('CSeq', `${sequence} ${method}`);
    return request;
  }
}

function address(uri: string, tag: string): string {
  return serializeNameAddr(nameAddr(uri, tag === '' ? Params.none : Params.none.withRaw('tag', tag)));
}

/** Whether a Route value names a loose router (RFC 3261 19.1.1 `lr`). */
export function isLoose(route: string): boolean {
  const parsed = parseNameAddr(route);
  const uri = parsed.ok ? parseUri(parsed.value.uri) : undefined;
  return uri?.ok === true && uri.value.kind === 'sip' && uri.value.params.has('lr');
}

/** The URI of a Route value without what a Request-URI cannot have: `method` and headers (RFC 3261 19.1.1). */
export function requestUri(route: string): string {
  const parsed = parseNameAddr(route);
  if (!parsed.ok) return route;
  const uri = parseUri(parsed.value.uri);
  if (!uri.ok || uri.value.kind !== 'sip') return parsed.value.uri;
  return serializeUri({ ...uri.value, headers: [], params: uri.value.params.without('method') });
}
