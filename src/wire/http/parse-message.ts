import { type Parsed, parsed, unparsed } from '../parsed.js';
import type { HttpMessage, HttpRequest, HttpResponse } from './message.js';
import { HttpRequestParser, HttpResponseParser, type HttpStreamResult } from './stream-parser.js';

/** Reads exactly one request from bytes that hold nothing else. */
export function parseHttpRequest(bytes: Uint8Array): Parsed<HttpRequest> {
  return single(new HttpRequestParser(), bytes);
}

/**
 * Reads exactly one response from bytes that hold nothing else.
 * @param method - the method of the request it answers; matters for HEAD and CONNECT. Default GET.
 */
export function parseHttpResponse(bytes: Uint8Array, method = 'GET'): Parsed<HttpResponse> {
  const parser = new HttpResponseParser();
  parser.expect(method);
  return single(parser, bytes);
}

function single<M extends HttpMessage>(
  parser: {
    readonly offset: number;
    push(chunk: Uint8Array): HttpStreamResult<M>;
    finish(): HttpStreamResult<M>;
  },
  bytes: Uint8Array,
): Parsed<M> {
  const pushed = parser.push(bytes);
  const finished: HttpStreamResult<M> = pushed.error ? pushed : parser.finish();
  const first = pushed.messages[0] ?? finished.messages[0];
  if (first === undefined) {
    const { error } = finished;
    return error ? unparsed(error.what, error.offset, error.expected) : unparsed('no HTTP message', 0);
  }
  if (first.end !== bytes.length) return unparsed('bytes after the HTTP message', first.end, 'the end');
  return parsed(first.message);
}
