import type { ForwardOptions } from '../../src/stack/sip-ua/index.js';
import { parseIdentity, parseUri, type SipRequest, type SipResponse } from '../../src/wire/sip/index.js';
import { canonicalIdentity } from '../hss/index.js';
import type { Binding } from './bindings.js';
import { chargingVectorOf, setIoi, typeOne } from './charging.js';
import type { ServedUser } from './served-user.js';

/** User parts of the Record-Route URIs, so that a request in a dialog shows on which side of the call it is. */
export const ORIGINATING = 'mo';
export const TERMINATING = 'mt';

/** How a request is to be forwarded, or the status it is refused with. */
export type SessionVerdict = ForwardOptions | { readonly status: number };

/** What a routing decision knows of its S-CSCF. */
export interface SessionContext {
  readonly homeDomain: string;
  /** Own URI for Record-Route, with that user part and `lr`. */
  recordRoute(side: typeof ORIGINATING | typeof TERMINATING): string;
}

/**
 * A request that a served user has sent (TS 24.229 5.4.3.2): it has to be from one of the user's own identities, and goes where
 * its Request-URI says.
 */
export function routeOriginating(
  request: SipRequest,
  user: ServedUser | undefined,
  context: SessionContext,
): SessionVerdict {
  if (user === undefined || user.bindings.length === 0) return { status: 403 };
  if (!assertsIdentityOf(request, user)) return { status: 403 };
  const { homeDomain } = context;
  const received = chargingVectorOf(request)?.origIoi;
  return {
    recordRoute: context.recordRoute(ORIGINATING),
    // type 1 towards the P-CSCF, type 2 towards the other network (TS 24.229 7.2A.5A)
    mutate: (copy) => setIoi(copy, homeDomain, undefined),
    onResponse: (response) => withIoi(response, received, typeOne(homeDomain)),
  };
}

/** A request to a served user (TS 24.229 5.4.3.3): it goes to the contact, along the path that was registered. */
export function routeTerminating(
  request: SipRequest,
  user: ServedUser | undefined,
  context: SessionContext,
): SessionVerdict {
  const target = parseUri(request.uri);
  const { homeDomain } = context;
  if (!target.ok || (target.value.kind === 'sip' && target.value.host.toLowerCase() !== homeDomain)) {
    return { status: 404 };
  }
  if (user === undefined) return { status: 480 };
  if (user.profile?.barred.some((uri) => canonicalIdentity(uri) === canonicalIdentity(request.uri))) {
    return { status: 404 };
  }
  const instance = target.value.kind === 'sip' ? target.value.params.get('gr') : undefined;
  const binding = chooseBinding(user.bindings, instance);
  if (binding === undefined) return { status: 480 };
  const called = request.uri;
  const received = chargingVectorOf(request)?.origIoi;
  return {
    requestUri: binding.uri,
    pushRoutes: binding.path,
    recordRoute: context.recordRoute(TERMINATING),
    mutate: (copy) => {
      copy.headers.set('P-Called-Party-ID', `<${called}>`);
      setIoi(copy, typeOne(homeDomain), undefined);
    },
    onResponse: (response) => withIoi(unlessFlowFailed(response), received, homeDomain),
  };
}

/** The binding that was made or refreshed last, of the instance that a GRUU names (RFC 5627 5.1). */
function chooseBinding(bindings: readonly Binding[], instance: string | undefined): Binding | undefined {
  if (instance === undefined) return bindings.at(-1);
  return bindings.findLast((binding) => binding.instance === instance);
}

function assertsIdentityOf(request: SipRequest, user: ServedUser): boolean {
  const impus = user.profile?.impus ?? [];
  return request.headers.list('p-asserted-identity').some((value) => {
    const identity = parseIdentity(value);
    if (!identity.ok) return false;
    const asserted = canonicalIdentity(identity.value.uri);
    return impus.some((impu) => canonicalIdentity(impu) === asserted);
  });
}

function withIoi(response: SipResponse, origIoi: string | undefined, termIoi: string): SipResponse {
  setIoi(response, origIoi, termIoi);
  return response;
}

/** The lack of a flow concerns nobody beyond the proxy that chose it (RFC 5626 5.3). */
function unlessFlowFailed(response: SipResponse): SipResponse {
  if (response.status !== 430) return response;
  response.status = 480;
  response.reason = 'Temporarily Unavailable';
  return response;
}
