/**
 * HTTP/1.1 messages (RFC 9110, RFC 9112): typed values, bytes, and a stream parser for either side of a connection.
 * Others use the exports below; `StreamBuffer` serves any parser of a byte stream.
 *
 * Not supported: HTTP/2 and later, transfer codings other than chunked, content codings, cookies, caching.
 */
export {
  type FormFields,
  formValue,
  parseForm,
  serializeForm,
  splitTarget,
  withQuery,
} from './form.js';
export { type HttpStreamError, isToken } from './grammar.js';
export {
  asksForUpgrade,
  framed,
  type HttpHeader,
  type HttpHeaderInit,
  type HttpMessage,
  type HttpRequest,
  type HttpResponse,
  hasHeader,
  hasToken,
  header,
  headerElements,
  httpRequest,
  httpResponse,
  isHeader,
  keepsAlive,
  statusHasNoBody,
  validateHttp,
} from './message.js';
export { parseHttpRequest, parseHttpResponse } from './parse-message.js';
export { serializeHttp } from './serialize.js';
export { StreamBuffer } from './stream-buffer.js';
export {
  DEFAULT_HTTP_LIMITS,
  type HttpLimits,
  type HttpParserOptions,
  HttpRequestParser,
  HttpResponseParser,
  type HttpStreamed,
  type HttpStreamResult,
} from './stream-parser.js';
