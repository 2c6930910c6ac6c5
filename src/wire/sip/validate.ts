import { hasControl, uriDefect } from './checks.js';
import { fieldRules } from './field-rules.js';
import { parseNumber } from './fields.js';
import { isToken } from './grammar.js';
import { headerKey } from './header-names.js';
import type { SipFinding, SipMessage, SipRequest } from './message.js';
import { contentLength } from './parse.js';
import { hasStrayBytes } from './text.js';

/** What the element that validates is able to do. */
export interface ValidateOptions {
  /** Request-URI schemes that are understood, in lower case; others are owed 416. Default sip, sips, tel, urn. */
  readonly schemes?: readonly string[];
  /** Methods that are understood; others are owed 501. Without it no method is judged, as a proxy needs it. */
  readonly methods?: readonly string[];
}

/** Whether the message has what a response to it is made of (RFC 3261 8.2.6.2): Via, From, To, Call-ID, CSeq. */
export function canAnswer(message: SipMessage): boolean {
  return message.via() !== undefined && mandatory.every((name) => message.headers.has(name));
}

/**
 * The finding to act upon: for a request, the response owed (an unknown version, method or scheme before anything else,
 * RFC 3261 8.2.1, 8.2.2.1, 21.5.6); undefined when nothing found is worth a rejection.
 */
export function rejection(findings: readonly SipFinding[]): SipFinding | undefined {
  if (findings.length === 0) return undefined;
  for (const status of [505, 501, 416]) {
    const finding = findings.find((each) => each.status === status);
    if (finding !== undefined) return finding;
  }
  return findings.find((each) => each.status !== 0);
}

/**
 * What is wrong with the message, by RFC 3261 25.1 and the documents of its header fields.
 *
 * The `status` of a finding is the response code a request is owed for it; a response with such a finding is to be
 * discarded. 0 means that the message can be processed all the same: the field is not needed, or has a default that holds
 * when it is malformed, or RFC 2543 allowed it.
 */
export function validateSip(message: SipMessage, options: ValidateOptions = {}): SipFinding[] {
  const findings = message.defects.slice();
  const add: Add = (what, where, rule, status = 400) => {
    findings.push({ what, where, rule, status });
  };
  if (message.kind === 'request') checkRequestLine(message, options, add);
  else checkStatusLine(message.status, message.reason, add);
  const seen = checkFields(message, add);
  for (const name of mandatory) {
    if (!seen.has(headerKey(name))) add(`no ${name}`, name, 'RFC 3261 8.1.1');
  }
  if (message.kind === 'request') checkRequest(message, seen, add);
  checkTransaction(message, add);
  if (seen.has('contact')) checkContacts(message, add);
  if (seen.has('p-asserted-identity')) checkIdentities(message, 'P-Asserted-Identity', add);
  if (seen.has('p-preferred-identity')) checkIdentities(message, 'P-Preferred-Identity', add);
  const length = contentLength(message);
  if (!length.ok) add(length.error.what, 'Content-Length', 'RFC 3261 20.14');
  if (message.body.length > 0 && !seen.has('content-type')) {
    add('a body without Content-Type', 'Content-Type', 'RFC 3261 20.15');
  }
  return findings;
}

type Add = (what: string, where: string, rule: string, status?: number) => void;

const mandatory = ['Via', 'From', 'To', 'Call-ID', 'CSeq'];
const defaultSchemes = ['sip', 'sips', 'tel', 'urn'];
/** The start of every branch of an RFC 3261 element (8.1.1.7). */
const cookie = 'z9hG4bK';
/** `qvalue` of RFC 3261 25.1. */
const qValue = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

function checkRequestLine(request: SipRequest, options: ValidateOptions, add: Add): void {
  const { method, uri } = request;
  if (!isToken(method)) add('method is not a token', 'Request-Line', 'RFC 3261 7.1');
  else if (options.methods !== undefined && !options.methods.includes(method)) {
    add(`method ${method} is not implemented`, 'Request-Line', 'RFC 3261 21.5.2', 501);
  }
  const defect = uriDefect(uri);
  if (defect !== undefined) {
    add(`Request-URI: ${defect}`, 'Request-Line', 'RFC 3261 7.1');
    return;
  }
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  if (!(options.schemes ?? defaultSchemes).includes(scheme)) {
    add(`Request-URI scheme "${scheme}" is not supported`, 'Request-Line', 'RFC 3261 8.2.2.1', 416);
  }
  if (scheme.startsWith('sip') && uri.includes('?', uri.indexOf('@') + 1)) {
    add('Request-URI has header components', 'Request-Line', 'RFC 3261 19.1.1');
  }
}

function checkStatusLine(status: number, reason: string, add: Add): void {
  if (status < 100 || status > 699) {
    add(`status code ${status} is not one of 100 to 699`, 'Status-Line', 'RFC 3261 7.2');
  }
  if (hasControl(reason)) add('reason phrase has a control character', 'Status-Line', 'RFC 3261 25.1');
  if (hasStrayBytes(reason)) add('reason phrase is not UTF-8', 'Status-Line', 'RFC 3261 25.1', 0);
}

