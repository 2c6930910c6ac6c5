import { type Parsed, parsed, unparsed } from '../parsed.js';
import { digits, quote, skipSpace, splitList, trimSpace, unescapeUri, unquote } from './grammar.js';
import { type CSeq, parseCSeq } from './message.js';
import { Params, parseParams } from './params.js';
import { parseValued, serializeValued } from './valued.js';

const maxDelta = 0xffffffff;

/** Event (RFC 6665 8.2.1). */
export interface EventField {
  /** Package with templates, as written: `reg`, `presence.winfo`. */
  readonly package: string;
  readonly id?: string;
  readonly params: Params;
}

/** Parses an Event value; `id` is also among the parameters. */
export function parseEvent(text: string): Parsed<EventField> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const { value, params } = valued.value;
  const id = params.get('id');
  return parsed(id === undefined ? { package: value, params } : { package: value, id, params });
}

/** Subscription-State (RFC 6665 8.2.3). Times are in seconds. */
export interface SubscriptionState {
  /** `active`, `pending`, `terminated` or another token, in lower case. */
  readonly state: string;
  readonly reason?: string;
  readonly expires?: number;
  readonly retryAfter?: number;
}

/** Parses a Subscription-State value. */
export function parseSubscriptionState(text: string): Parsed<SubscriptionState> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const { value, params } = valued.value;
  const reason = params.get('reason');
  const expires = digits(params.get('expires') ?? '', maxDelta);
  const retryAfter = digits(params.get('retry-after') ?? '', maxDelta);
  return parsed({
    state: value.toLowerCase(),
    ...(reason === undefined ? undefined : { reason }),
    ...(expires === undefined ? undefined : { expires }),
    ...(retryAfter === undefined ? undefined : { retryAfter }),
  });
}

export function serializeSubscriptionState(state: SubscriptionState): string {
  let params = Params.none;
  if (state.reason !== undefined) params = params.with('reason', state.reason);
  if (state.expires !== undefined) params = params.with('expires', String(state.expires));
  if (state.retryAfter !== undefined) params = params.with('retry-after', String(state.retryAfter));
  return serializeValued({ value: state.state, params });
}

/** Session-Expires (RFC 4028 4) and, without `refresher`, Min-SE (RFC 4028 5). */
export interface SessionExpires {
  readonly seconds: number;
  readonly refresher?: 'uac' | 'uas';
}

/** Parses a Session-Expires or Min-SE value. */
export function parseSessionExpires(text: string): Parsed<SessionExpires> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const seconds = digits(valued.value.value, maxDelta);
  if (seconds === undefined) return unparsed('session interval is not a number', 0, 'delta-seconds');
  const refresher = valued.value.params.get('refresher')?.toLowerCase();
  return parsed(refresher === 'uac' || refresher === 'uas' ? { seconds, refresher } : { seconds });
}

export function serializeSessionExpires(session: SessionExpires): string {
  return session.refresher === undefined
    ? `${session.seconds}`
    : `${session.seconds};refresher=${session.refresher}`;
}

/** RAck (RFC 3262 7.2): the RSeq and CSeq of the provisional response that is acknowledged. */
export interface RAck extends CSeq {
  readonly rseq: number;
}

/** Parses a RAck value: response number 1 to 2^32 - 1, CSeq number, method. */
export function parseRAck(text: string): Parsed<RAck> {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) > 32) end++;
  const rseq = digits(text.slice(0, end), maxDelta);
  if (rseq === undefined) return unparsed('RAck without a response number', 0, 'digits');
  const cseq = parseCSeq(text.slice(skipSpace(text, end)));
  return cseq === undefined
    ? unparsed('RAck without CSeq number and method', end)
    : parsed({ rseq, ...cseq });
}

export function serializeRAck(rack: RAck): string {
  return `${rack.rseq} ${rack.sequence} ${rack.method}`;
}

/** Parses RSeq (RFC 3262 7.1), Min-Expires, Max-Forwards and the like: 0 to 2^32 - 1. */
export function parseNumber(text: string): Parsed<number> {
  const value = digits(text, maxDelta);
  return value === undefined ? unparsed('not a number from 0 to 4294967295', 0, 'digits') : parsed(value);
}

/** One Reason (RFC 3326 2). */
export interface Reason {
  /** `SIP`, `Q.850` or another token, as written. */
  readonly protocol: string;
  readonly cause?: number;
  readonly text?: string;
}

/** Parses one element of a Reason list. */
export function parseReason(text: string): Parsed<Reason> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const { value, params } = valued.value;
  const cause = digits(params.get('cause') ?? '', maxDelta);
  const reason = params.get('text');
  return parsed({
    protocol: value,
    ...(cause === undefined ? undefined : { cause }),
    ...(reason === undefined ? undefined : { text: reason }),
  });
}

