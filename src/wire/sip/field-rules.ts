import type { Parsed } from '../parsed.js';
import { parseAuthParams, parseCredentials } from './auth.js';
import { addressDefect, hostDefect, isCallId, isTokenList, paramsDefect, uriDefect } from './checks.js';
import { parseSipDate } from './date.js';
import {
  parseEvent,
  parseMediaType,
  parseNumber,
  parseRAck,
  parseReason,
  parseReplaces,
  parseRetryAfter,
  parseSessionExpires,
  parseSubscriptionState,
  parseWarning,
} from './fields.js';
import { isDigits, isToken, splitList, WORD } from './grammar.js';
import { parseCSeq } from './message.js';
import {
  parseAccessNetwork,
  parseChargingFunctionAddresses,
  parseChargingVector,
  parseFeatureCaps,
  parseIdentity,
  parseVisitedNetworks,
} from './p-headers.js';
import { remembered } from './remembered.js';
import { parseVia } from './via.js';

/** How one header field value is judged by itself. */
export interface FieldRule {
  /** What is wrong with the value, if anything. */
  readonly check: (value: string) => string | undefined;
  /** The status owed: 0 where the field is ignored, or its default holds, when it is malformed. */
  readonly status: number;
  readonly rule: string;
  /** The message may have the field once only (RFC 3261 7.3.1). */
  readonly once: boolean;
}

type Check = FieldRule['check'];

/** The value as a whole, or every element of the list, is what the parser can read. */
function readable(parse: (text: string) => Parsed<unknown>): Check {
  return remembered((value) => {
    const result = parse(value);
    return result.ok ? undefined : result.error.what;
  });
}

function each(check: Check): Check {
  return (value) => {
    if (!value.includes(',')) return value === '' ? 'empty list element' : check(value);
    for (const element of splitList(value)) {
      const defect = element === '' ? 'empty list element' : check(element);
      if (defect !== undefined) return defect;
    }
    return undefined;
  };
}

function orEmpty(check: Check): Check {
  return (value) => (value === '' ? undefined : check(value));
}

const tokens: Check = remembered((value) => (isTokenList(value) ? undefined : 'not a list of tokens'));
const address: Check = remembered((value) => addressDefect(value));
const route: Check = remembered((value) => addressDefect(value, true));
const identity: Check = remembered((value) => {
  const parsed = parseIdentity(value);
  return parsed.ok ? uriDefect(parsed.value.uri) : parsed.error.what;
});
const via: Check = remembered(viaDefect);

function viaDefect(value: string): string | undefined {
  const parsed = parseVia(value);
  if (!parsed.ok) return parsed.error.what;
  const { host, params, transport } = parsed.value;
  return (
    hostDefect(host) ?? paramsDefect(params) ?? (isToken(transport) ? undefined : 'transport is not a token')
  );
}

function cseq(value: string): string | undefined {
  const parsed = parseCSeq(value);
  if (parsed === undefined) return 'CSeq is not a number up to 2^32 - 1 and a method';
  return isToken(parsed.method) ? undefined : 'CSeq method is not a token';
}

/** Digest has parameters, never a token68 (RFC 3261 25.1 `digest-response`). */
function authentication(value: string): string | undefined {
  const parsed = parseCredentials(value);
  if (!parsed.ok) return parsed.error.what;
  const { scheme, params } = parsed.value;
  return scheme.toLowerCase() === 'digest' && params.size === 0 ? 'Digest without parameters' : undefined;
}

const addresses = each(address);

const rules = new Map<string, FieldRule>();

function rule(name: string, check: Check, status: number, reference: string, once = false): void {
  rules.set(name.toLowerCase(), { check, status, rule: reference, once });
}