/** Judges each field by itself; returns the keys that are there. */
function checkFields(message: SipMessage, add: Add): Set<string> {
  const seen = new Set<string>();
  for (const { name, value } of message.headers) {
    const key = headerKey(name);
    const rule = fieldRules.get(key);
    if (rule === undefined) {
      if (!isToken(name)) add(`header field name "${name}" is not a token`, name, 'RFC 3261 7.3.1');
    } else {
      const defect = rule.check(value);
      if (defect !== undefined) add(defect, name, rule.rule, rule.status);
      if (rule.once && seen.has(key)) add(`more than one ${name}`, name, 'RFC 3261 7.3.1');
    }
    if (!isPlain(value)) {
      if (hasControl(value)) add('control character', name, 'RFC 3261 25.1');
      if (hasStrayBytes(value)) add('not UTF-8', name, 'RFC 3261 25.1');
    }
    seen.add(key);
  }
  return seen;
}

/** Whether a text has nothing but what can be printed in ASCII. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126) return false;
  }
  return true;
}

/** Fields that a method cannot do without. */
const methodNeeds: readonly (readonly [method: string, field: string, status: number, rule: string])[] = [
  ['PRACK', 'RAck', 400, 'RFC 3262 7.2'],
  ['SUBSCRIBE', 'Event', 489, 'RFC 6665 8.2.1'],
  ['NOTIFY', 'Event', 489, 'RFC 6665 8.2.1'],
  ['NOTIFY', 'Subscription-State', 400, 'RFC 6665 4.2.2'],
  ['REFER', 'Refer-To', 400, 'RFC 3515 2.4.2'],
];

function checkRequest(request: SipRequest, seen: ReadonlySet<string>, add: Add): void {
  for (const [method, field, status, rule] of methodNeeds) {
    if (request.method === method && !seen.has(headerKey(field))) {
      add(`${method} without ${field}`, field, rule, status);
    }
  }
  // An RFC 2543 INVITE, known by its branch, may have no Contact (RFC 3261 8.1.1.8, 8.1.1.7).
  const legacy = request.via()?.params.raw('branch')?.startsWith(cookie) !== true;
  if (request.method === 'INVITE' && !legacy && request.headers.list('contact').length !== 1) {
    add('INVITE without exactly one Contact', 'Contact', 'RFC 3261 8.1.1.8');
  }
  const forwards = request.headers.get('max-forwards');
  // RFC 2543 had no Max-Forwards, and a proxy adds one (RFC 3261 16.6 step 3).
  if (forwards === undefined) add('no Max-Forwards', 'Max-Forwards', 'RFC 3261 8.1.1.6', 0);
  else if (Number(forwards) > 255) add('Max-Forwards is above 255', 'Max-Forwards', 'RFC 3261 20.22', 0);
}

function checkTransaction(message: SipMessage, add: Add): void {
  const via = message.via();
  const branch = via?.params.raw('branch');
  // RFC 2543 knew neither branch nor From tag: their absence is told, but not held against the sender.
  if (via !== undefined && branch === undefined) add('no branch', 'Via', 'RFC 3261 8.1.1.7', 0);
  if (branch === cookie) add('branch is nothing but the magic cookie', 'Via', 'RFC 3261 8.1.1.7');
  const from = message.from();
  if (from !== undefined && from.params.raw('tag') === undefined)
    add('no From tag', 'From', 'RFC 3261 8.1.1.3', 0);
  const cseq = message.cseq();
  if (cseq === undefined) return;
  if (cseq.sequence >= 2 ** 31) add('CSeq number is not below 2^31', 'CSeq', 'RFC 3261 8.1.1.5', 0);
  if (message.kind === 'request' && cseq.method !== message.method) {
    add(`CSeq method ${cseq.method} is not that of the request`, 'CSeq', 'RFC 3261 8.1.1.5');
  }
}

function checkContacts(message: SipMessage, add: Add): void {
  const contacts = message.contacts();
  for (const { uri, params } of contacts) {
    if (uri === '*' && contacts.length > 1) add('"*" beside other contacts', 'Contact', 'RFC 3261 20.10');
    const expires = params.raw('expires');
    // RFC 3261 20.10: a malformed value counts as 3600.
    if (expires !== undefined && !parseNumber(expires).ok) {
      add('expires of a contact is not a number up to 2^32 - 1', 'Contact', 'RFC 3261 20.10', 0);
    }
    const q = params.raw('q');
    if (q !== undefined && !qValue.test(q))
      add('q of a contact is malformed', 'Contact', 'RFC 3261 20.10', 0);
  }
}

function checkIdentities(message: SipMessage, name: string, add: Add): void {
  const identities = message.headers.list(name);
  const tels = identities.filter((element) => /^[^<]*<?tel:/i.test(element)).length;
  // RFC 3325 9.1, 9.2: one value, or one sip or sips URI and one tel URI.
  if (tels > 1 || identities.length - tels > 1)
    add('more than one identity of a kind', name, 'RFC 3325 9', 0);
}
