import { parseIp } from '../ip/index.js';
import {
  type AvpDefinition,
  type AvpName,
  type AvpType,
  definitionOf,
  type dictionary,
  lookUpAvp,
} from './dictionary.js';
import { type Avp, AvpFlag, type AvpValue, VENDOR_3GPP } from './message.js';
import { CxResultCode, ResultCode, type ResultName, resultCodeName } from './result-codes.js';
import { bytesOf, textOf } from './text.js';

interface DataOfType {
  OctetString: Uint8Array;
  Integer32: number;
  Unsigned32: number;
  Unsigned64: bigint;
  Enumerated: number;
  UTF8String: string;
  DiameterIdentity: string;
  DiameterURI: string;
  Address: string;
  Time: number;
  Grouped: readonly Avp[];
}

/** The data of an AVP by its name: `string` for `'Public-Identity'`, AVPs for `'SIP-Auth-Data-Item'`. */
export type AvpData<N extends AvpName> = DataOfType[(typeof dictionary)[N]['type']];

type EnumeratedName<N extends AvpName> = (typeof dictionary)[N] extends { readonly values: infer V }
  ? keyof V & string
  : never;

/** What {@link makeAvp} takes: the data, for an OctetString also text, for an Enumerated also the value's name. */
export type AvpInput<N extends AvpName> =
  | AvpData<N>
  | EnumeratedName<N>
  | ((typeof dictionary)[N]['type'] extends 'OctetString' ? string : never);

/** A message, a Grouped AVP or a list: where AVPs are looked for. */
export type AvpHolder = { readonly avps: readonly Avp[] } | readonly Avp[];

/**
 * Makes an AVP, with the flags its definition asks for.
 *
 * @example
 * ```ts
 * makeAvp('Public-Identity', 'sip:user1_public1@home1.net');
 * makeAvp('Server-Assignment-Type', 'REGISTRATION');
 * makeAvp('Experimental-Result', [makeAvp('Vendor-Id', 10415), makeAvp('Experimental-Result-Code', 2001)]);
 * ```
 * @throws RangeError for data that the type cannot hold
 */
export function makeAvp<N extends AvpName>(name: N, value: AvpInput<N>): Avp {
  const definition = definitionOf(name);
  const { code, vendor, mandatory } = definition;
  const flags = (vendor === 0 ? 0 : AvpFlag.vendor) | (mandatory ? AvpFlag.mandatory : 0);
  const data = dataOf(definition, value);
  if (!fits(definition.type, data)) throw new RangeError(`${name} cannot hold ${String(value)}`);
  return { code, vendor, flags, value: data };
}

function dataOf(definition: AvpDefinition, value: AvpValue): AvpValue {
  if (typeof value !== 'string') return value;
  if (definition.type === 'OctetString') return bytesOf(value);
  if (definition.type === 'Enumerated') return definition.values?.[value] ?? value;
  return value;
}

/** Whether data is of a type and in its range. */
export function fits(type: AvpType, value: AvpValue): boolean {
  switch (type) {
    case 'OctetString':
      return value instanceof Uint8Array;
    case 'Unsigned32':
    case 'Time':
      return typeof value === 'number' && value === value >>> 0;
    case 'Integer32':
    case 'Enumerated':
      return typeof value === 'number' && value === (value | 0);
    case 'Unsigned64':
      return typeof value === 'bigint' && BigInt.asUintN(64, value) === value;
    case 'UTF8String':
    case 'DiameterIdentity':
    case 'DiameterURI':
      return typeof value === 'string';
    case 'Address':
      return typeof value === 'string' && parseIp(value) !== undefined;
    case 'Grouped':
      return Array.isArray(value);
  }
}

function listOf(holder: AvpHolder): readonly Avp[] {
  return 'avps' in holder ? holder.avps : holder;
}

/** The first AVP of that name. */
export function avp(holder: AvpHolder, name: AvpName): Avp | undefined {
  const { code, vendor } = definitionOf(name);
  for (const candidate of listOf(holder)) {
    if (candidate.code === code && candidate.vendor === vendor) return candidate;
  }
  return undefined;
}

/** All AVPs of that name, in their order. */
export function avps(holder: AvpHolder, name: AvpName): Avp[] {
  const { code, vendor } = definitionOf(name);
  return listOf(holder).filter((candidate) => candidate.code === code && candidate.vendor === vendor);
}

/** The data of the first AVP of that name; `undefined` where there is none or its data does not fit its type. */
export function avpValue<N extends AvpName>(holder: AvpHolder, name: N): AvpData<N> | undefined {
  const found = avp(holder, name);
  if (found === undefined || !fits(definitionOf(name).type, found.value)) return undefined;
  return found.value as AvpData<N>;
}

/** The data of all AVPs of that name; those whose data does not fit the type are left out. */
export function avpValues<N extends AvpName>(holder: AvpHolder, name: N): AvpData<N>[] {
  const { type } = definitionOf(name);
  const found = avps(holder, name).filter((candidate) => fits(type, candidate.value));
  return found.map((candidate) => candidate.value as AvpData<N>);
}

/** The bytes of an OctetString as text, such as the XML of `'User-Data'`; `undefined` where absent or not UTF-8. */
export function avpText(holder: AvpHolder, name: AvpName): string | undefined {
  const value = avp(holder, name)?.value;
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? textOf(value) : undefined;
}

/** The name of an AVP, or `AVP vendor/code` for one that is not in the dictionary. */
export function avpName(of: Avp): string {
  return lookUpAvp(of.vendor, of.code)?.[0] ?? `AVP ${of.vendor}/${of.code}`;
}

/** The name of an Enumerated's value; `undefined` where it has none. */
export function enumeratedName(of: Avp): string | undefined {
  const values = lookUpAvp(of.vendor, of.code)?.[1].values;
  if (values === undefined) return undefined;
  return Object.keys(values).find((name) => values[name] === of.value);
}

/** A Result-Code AVP, or an Experimental-Result of 3GPP for a result of Cx (TS 29.229 6.2). */
export function makeResult(name: ResultName): Avp {
  if (name in ResultCode) return makeAvp('Result-Code', ResultCode[name as keyof typeof ResultCode]);
  return makeAvp('Experimental-Result', [
    makeAvp('Vendor-Id', VENDOR_3GPP),
    makeAvp('Experimental-Result-Code', CxResultCode[name as keyof typeof CxResultCode]),
  ]);
}

/** The result of an answer. The same number means different things in the two containers, so both are told. */
export interface DiameterResult {
  readonly code: number;
  /** Whether it stood in Experimental-Result. */
  readonly experimental: boolean;
  /** The number's name, where it has one. */
  readonly name?: string;
  /** Whether it is one of the 2xxx. */
  readonly success: boolean;
}

/** The result of an answer: its Result-Code, otherwise its Experimental-Result. */
export function resultOf(answer: AvpHolder): DiameterResult | undefined {
  const base = avpValue(answer, 'Result-Code');
  const group = avpValue(answer, 'Experimental-Result') ?? [];
  const code = base ?? avpValue(group, 'Experimental-Result-Code');
  if (code === undefined) return undefined;
  const experimental = base === undefined;
  const known = !experimental || avpValue(group, 'Vendor-Id') === VENDOR_3GPP;
  const name = known ? resultCodeName(code, experimental) : undefined;
  const success = code >= 2000 && code < 3000;
  return { code, experimental, ...(name === undefined ? {} : { name }), success };
}