rule('Accept', orEmpty(each(readable(parseMediaType))), 0, 'RFC 3261 20.1');
rule('Allow', orEmpty(tokens), 0, 'RFC 3261 20.5');
rule('Authentication-Info', readable(parseAuthParams), 0, 'RFC 3261 20.6');
rule('Authorization', authentication, 400, 'RFC 3261 20.7');
rule('Call-ID', (value) => (isCallId(value, WORD) ? undefined : 'malformed'), 400, 'RFC 3261 20.8', true);
rule('Contact', (value) => (value === '*' ? undefined : addresses(value)), 400, 'RFC 3261 20.10');
rule('Content-Type', readable(parseMediaType), 400, 'RFC 3261 20.15', true);
rule('CSeq', cseq, 400, 'RFC 3261 20.16', true);
rule('Date', readable(parseSipDate), 0, 'RFC 3261 20.17');
rule('Event', readable(parseEvent), 400, 'RFC 6665 8.2.1', true);
rule('Expires', readable(parseNumber), 0, 'RFC 3261 20.19');
rule('Feature-Caps', each(readable(parseFeatureCaps)), 0, 'RFC 6809 6.2');
rule('From', address, 400, 'RFC 3261 20.20', true);
rule('Max-Forwards', (value) => (isDigits(value) ? undefined : 'not a number'), 400, 'RFC 3261 20.22', true);
rule('Min-Expires', readable(parseNumber), 0, 'RFC 3261 20.23');
rule('Min-SE', readable(parseSessionExpires), 400, 'RFC 4028 5', true);
rule('P-Access-Network-Info', each(readable(parseAccessNetwork)), 0, 'RFC 7315 5.4');
rule('P-Asserted-Identity', each(identity), 0, 'RFC 3325 9.1');
rule('P-Associated-URI', orEmpty(each(route)), 0, 'RFC 7315 5.1');
rule('P-Called-Party-ID', route, 0, 'RFC 7315 5.2', true);
rule(
  'P-Charging-Function-Addresses',
  readable((value) => parseChargingFunctionAddresses(splitList(value))),
  0,
  'RFC 7315 5.5',
);
rule('P-Charging-Vector', readable(parseChargingVector), 0, 'RFC 7315 5.6');
rule('P-Early-Media', orEmpty(tokens), 0, 'RFC 5009 8');
rule('P-Preferred-Identity', each(identity), 0, 'RFC 3325 9.2');
rule(
  'P-Visited-Network-ID',
  readable((value) => parseVisitedNetworks(splitList(value))),
  0,
  'RFC 7315 5.3',
);
rule('Path', each(route), 400, 'RFC 3327 4');
rule('Proxy-Authenticate', authentication, 400, 'RFC 3261 20.27');
rule('Proxy-Authorization', authentication, 400, 'RFC 3261 20.28');
rule('Proxy-Require', tokens, 400, 'RFC 3261 20.29');
rule('RAck', readable(parseRAck), 400, 'RFC 3262 7.2', true);
rule('Reason', each(readable(parseReason)), 0, 'RFC 3326 2');
rule('Record-Route', each(route), 400, 'RFC 3261 20.30');
rule('Refer-To', address, 400, 'RFC 3515 2.1', true);
rule('Referred-By', address, 0, 'RFC 3892 3');
rule('Replaces', readable(parseReplaces), 400, 'RFC 3891 6.1', true);
rule('Reply-To', address, 0, 'RFC 3261 20.31');
rule('Require', tokens, 400, 'RFC 3261 20.32');
rule('Retry-After', readable(parseRetryAfter), 0, 'RFC 3261 20.33');
rule('Route', each(route), 400, 'RFC 3261 20.34');
rule('RSeq', readable(parseNumber), 400, 'RFC 3262 7.1', true);
rule('Service-Route', each(route), 400, 'RFC 3608 5');
rule('Session-Expires', readable(parseSessionExpires), 400, 'RFC 4028 4', true);
rule('Subscription-State', readable(parseSubscriptionState), 400, 'RFC 6665 8.2.3', true);
rule('Supported', orEmpty(tokens), 0, 'RFC 3261 20.37');
rule('To', address, 400, 'RFC 3261 20.39', true);
rule('Unsupported', tokens, 0, 'RFC 3261 20.40');
rule('Via', each(via), 400, 'RFC 3261 20.42');
rule('Warning', each(readable(parseWarning)), 0, 'RFC 3261 20.43');
rule('WWW-Authenticate', authentication, 400, 'RFC 3261 20.44');

/** The rule of each header field that has one, by its key. */
export const fieldRules: ReadonlyMap<string, FieldRule> = rules;
