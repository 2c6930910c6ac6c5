import {
  type Avp,
  type AvpHolder,
  avpValue,
  avpValues,
  type DiameterHeader,
  type DiameterMessage,
  makeAnswer,
  makeAvp,
  ResultCode,
  resultOf as readResult,
  resultCodeName,
} from '../../wire/diameter/index.js';
import { type LocalIdentity, sameIdentity } from './local-identity.js';

/** What a request came to: a Result-Code of RFC 6733 7.1, or an Experimental-Result of an application's own. */
export type AnswerResult =
  | { readonly resultCode: number }
  | { readonly experimental: { readonly vendor: number; readonly code: number } };

/** The result of an answer. The same number means different things in the two containers. */
export interface ResultOfAnswer {
  /** `base`: Result-Code; `experimental`: Experimental-Result. */
  readonly kind: 'base' | 'experimental';
  /** 0 for an answer without a result, which a node does not pass up. */
  readonly code: number;
  /** Such as `DIAMETER_FIRST_REGISTRATION`; the digits of a number that has no name. */
  readonly name: string;
}

/** The result of an answer: its Result-Code, otherwise its Experimental-Result (TS 29.229 6.2). */
export function resultOf(answer: AvpHolder): ResultOfAnswer {
  const { code = 0, experimental = false, name } = readResult(answer) ?? {};
  return { kind: experimental ? 'experimental' : 'base', code, name: name ?? String(code) };
}

/** A result code in words: `DIAMETER_UNABLE_TO_DELIVER (3002): the connection was reset`. */
export function describeResult(resultCode: number, why: string): string {
  return `${resultCodeName(resultCode, false) ?? 'result'} (${resultCode}): ${why}`;
}

/** Whether a result is a protocol error, which has to be told with the E bit (RFC 6733 7.1.3, 7.2). */
function isProtocolError(result: AnswerResult): boolean {
  return 'resultCode' in result && result.resultCode >= 3000 && result.resultCode < 4000;
}

function resultAvp(result: AnswerResult): Avp {
  if ('resultCode' in result) return makeAvp('Result-Code', result.resultCode);
  const { vendor, code } = result.experimental;
  return makeAvp('Experimental-Result', [
    makeAvp('Vendor-Id', vendor),
    makeAvp('Experimental-Result-Code', code),
  ]);
}

/** The answer to a request (RFC 6733 6.2), in the form of an error answer (7.2) where the result is a protocol error. */
export function answerTo(
  identity: LocalIdentity,
  request: DiameterMessage,
  result: AnswerResult,
  avps: readonly Avp[] = [],
): DiameterMessage {
  const error = isProtocolError(result);
  const [application, state] = (error ? undefined : identity.common(request.applicationId)) ?? [];
  const list = [
    ...(application === undefined ? [] : [application]),
    resultAvp(result),
    ...(state === undefined ? [] : [state]),
    identity.originHost,
    identity.originRealm,
    ...avps,
  ];
  return makeAnswer(request, list, { error });
}

/** Error-Message and Failed-AVP (RFC 6733 7.3, 7.5). */
export function errorDetails(what: string, failedAvp?: Avp): Avp[] {
  const message = makeAvp('Error-Message', what);
  return failedAvp === undefined ? [message] : [message, makeAvp('Failed-AVP', [failedAvp])];
}

/** The answer to a request of which only the header could be read, so it has the form of 7.2 whatever the result (7.1.5). */
export function answerToHeader(
  identity: LocalIdentity,
  header: DiameterHeader,
  resultCode: number,
  avps: readonly Avp[],
): DiameterMessage {
  const list = [makeAvp('Result-Code', resultCode), identity.originHost, identity.originRealm, ...avps];
  return makeAnswer({ ...header, avps: [] }, list, { error: true });
}

/** The Application-Ids in a CER or CEA; vendors do not count (RFC 6733 5.3). */
export function applicationsOf(message: DiameterMessage): Set<number> {
  const all = new Set<number>();
  for (const holder of [message, ...avpValues(message, 'Vendor-Specific-Application-Id')]) {
    for (const id of avpValues(holder, 'Auth-Application-Id')) all.add(id);
    for (const id of avpValues(holder, 'Acct-Application-Id')) all.add(id);
  }
  return all;
}

/**
 * Why a request is not for a node: it names another host, or a realm that is not served (RFC 6733 6.1.4, 6.1.6). A node that
 * is no agent does not pass it on.
 */
export function misrouted(identity: LocalIdentity, request: DiameterMessage): number | undefined {
  const host = avpValue(request, 'Destination-Host');
  if (host !== undefined) {
    return sameIdentity(host, identity.host) ? undefined : ResultCode.DIAMETER_UNABLE_TO_DELIVER;
  }
  const realm = avpValue(request, 'Destination-Realm');
  return realm === undefined || sameIdentity(realm, identity.realm)
    ? undefined
    : ResultCode.DIAMETER_REALM_NOT_SERVED;
}
