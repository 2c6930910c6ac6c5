import { type Parsed, parsed, unparsed } from '../parsed.js';
import { isToken, quote, splitList } from './grammar.js';
import { type NameAddr, parseNameAddr } from './name-addr.js';
import { type Param, Params, parseParams } from './params.js';
import { parseValued } from './valued.js';

/** P-Charging-Vector (RFC 7315 5.6; TS 24.229 7.2A.5). */
export interface ChargingVector {
  readonly icid: string;
  readonly icidGeneratedAt?: string;
  /** With the literal prefix `Type 1` or `Type 3` where TS 24.229 asks for it. */
  readonly origIoi?: string;
  readonly termIoi?: string;
  /** Names with index (`operatora.1`), or `void`. */
  readonly transitIoi?: readonly string[];
  readonly relatedIcid?: string;
  readonly relatedIcidGeneratedAt?: string;
  /** Parameters other than those above. */
  readonly others: Params;
}

const chargingNames = [
  ['icid-generated-at', 'icidGeneratedAt'],
  ['orig-ioi', 'origIoi'],
  ['term-ioi', 'termIoi'],
  ['related-icid', 'relatedIcid'],
  ['related-icid-generated-at', 'relatedIcidGeneratedAt'],
] as const;

export function parseChargingVector(text: string): Parsed<ChargingVector> {
  const params = parseParams(`;${text}`, 0);
  if (!params.ok) return params;
  let others = params.value;
  const icid = others.get('icid-value');
  if (icid === undefined) return unparsed('P-Charging-Vector without icid-value', 0, 'icid-value');
  const vector: { -readonly [K in keyof ChargingVector]: ChargingVector[K] } = { icid, others };
  for (const [name, field] of chargingNames) {
    const value = others.get(name);
    if (value !== undefined) vector[field] = value;
    others = others.without(name);
  }
  const transit = others.get('transit-ioi');
  if (transit !== undefined) vector.transitIoi = splitList(transit);
  vector.others = others.without('icid-value').without('transit-ioi');
  return parsed(vector);
}

export function serializeChargingVector(vector: ChargingVector): string {
  let params = Params.none.withQuoted('icid-value', vector.icid);
  for (const [name, field] of chargingNames) {
    const value = vector[field];
    if (value !== undefined) params = params.with(name, value);
  }
  if (vector.transitIoi !== undefined) params = params.withQuoted('transit-ioi', vector.transitIoi.join(','));
  return `${params.toString().slice(1)}${vector.others.toString()}`;
}

/** P-Charging-Function-Addresses (RFC 7315 5.5): primary and secondary addresses, in order. */
export interface ChargingFunctionAddresses {
  readonly ccf: readonly string[];
  readonly ecf: readonly string[];
  readonly others: Params;
}

/** Parses the elements of P-Charging-Function-Addresses (`headers.list`). */
export function parseChargingFunctionAddresses(
  elements: readonly string[],
): Parsed<ChargingFunctionAddresses> {
  const ccf: string[] = [];
  const ecf: string[] = [];
  const others: Param[] = [];
  for (const element of elements) {
    const params = parseParams(`;${element}`, 0);
    if (!params.ok) return params;
    for (const entry of params.value) {
      const name = entry.name.toLowerCase();
      const value = new Params('header', [entry]).get(name);
      if (value !== undefined && (name === 'ccf' || name === 'ccf-2')) ccf.push(value);
      else if (value !== undefined && (name === 'ecf' || name === 'ecf-2')) ecf.push(value);
      else others.push(entry);
    }
  }
  return parsed({ ccf, ecf, others: new Params('header', others) });
}

/** As text, with `ccf-2` and `ecf-2` for every address after the first. */
export function serializeChargingFunctionAddresses(addresses: ChargingFunctionAddresses): string {
  const part = (name: string, value: string, i: number): Param => ({
    name: i === 0 ? name : `${name}-2`,
    raw: isToken(value) ? value : quote(value),
  });
  const entries = [
    ...addresses.ccf.map((value, i) => part('ccf', value, i)),
    ...addresses.ecf.map((value, i) => part('ecf', value, i)),
    ...addresses.others,
  ];
  return new Params('header', entries).toString().slice(1);
}

