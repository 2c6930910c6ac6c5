import type { Finding } from '../parsed.js';
import { digits } from './grammar.js';
import { SipHeaders } from './headers.js';
import { type NameAddr, parseNameAddr } from './name-addr.js';
import { reasonPhrase } from './reason-phrase.js';
import { parseVia, type Via } from './via.js';

export { type HeaderField, SipHeaders } from './headers.js';

/** What is wrong with a SIP message, and the status code of the response that a request with it is owed. */
export interface SipFinding extends Finding {
  readonly status: number;
}

/** A CSeq (RFC 3261 20.16). */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

const noBody = new Uint8Array(0);

/** What requests and responses share. */
abstract class SipMessageBase {
  headers: SipHeaders;
  body: Uint8Array;
  /** What the parser saw that the values no longer show (such as a wrong start line or a body cut short). */
  defects: readonly SipFinding[] = [];

  constructor(headers: SipHeaders, body: Uint8Array) {
    this.headers = headers;
    this.body = body;
  }

  /** The topmost Via; undefined when absent or not parsable. */
  via(): Via | undefined {
    return this.headers.view('via', viewVias)[0];
  }

  /** All Vias from the top; empty when one of them is not parsable. */
  vias(): readonly Via[] {
    const vias = this.headers.view('via', viewVias);
    return vias.includes(undefined) ? [] : (vias as readonly Via[]);
  }

  from(): NameAddr | undefined {
    return this.headers.view('from', viewAddress);
  }

  to(): NameAddr | undefined {
    return this.headers.view('to', viewAddress);
  }

  fromTag(): string | undefined {
    return this.from()?.params.raw('tag');
  }

  toTag(): string | undefined {
    return this.to()?.params.raw('tag');
  }

  callId(): string | undefined {
    return this.headers.get('call-id');
  }

  cseq(): CSeq | undefined {
    return this.headers.view('cseq', viewCSeq);
  }

  /** The contacts; empty when absent or when one of them is not parsable. `*` is an address whose `uri` is `*`. */
  contacts(): readonly NameAddr[] {
    return this.headers.view('contact', viewAddresses);
  }

  /** Media type and subtype in lower case, without parameters. */
  contentType(): string | undefined {
    return this.headers.view('content-type', viewContentType);
  }

  /** Max-Forwards, 0 to 2^31 - 1. */
  maxForwards(): number | undefined {
    return this.headers.view('max-forwards', viewNumber);
  }

  /** Expires in seconds, 0 to 2^32 - 1 (RFC 3261 20.19). */
  expires(): number | undefined {
    return this.headers.view('expires', viewNumber);
  }
}

/** A SIP request. `uri` is the Request-URI as written. */
export class SipRequest extends SipMessageBase {
  readonly kind = 'request';
  method: string;
  uri: string;

  constructor(
    method: string,
    uri: string,
    headers: SipHeaders = new SipHeaders(),
    body: Uint8Array = noBody,
  ) {
    super(headers, body);
    this.method = method;
    this.uri = uri;
  }

  /** A copy whose header fields can be changed independently; the body's bytes are shared. */
  clone(): SipRequest {
    const copy = new SipRequest(this.method, this.uri, this.headers.clone(), this.body);
    copy.defects = this.defects;
    return copy;
  }
}

/** A SIP response. */
export class SipResponse extends SipMessageBase {
  readonly kind = 'response';
  status: number;
  reason: string;

  constructor(
    status: number,
    reason: string = reasonPhrase(status),
    headers: SipHeaders = new SipHeaders(),
    body: Uint8Array = noBody,
  ) {
    super(headers, body);
    this.status = status;
    this.reason = reason;
  }

  /** A copy whose header fields can be changed independently; the body's bytes are shared. */
  clone(): SipResponse {
    const copy = new SipResponse(this.status, this.reason, this.headers.clone(), this.body);
    copy.defects = this.defects;
    return copy;
  }
}

export type SipMessage = SipRequest | SipResponse;

function viewVias(elements: readonly string[]): readonly (Via | undefined)[] {
  return elements.map((element) => {
    const via = parseVia(element);
    return via.ok ? via.value : undefined;
  });
}

function viewAddress(elements: readonly string[]): NameAddr | undefined {
  if (elements[0] === undefined) return undefined;
  const address = parseNameAddr(elements[0]);
  return address.ok ? address.value : undefined;
}

function viewAddresses(elements: readonly string[]): readonly NameAddr[] {
  const out: NameAddr[] = [];
  for (const element of elements) {
    const address = parseNameAddr(element);
    if (!address.ok) return [];
    out.push(address.value);
  }
  return out;
}

/** Parses a CSeq value; undefined unless it is a number up to 2^32 - 1, white space, and a method. */
export function parseCSeq(text: string): CSeq | undefined {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) > 32) end++;
  const sequence = digits(text.slice(0, end), 0xffffffff);
  const method = text.slice(end).trim();
  return sequence === undefined || method === '' ? undefined : { sequence, method };
}

function viewCSeq(elements: readonly string[]): CSeq | undefined {
  return elements[0] === undefined ? undefined : parseCSeq(elements[0]);
}

function viewNumber(elements: readonly string[]): number | undefined {
  return elements[0] === undefined ? undefined : digits(elements[0], 0xffffffff);
}

function viewContentType(elements: readonly string[]): string | undefined {
  const value = elements[0];
  if (value === undefined) return undefined;
  const semicolon = value.indexOf(';');
  const type = (semicolon < 0 ? value : value.slice(0, semicolon)).toLowerCase();
  return type.replace(/[ \t]/g, '');
}