export function serializeReason(reason: Reason): string {
  let params = Params.none;
  if (reason.cause !== undefined) params = params.with('cause', String(reason.cause));
  if (reason.text !== undefined) params = params.withQuoted('text', reason.text);
  return serializeValued({ value: reason.protocol, params });
}

/** Content-Type, or one media range of Accept (RFC 3261 20.15, 20.1); both parts in lower case. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly params: Params;
}

export function parseMediaType(text: string): Parsed<MediaType> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const [type = '', subtype = '', more] = valued.value.value.toLowerCase().split('/').map(trimSpace);
  if (type === '' || subtype === '' || more !== undefined)
    return unparsed('not a media type', 0, 'type "/" subtype');
  return parsed({ type, subtype, params: valued.value.params });
}

export function serializeMediaType(media: MediaType): string {
  return `${media.type}/${media.subtype}${media.params.toString()}`;
}

/** Retry-After (RFC 3261 20.33), in seconds. */
export interface RetryAfter {
  readonly seconds: number;
  readonly comment?: string;
  readonly duration?: number;
}

export function parseRetryAfter(text: string): Parsed<RetryAfter> {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
  const seconds = digits(text.slice(0, end), maxDelta);
  if (seconds === undefined) return unparsed('Retry-After without seconds', 0, 'delta-seconds');
  let at = skipSpace(text, end);
  let comment: string | undefined;
  if (text.charCodeAt(at) === 40) {
    const close = endOfComment(text, at);
    if (close < 0) return unparsed('comment without its end', at, '")"');
    comment = text.slice(at + 1, close - 1).replace(/\\([\s\S])/g, '$1');
    at = close;
  }
  const params = parseParams(text, at);
  if (!params.ok) return params;
  const duration = digits(params.value.get('duration') ?? '', maxDelta);
  return parsed({
    seconds,
    ...(comment === undefined ? undefined : { comment }),
    ...(duration === undefined ? undefined : { duration }),
  });
}

function endOfComment(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 40) depth++;
    else if (code === 41 && --depth === 0) return i + 1;
  }
  return -1;
}

export function serializeRetryAfter(retry: RetryAfter): string {
  const comment = retry.comment === undefined ? '' : ` (${retry.comment.replace(/[\\()]/g, '\\$&')})`;
  const duration = retry.duration === undefined ? '' : `;duration=${retry.duration}`;
  return `${retry.seconds}${comment}${duration}`;
}

/** One Warning (RFC 3261 20.43). */
export interface Warning {
  /** 100 to 999. */
  readonly code: number;
  /** Host, host and port, or pseudonym. */
  readonly agent: string;
  readonly text: string;
}

const warningPattern = /^(\d{3}) +(\S+) +("(?:[^"\\]|\\[\s\S])*")$/;

/** Parses one element of a Warning list. */
export function parseWarning(text: string): Parsed<Warning> {
  const match = warningPattern.exec(text);
  if (match === null) return unparsed('not a warning', 0, '3DIGIT SP warn-agent SP quoted-string');
  return parsed({ code: Number(match[1]), agent: match[2] as string, text: unquote(match[3] as string) });
}

export function serializeWarning(warning: Warning): string {
  return `${warning.code} ${warning.agent} ${quote(warning.text)}`;
}

/** Replaces (RFC 3891 6.1): the dialog that is to be replaced. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

export function parseReplaces(text: string): Parsed<Replaces> {
  const semicolon = text.indexOf(';');
  if (semicolon < 0) return unparsed('Replaces without tags', text.length, '";"');
  const params = parseParams(text, semicolon);
  if (!params.ok) return params;
  const callId = trimSpace(text.slice(0, semicolon));
  const toTag = params.value.get('to-tag');
  const fromTag = params.value.get('from-tag');
  if (callId === '' || toTag === undefined || fromTag === undefined) {
    return unparsed('Replaces without Call-ID, to-tag and from-tag', 0);
  }
  return parsed({ callId, toTag, fromTag, earlyOnly: params.value.has('early-only') });
}

export function serializeReplaces(replaces: Replaces): string {
  const early = replaces.earlyOnly ? ';early-only' : '';
  return `${replaces.callId};to-tag=${replaces.toTag};from-tag=${replaces.fromTag}${early}`;
}

/**
 * The values of a feature tag (RFC 3840 9; TS 24.229 7.9): the tag-value list of its quoted string, escapes undone, such
 * as `urn:urn-7:3gpp-service.ims.icsi.mmtel` of `+g.3gpp.icsi-ref`. Empty when the tag is absent or has no value.
 */
export function featureValues(params: Params, tag: string): readonly string[] {
  const value = params.get(tag);
  if (value === undefined) return [];
  if (value.startsWith('<') && value.endsWith('>')) return [value.slice(1, -1)];
  return splitList(value)
    .filter((part) => part !== '')
    .map(unescapeUri);
}
