import { sha1 } from '@noble/hashes/legacy.js';
import {
  type HttpHeader,
  type HttpRequest,
  type HttpResponse,
  hasToken,
  header,
  headerElements,
  httpRequest,
  httpResponse,
} from '../http/message.js';

/** RFC 6455 1.3: appended to the key before hashing. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const encoder = new TextEncoder();

/** The `Sec-WebSocket-Key` made of a 16-byte nonce (RFC 6455 4.1 item 7). */
export function webSocketKey(nonce: Uint8Array): string {
  return btoa(String.fromCharCode(...nonce));
}

/** The `Sec-WebSocket-Accept` value that answers a key (RFC 6455 4.2.2 item 5.4). */
export function acceptKey(key: string): string {
  return btoa(String.fromCharCode(...sha1(encoder.encode(key + ACCEPT_GUID))));
}

export interface UpgradeRequestInit {
  /** `Host` field: name or address, with `:port` unless it is the default. */
  readonly host: string;
  /** Request target. Default `/`. */
  readonly target?: string;
  /** From {@link webSocketKey}. */
  readonly key: string;
  /** Subprotocols in order of preference, such as `sip` (RFC 7118 4.1). */
  readonly protocols?: readonly string[];
  /** A browser always sends it (RFC 6455 4.1 item 8). */
  readonly origin?: string;
  /** Further fields, for example `Authorization`. */
  readonly headers?: readonly HttpHeader[];
}

/** The client's opening handshake (RFC 6455 4.1). */
export function upgradeRequest(init: UpgradeRequestInit): HttpRequest {
  const headers: HttpHeader[] = [
    { name: 'Host', value: init.host },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Key', value: init.key },
    { name: 'Sec-WebSocket-Version', value: '13' },
  ];
  if (init.origin !== undefined) headers.push({ name: 'Origin', value: init.origin });
  if (init.protocols !== undefined && init.protocols.length > 0) {
    headers.push({ name: 'Sec-WebSocket-Protocol', value: init.protocols.join(', ') });
  }
  headers.push(...(init.headers ?? []));
  return httpRequest({ method: 'GET', target: init.target ?? '/', headers });
}

/** What a server learns from a good opening handshake. */
export interface UpgradeOffer {
  readonly key: string;
  readonly target: string;
  readonly protocols: readonly string[];
  readonly origin?: string;
}

/** Why an opening handshake is refused, with the status and fields the response owes the client. */
export interface UpgradeRefusal {
  readonly what: string;
  readonly status: number;
  readonly headers: readonly HttpHeader[];
}

export type CheckedUpgrade<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** The server's check of an opening handshake (RFC 6455 4.2.1, 4.4). The origin and the subprotocol are the caller's to judge. */
export function checkUpgradeRequest(request: HttpRequest): CheckedUpgrade<UpgradeOffer, UpgradeRefusal> {
  const refuse = (what: string, status = 400, headers: readonly HttpHeader[] = []) =>
    ({ ok: false, error: { what, status, headers } }) as const;
  const { headers } = request;
  if (request.method !== 'GET') {
    return refuse('method is not GET', 405, [{ name: 'Allow', value: 'GET' }]);
  }
  if (request.version === '1.0') return refuse('HTTP version is below 1.1');
  if (header(headers, 'host') === undefined) return refuse('Host is missing');
  const version13 = [
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Version', value: '13' },
  ];
  if (!hasToken(headers, 'upgrade', 'websocket')) {
    return refuse('Upgrade does not name websocket', 426, version13);
  }
  if (!hasToken(headers, 'connection', 'upgrade')) return refuse('Connection does not name upgrade');
  if (header(headers, 'sec-websocket-version') !== '13') {
    return refuse('Sec-WebSocket-Version is not 13', 426, version13);
  }
  const key = header(headers, 'sec-websocket-key');
  // 16 bytes make 22 characters and two of padding; the last character carries four bits.
  if (key === undefined || !/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) {
    return refuse('Sec-WebSocket-Key is not 16 bytes in base64');
  }
  const origin = header(headers, 'origin');
  return {
    ok: true,
    value: {
      key,
      target: request.target,
      protocols: headerElements(headers, 'sec-websocket-protocol'),
      ...(origin !== undefined && { origin }),
    },
  };
}

/**
 * The server's 101 (RFC 6455 4.2.2).
 * @param protocol - the one chosen subprotocol, out of those offered.
 */
export function upgradeResponse(init: {
  readonly key: string;
  readonly protocol?: string;
  readonly headers?: readonly HttpHeader[];
}): HttpResponse {
  const headers: HttpHeader[] = [
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Accept', value: acceptKey(init.key) },
  ];
  if (init.protocol !== undefined) headers.push({ name: 'Sec-WebSocket-Protocol', value: init.protocol });
  headers.push(...(init.headers ?? []));
  return httpResponse({ status: 101, headers });
}

/** The response that says why there is no WebSocket. */
export function upgradeRefusalResponse(refusal: UpgradeRefusal): HttpResponse {
  return httpResponse({ status: refusal.status, headers: refusal.headers, body: `${refusal.what}\n` });
}

/**
 * The client's check of the response (RFC 6455 4.1, second list): on an error the connection fails.
 * @returns the subprotocol the server chose, absent when it chose none.
 */
export function checkUpgradeResponse(
  response: HttpResponse,
  sent: { readonly key: string; readonly protocols?: readonly string[] },
): CheckedUpgrade<{ readonly protocol?: string }, { readonly what: string }> {
  const fail = (what: string) => ({ ok: false, error: { what } }) as const;
  const { headers } = response;
  if (response.status !== 101) return fail(`status is ${response.status}, not 101`);
  if (header(headers, 'upgrade')?.toLowerCase() !== 'websocket') return fail('Upgrade is not websocket');
  if (!hasToken(headers, 'connection', 'upgrade')) return fail('Connection does not name upgrade');
  if (header(headers, 'sec-websocket-accept') !== acceptKey(sent.key)) {
    return fail('Sec-WebSocket-Accept does not answer the key');
  }
  if (headerElements(headers, 'sec-websocket-extensions').length > 0) {
    return fail('server uses an extension that was not offered');
  }
  const protocol = header(headers, 'sec-websocket-protocol');
  if (protocol === undefined) return { ok: true, value: {} };
  if (!(sent.protocols ?? []).includes(protocol)) {
    return fail(`subprotocol ${JSON.stringify(protocol)} was not offered`);
  }
  return { ok: true, value: { protocol } };
}
