import { authenticationInfo } from '../../src/stack/sip-auth/index.js';
import { serializeChargingVector } from '../../src/wire/sip/index.js';
import { type Binding, contactValue } from './bindings.js';
import { chargingVectorOf, typeOne } from './charging.js';
import type { Register } from './register-request.js';
import type { ProvenCredentials } from './served-user.js';

/** What the 200 to a REGISTER is made of. */
export interface RegisterGrant {
  readonly register: Register;
  readonly bindings: readonly Binding[];
  /** Contacts that this REGISTER has taken away. */
  readonly gone: readonly Binding[];
  /** Public identities, the default one first. */
  readonly impus: readonly string[];
  /** URI with `lr`. */
  readonly serviceRoute: string;
  readonly homeDomain: string;
  readonly nowUs: number;
  /** For a REGISTER with a proof of the password: what the next one has to be made with. */
  readonly next: ProvenCredentials | undefined;
}

/** The header fields of the 200 to a REGISTER (TS 24.229 5.4.1.2.2F; RFC 3327, 3608, 5626, 5627, 7315). */
export function okHeaders(grant: RegisterGrant): [string, string][] {
  const { register, bindings, gone, nowUs } = grant;
  const { claim, request } = register;
  const headers: [string, string][] = [];
  for (const value of request.headers.all('path')) headers.push(['Path', value]);
  for (const binding of bindings) headers.push(['Contact', contactValue(binding, nowUs)]);
  for (const binding of gone)
    headers.push(['Contact', contactValue({ ...binding, expiresAtUs: nowUs }, nowUs)]);
  if (bindings.length > 0) {
    headers.push(['Service-Route', `<${grant.serviceRoute}>`]);
    headers.push(['P-Associated-URI', grant.impus.map((uri) => `<${uri}>`).join(', ')]);
    // RFC 5626 6: tells the UE that it has a flow
    if (bindings.some(({ regId }) => regId !== undefined)) headers.push(['Require', 'outbound']);
  }
  const vector = chargingVectorOf(request);
  if (vector !== undefined) {
    const complete = { ...vector, termIoi: typeOne(grant.homeDomain) };
    headers.push(['P-Charging-Vector', serializeChargingVector(complete)]);
  }
  if (claim !== undefined && grant.next !== undefined) {
    headers.push(['Authentication-Info', authenticationInfo(claim, grant.next.ha1, grant.next.nonce)]);
  }
  return headers;
}
