import { ownText } from '../../src/stack/sip-ua/index.js';
import { type NameAddr, type Params, parseUri, sameUri } from '../../src/wire/sip/index.js';
import { asksOutbound, type Register } from './register-request.js';

/** A contact that is registered (RFC 3261 10.3, RFC 5626 6). It outlives the REGISTER, so its texts are its own. */
export interface Binding {
  /** Unique in its registration, for registration information (RFC 3680 5.1). */
  readonly id: string;
  readonly uri: string;
  /** Contact parameters as registered, without `expires`. */
  readonly attributes: string;
  /** Value of `+sip.instance` without its brackets. */
  readonly instance: string | undefined;
  /** Present when outbound applies. */
  readonly regId: string | undefined;
  readonly path: readonly string[];
  readonly callId: string;
  readonly cseq: number;
  /** Virtual time in microseconds. */
  readonly expiresAtUs: number;
  readonly pubGruu: string | undefined;
}

/** A change to the contacts of a registration. */
export interface BindingChange {
  readonly bindings: readonly Binding[];
  /** Those that are no more, with the reason (RFC 3680 5.1). */
  readonly gone: readonly { readonly binding: Binding; readonly event: 'unregistered' | 'deactivated' }[];
  /** Id of the binding that the REGISTER has made or refreshed, and which of both. */
  readonly touched: { readonly id: string; readonly event: 'registered' | 'refreshed' } | undefined;
}

/** What a change needs to know besides the REGISTER. */
export interface BindingRules {
  readonly nowUs: number;
  readonly longestS: number;
  /** Whether another contact without outbound takes the place of those there are. */
  readonly replace: boolean;
  nextId(): string;
}

const SECOND_US = 1_000_000;

/**
 * Applies the contacts of a REGISTER to those that are registered (RFC 3261 10.3, RFC 5626 6).
 *
 * @returns `undefined` when a contact has a CSeq that is not higher with the same Call-ID, so that nothing is changed (500 is
 *   owed)
 */
export function applyRegister(
  before: readonly Binding[],
  register: Register,
  rules: BindingRules,
): BindingChange | undefined {
  const callId = register.request.callId() ?? '';
  const cseq = register.request.cseq()?.sequence ?? 0;
  const tooOld = (binding: Binding): boolean => binding.callId === callId && binding.cseq >= cseq;
  if (register.all) {
    if (before.some(tooOld)) return undefined;
    return {
      bindings: [],
      gone: before.map((binding) => ({ binding, event: 'unregistered' })),
      touched: undefined,
    };
  }
  let bindings = [...before];
  const gone: { binding: Binding; event: 'unregistered' | 'deactivated' }[] = [];
  let touched: BindingChange['touched'];
  const outbound = asksOutbound(register);
  for (const { address, expiresS = rules.longestS } of register.contacts) {
    const known = bindings.find((binding) => isSame(binding, address, outbound));
    if (known !== undefined && tooOld(known)) return undefined;
    bindings = bindings.filter((binding) => binding !== known);
    if (expiresS === 0) {
      if (known !== undefined) gone.push({ binding: known, event: 'unregistered' });
      continue;
    }
    if (!outbound && rules.replace) {
      for (const binding of bindings) gone.push({ binding, event: 'deactivated' });
      bindings = [];
    }
    const id = known?.id ?? rules.nextId();
    const { params, uri } = address;
    const instance = params.get('+sip.instance')?.replace(/^<|>$/g, '');
    touched = { id, event: known === undefined ? 'registered' : 'refreshed' };
    const attributes = params.without('expires').without('pub-gruu').without('temp-gruu').toString();
    const pubGruu = publicGruu(register, instance);
    const binding: Binding = {
      id,
      uri: ownText(uri),
      attributes: ownText(attributes),
      instance: instance === undefined ? undefined : ownText(instance),
      regId: outbound ? params.get('reg-id') : undefined,
      path: register.path.map(ownText),
      callId: ownText(callId),
      cseq,
      expiresAtUs: rules.nowUs + Math.min(expiresS, rules.longestS) * SECOND_US,
      pubGruu: pubGruu === undefined ? undefined : ownText(pubGruu),
    };
    bindings = bindings.concat(binding);
  }
  return { bindings, gone, touched };
}

/** Seconds that a binding has left, rounded up. */
export function secondsLeft({ expiresAtUs }: Binding, nowUs: number): number {
  return Math.max(0, Math.ceil((expiresAtUs - nowUs) / SECOND_US));
}

/** A Contact value of a 200 (RFC 3261 10.3 step 8, RFC 5627 5.3). */
export function contactValue(binding: Binding, nowUs: number): string {
  const { uri, attributes, pubGruu } = binding;
  const gruu = pubGruu === undefined ? '' : `;pub-gruu="${pubGruu}"`;
  return `<${uri}>${attributes};expires=${secondsLeft(binding, nowUs)}${gruu}`;
}

/** A GRUU is the public identity with the instance in a parameter (RFC 5627 3.1.1, A.1). */
function publicGruu({ supported, impu }: Register, instance: string | undefined): string | undefined {
  if (instance === undefined || !supported.includes('gruu') || !impu.startsWith('sip')) return undefined;
  return `${impu};gr=${instance}`;
}

function isSame(binding: Binding, { uri, params }: NameAddr, outbound: boolean): boolean {
  // RFC 5626 6: with outbound, instance and reg-id name the binding
  if (outbound && binding.regId !== undefined) {
    return binding.regId === params.get('reg-id') && binding.instance === instanceOf(params);
  }
  const one = parseUri(binding.uri);
  const other = parseUri(uri);
  return one.ok && other.ok && sameUri(one.value, other.value);
}

function instanceOf(params: Params): string | undefined {
  return params.get('+sip.instance')?.replace(/^<|>$/g, '');
}