/** A direction of early media as seen by the UAS, as in SDP (RFC 5009 8). */
export type EarlyMediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** P-Early-Media (RFC 5009 8). */
export interface EarlyMedia {
  /** One a media line, in order; the last one holds for the lines after it. */
  readonly directions: readonly EarlyMediaDirection[];
  readonly supported: boolean;
  readonly gated: boolean;
}

const directions: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** Parses the elements of P-Early-Media (`headers.list`); unknown ones are discarded (RFC 5009 8). */
export function parseEarlyMedia(elements: readonly string[]): EarlyMedia {
  const words = elements.map((element) => element.toLowerCase());
  return {
    directions: words.filter((word): word is EarlyMediaDirection => directions.has(word)),
    supported: words.includes('supported'),
    gated: words.includes('gated'),
  };
}

export function serializeEarlyMedia(media: EarlyMedia): string {
  const words: string[] = [...media.directions];
  if (media.supported) words.push('supported');
  if (media.gated) words.push('gated');
  return words.join(', ');
}

/** One network of P-Visited-Network-ID (RFC 7315 5.3). */
export interface VisitedNetwork {
  readonly name: string;
  readonly params: Params;
}

/** Parses the elements of P-Visited-Network-ID (`headers.list`), last visited network first (RFC 7315 4.3.2). */
export function parseVisitedNetworks(elements: readonly string[]): Parsed<readonly VisitedNetwork[]> {
  const networks: VisitedNetwork[] = [];
  for (const element of elements) {
    const valued = parseValued(element);
    if (!valued.ok) return valued;
    networks.push({ name: valued.value.value, params: valued.value.params });
  }
  return parsed(networks);
}

/** One network of P-Visited-Network-ID as text, its name quoted. */
export function serializeVisitedNetwork(network: VisitedNetwork): string {
  return `${quote(network.name)}${network.params.toString()}`;
}

/** One access network of P-Access-Network-Info (RFC 7315 5.4; TS 24.229 7.2A.4). */
export interface AccessNetwork {
  /** Access type or class as written: `3GPP-E-UTRAN-FDD`, `IEEE-802.11`. */
  readonly access: string;
  /** Set by the network and not by the UE. */
  readonly networkProvided: boolean;
  /** Parameters other than `network-provided`. */
  readonly params: Params;
}

/** Parses one element of P-Access-Network-Info. */
export function parseAccessNetwork(text: string): Parsed<AccessNetwork> {
  const valued = parseValued(text);
  if (!valued.ok) return valued;
  const { value, params } = valued.value;
  const networkProvided = params.has('network-provided');
  return parsed({ access: value, networkProvided, params: params.without('network-provided') });
}

export function serializeAccessNetwork(network: AccessNetwork): string {
  return `${network.access}${network.params.toString()}${network.networkProvided ? ';network-provided' : ''}`;
}

/** Parses one element of Feature-Caps (RFC 6809 6.2): its feature-capability indicators. */
export function parseFeatureCaps(text: string): Parsed<Params> {
  if (text.charCodeAt(0) !== 42) return unparsed('Feature-Caps without "*"', 0, '"*"');
  return parseParams(text, 1);
}

export function serializeFeatureCaps(caps: Params): string {
  return `*${caps.toString()}`;
}

/**
 * Parses one element of P-Asserted-Identity or P-Preferred-Identity (RFC 3325 9). These have no header parameters, so a
 * `;` without `<>` belongs to the URI.
 */
export function parseIdentity(text: string): Parsed<NameAddr> {
  if (text.includes('<')) return parseNameAddr(text);
  return text === '' ? unparsed('empty address', 0, 'URI') : parsed({ uri: text, params: Params.none });
}

/** Privacy (RFC 3323 4.2): its values in lower case. */
export function parsePrivacy(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(';')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}
