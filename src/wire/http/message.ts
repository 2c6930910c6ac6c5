import type { Finding } from '../parsed.js';

/** One header field: the name as spelled by its sender, and the value without surrounding whitespace. */
export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/** What requests and responses share. Strings hold one character a byte (ISO 8859-1), so that nothing is lost. */
interface HttpMessageCommon {
  /** `1.1`, or whatever `HTTP/x.y` the sender named. */
  readonly version: string;
  /** Fields in their order of appearance (RFC 9110 5.3: order matters among fields of the same name). */
  readonly headers: readonly HttpHeader[];
  /** The content, with any chunked coding already removed. */
  readonly body: Uint8Array;
  /** Trailer fields of a chunked message (RFC 9112 7.1.2), absent when there are none. */
  readonly trailers?: readonly HttpHeader[];
}

/** An HTTP request (RFC 9112 3). */
export interface HttpRequest extends HttpMessageCommon {
  readonly kind: 'request';
  readonly method: string;
  /** The request target as it stands in the request line (RFC 9112 3.2). */
  readonly target: string;
}

/** An HTTP response (RFC 9112 4). */
export interface HttpResponse extends HttpMessageCommon {
  readonly kind: 'response';
  /** 100 to 999; a validator, not the parser, asks for 599 as the upper bound. */
  readonly status: number;
  readonly reason: string;
}

export type HttpMessage = HttpRequest | HttpResponse;

const NO_BYTES = new Uint8Array(0);

/** Header fields as an object, for short literals: `{ Host: 'waf.example' }`. */
export type HttpHeaderInit = Readonly<Record<string, string>> | readonly HttpHeader[];

function headersOf(init: HttpHeaderInit | undefined): readonly HttpHeader[] {
  if (init === undefined) return [];
  if (Array.isArray(init)) return init as readonly HttpHeader[];
  return Object.entries(init as Readonly<Record<string, string>>).map(([name, value]) => ({ name, value }));
}

function bodyBytes(body: Uint8Array | string | undefined): Uint8Array {
  if (body === undefined) return NO_BYTES;
  return typeof body === 'string' ? new TextEncoder().encode(body) : body;
}

/**
 * Builds a request. `Content-Length` is added when there is a body, or the method defines one, and no framing
 * field is given (RFC 9110 8.6).
 *
 * @example
 * httpRequest({ method: 'GET', target: '/', headers: { Host: 'wwsf.example' } })
 */
export function httpRequest(init: {
  readonly method: string;
  readonly target: string;
  readonly headers?: HttpHeaderInit;
  readonly body?: Uint8Array | string;
}): HttpRequest {
  const headers = headersOf(init.headers);
  const body = bodyBytes(init.body);
  return framed({
    kind: 'request',
    method: init.method,
    target: init.target,
    version: '1.1',
    headers,
    body,
  });
}

/** Builds a response, with the reason phrase of RFC 9110 15 unless one is given, and framing as in {@link httpRequest}. */
export function httpResponse(init: {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: HttpHeaderInit;
  readonly body?: Uint8Array | string;
}): HttpResponse {
  const headers = headersOf(init.headers);
  const body = bodyBytes(init.body);
  const reason = init.reason ?? REASONS.get(init.status) ?? '';
  return framed({ kind: 'response', status: init.status, reason, version: '1.1', headers, body });
}

/** The message with a `Content-Length` field added where its receiver could not find the end of the body without it. */
export function framed<M extends HttpMessage>(message: M): M {
  const { headers, body } = message;
  if (hasHeader(headers, 'content-length') || hasHeader(headers, 'transfer-encoding')) return message;
  if (body.length === 0 && !emptyBodyNeedsLength(message)) return message;
  return { ...message, headers: [...headers, { name: 'Content-Length', value: String(body.length) }] };
}

function emptyBodyNeedsLength(message: HttpMessage): boolean {
  if (message.kind === 'request') return message.method === 'POST' || message.method === 'PUT';
  return !statusHasNoBody(message.status);
}

/** Whether a response of this status ends with its header section (RFC 9112 6.3 item 1). */
export function statusHasNoBody(status: number): boolean {
  return (status >= 100 && status < 200) || status === 204 || status === 304;
}

/** Case-insensitive comparison with a name that is already lower case (RFC 9110 5.1), without allocating on a length mismatch. */
export function isHeader(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}

export function hasHeader(headers: readonly HttpHeader[], name: string): boolean {
  return header(headers, name) !== undefined;
}

/** The value of the first field of that name, case-insensitively; `undefined` when there is none. */
export function header(headers: readonly HttpHeader[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const field of headers) if (isHeader(field.name, wanted)) return field.value;
  return undefined;
}

/** The elements of a comma-separated list field, over all fields of that name, empty elements left out (RFC 9110 5.6.1). */
export function headerElements(headers: readonly HttpHeader[], name: string): string[] {
  const wanted = name.toLowerCase();
  const elements: string[] = [];
  for (const field of headers) {
    if (!isHeader(field.name, wanted)) continue;
    for (const element of field.value.split(',')) {
      const trimmed = element.trim();
      if (trimmed !== '') elements.push(trimmed);
    }
  }
  return elements;
}

/** Whether a list field holds a token, case-insensitively, as in `Connection: keep-alive, Upgrade`. */
export function hasToken(headers: readonly HttpHeader[], name: string, token: string): boolean {
  const wanted = token.toLowerCase();
  return headerElements(headers, name).some((element) => element.toLowerCase() === wanted);
}

/** Whether the connection stays open after this message (RFC 9112 9.3). */
export function keepsAlive(message: HttpMessage): boolean {
  if (hasToken(message.headers, 'connection', 'close')) return false;
  return message.version !== '1.0' || hasToken(message.headers, 'connection', 'keep-alive');
}

/** Whether the message names another protocol to go on with (RFC 9110 7.8). */
export function asksForUpgrade(message: HttpMessage): boolean {
  return hasHeader(message.headers, 'upgrade') && hasToken(message.headers, 'connection', 'upgrade');
}

/** What RFC 9110 and RFC 9112 forbid although the message could be represented. */
export function validateHttp(message: HttpMessage): Finding[] {
  const findings: Finding[] = [];
  const { headers } = message;
  if (message.kind === 'request') {
    const hosts = headers.filter((field) => isHeader(field.name, 'host')).length;
    if (message.version === '1.1' && hosts !== 1) {
      findings.push({
        what: `a request has exactly one Host field, not ${hosts}`,
        where: 'Host',
        rule: 'RFC 9112 3.2',
      });
    }
  } else if (message.status > 599) {
    findings.push({
      what: `status ${message.status} is outside 100 to 599`,
      where: 'status',
      rule: 'RFC 9110 15',
    });
  }
  if (!/^1\.[01]$/.test(message.version)) {
    findings.push({
      what: `version ${message.version} is not HTTP/1.x`,
      where: 'version',
      rule: 'RFC 9112 2.3',
    });
  }
  if (hasHeader(headers, 'transfer-encoding') && hasHeader(headers, 'content-length')) {
    findings.push({
      what: 'Content-Length may not stand beside Transfer-Encoding',
      where: 'Content-Length',
      rule: 'RFC 9112 6.2',
    });
  }
  return findings;
}

/** Reason phrases of RFC 9110 15 (and RFC 6585 for 429) that the entities send. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [100, 'Continue'],
  [101, 'Switching Protocols'],
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [204, 'No Content'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [413, 'Content Too Large'],
  [414, 'URI Too Long'],
  [415, 'Unsupported Media Type'],
  [426, 'Upgrade Required'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [505, 'HTTP Version Not Supported'],
]);
