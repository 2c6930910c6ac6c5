import { type Parsed, parsed, unparsed } from '../../wire/parsed.js';
import { escapeXml, parseXml, writeXml, type XmlElement } from './xml.js';

/** Content-Type of registration information (RFC 3680 7.2). */
export const REG_INFO_TYPE = 'application/reginfo+xml';

const REG_INFO = 'urn:ietf:params:xml:ns:reginfo';
/** RFC 5628 5. */
const GRUU_INFO = 'urn:ietf:params:xml:ns:gruuinfo';
/** TS 24.229 7.10.2. */
const WILDCARDS = 'urn:3gpp:ns:extRegExp:1.0';

/** Why a contact is in its state (RFC 3680 5.1). */
export type ContactEvent =
  | 'registered'
  | 'created'
  | 'refreshed'
  | 'shortened'
  | 'expired'
  | 'deactivated'
  | 'probation'
  | 'unregistered'
  | 'rejected';

/** A contact of an address-of-record (RFC 3680 5.1). */
export interface RegContact {
  readonly id: string;
  readonly state: 'active' | 'terminated';
  /** As written; one of {@link ContactEvent} if the notifier keeps to RFC 3680. */
  readonly event: ContactEvent | (string & {});
  readonly uri: string;
  /** Seconds left; always there for `shortened`. */
  readonly expires?: number;
  /** Seconds to wait; always there for `probation`. */
  readonly retryAfter?: number;
  readonly durationRegistered?: number;
  readonly q?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly displayName?: string;
  /** Contact parameters beyond RFC 3261, such as feature tags. */
  readonly unknownParams?: readonly { readonly name: string; readonly value: string }[];
  /** RFC 5628 5. */
  readonly pubGruu?: string;
  readonly tempGruu?: { readonly uri: string; readonly firstCseq: number };
}

/** The registration of one address-of-record (RFC 3680 5.1). */
export interface Registration {
  readonly aor: string;
  readonly id: string;
  readonly state: 'init' | 'active' | 'terminated';
  readonly contacts: readonly RegContact[];
  /** Wildcarded public user identities (TS 24.229 7.10.2). */
  readonly wildcardedIdentities?: readonly string[];
}

/** A registration information document (RFC 3680 5). */
export interface RegInfo {
  readonly version: number;
  readonly state: 'full' | 'partial';
  readonly registrations: readonly Registration[];
}

/** The document as bytes. */
export function serializeRegInfo(info: RegInfo): Uint8Array {
  const { registrations } = info;
  const contacts = registrations.flatMap((registration) => registration.contacts);
  const gruu = contacts.some(({ pubGruu, tempGruu }) => pubGruu !== undefined || tempGruu !== undefined);
  const wildcards = registrations.some(({ wildcardedIdentities }) => wildcardedIdentities !== undefined);
  const attributes = {
    xmlns: REG_INFO,
    'xmlns:gr': gruu ? GRUU_INFO : undefined,
    'xmlns:ere': wildcards ? WILDCARDS : undefined,
    version: info.version,
    state: info.state,
  };
  const text = writeXml('reginfo', attributes, registrations.map(registrationXml).join(''));
  return new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`);
}

function registrationXml({ aor, id, state, contacts, wildcardedIdentities = [] }: Registration): string {
  const wildcards = wildcardedIdentities.map((identity) => element('ere:wildcardedIdentity', identity));
  return writeXml('registration', { aor, id, state }, [...contacts.map(contactXml), ...wildcards].join(''));
}

function contactXml(contact: RegContact): string {
  const { id, state, event, expires, q, cseq, displayName, pubGruu, tempGruu } = contact;
  const attributes = {
    id,
    state,
    event,
    expires,
    'retry-after': contact.retryAfter,
    'duration-registered': contact.durationRegistered,
    q,
    callid: contact.callId,
    cseq,
  };
  let content = element('uri', contact.uri);
  if (displayName !== undefined) content += element('display-name', displayName);
  for (const { name, value } of contact.unknownParams ?? []) {
    content += writeXml('unknown-param', { name }, escapeXml(value));
  }
  if (pubGruu !== undefined) content += writeXml('gr:pub-gruu', { uri: pubGruu });
  if (tempGruu !== undefined) {
    content += writeXml('gr:temp-gruu', { uri: tempGruu.uri, 'first-cseq': tempGruu.firstCseq });
  }
  return writeXml('contact', attributes, content);
}

function element(name: string, text: string): string {
  return writeXml(name, {}, escapeXml(text));
}

/**
 * Reads a registration information document. Elements and attributes of other namespaces are ignored (RFC 3680 5.1), and
 * so are registrations and contacts without `id` and what else they cannot do without.
 *
 * @returns the document; or an error when it is no XML or its root is not `reginfo` with `version` and `state`
 */
export function parseRegInfo(bytes: Uint8Array): Parsed<RegInfo> {
  const root = parseXml(new TextDecoder().decode(bytes));
  if (!root.ok) return root;
  const { namespace, name } = root.value;
  if (name !== 'reginfo' || namespace !== REG_INFO) return unparsed('root is not reginfo', 0, 'reginfo');
  const version = count(attribute(root.value, 'version'));
  const state = attribute(root.value, 'state');
  if (version === undefined) return unparsed('reginfo without a version', 0, 'version');
  if (state !== 'full' && state !== 'partial')
    return unparsed('reginfo without a state', 0, '"full" or "partial"');
  const registrations = children(root.value, 'registration').flatMap(registrationOf);
  return parsed({ version, state, registrations });
}

function registrationOf(xml: XmlElement): Registration[] {
  const [aor, id, state] = [attribute(xml, 'aor'), attribute(xml, 'id'), attribute(xml, 'state')];
  if (aor === undefined || id === undefined) return [];
  if (state !== 'init' && state !== 'active' && state !== 'terminated') return [];
  const contacts = children(xml, 'contact').flatMap(contactOf);
  const wildcards = children(xml, 'wildcardedIdentity', WILDCARDS).map(({ text }) => text.trim());
  const base = { aor, id, state, contacts } as const;
  return [wildcards.length === 0 ? base : { ...base, wildcardedIdentities: wildcards }];
}

function contactOf(xml: XmlElement): RegContact[] {
  const [id, state, event] = [attribute(xml, 'id'), attribute(xml, 'state'), attribute(xml, 'event')];
  const uri = children(xml, 'uri')[0]?.text.trim();
  if (id === undefined || event === undefined || uri === undefined) return [];
  if (state !== 'active' && state !== 'terminated') return [];
  const temp = children(xml, 'temp-gruu', GRUU_INFO)[0];
  const tempUri = temp === undefined ? undefined : attribute(temp, 'uri');
  const firstCseq = temp === undefined ? undefined : count(attribute(temp, 'first-cseq'));
  const unknownParams = children(xml, 'unknown-param').flatMap((param) => {
    const name = attribute(param, 'name');
    return name === undefined ? [] : [{ name, value: param.text }];
  });
  const pub = children(xml, 'pub-gruu', GRUU_INFO)[0];
  return [
    present<RegContact>({
      id,
      state,
      event,
      uri,
      expires: count(attribute(xml, 'expires')),
      retryAfter: count(attribute(xml, 'retry-after')),
      durationRegistered: count(attribute(xml, 'duration-registered')),
      q: attribute(xml, 'q'),
      callId: attribute(xml, 'callid'),
      cseq: count(attribute(xml, 'cseq')),
      displayName: children(xml, 'display-name')[0]?.text,
      unknownParams: unknownParams.length === 0 ? undefined : unknownParams,
      pubGruu: pub === undefined ? undefined : attribute(pub, 'uri'),
      tempGruu: tempUri === undefined || firstCseq === undefined ? undefined : { uri: tempUri, firstCseq },
    }),
  ];
}

/** The object without the properties that are undefined. */
function present<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

function children(xml: XmlElement, name: string, namespace: string = REG_INFO): readonly XmlElement[] {
  return xml.children.filter((child) => child.name === name && child.namespace === namespace);
}

function attribute(xml: XmlElement, name: string): string | undefined {
  return xml.attributes.find((one) => one.name === name && one.namespace === '')?.value;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Takes a document into the state known so far (RFC 3680 5.2): full state replaces it, partial state updates it by `id`,
 * and terminated contacts of documents before are dropped.
 *
 * @param known the last result; `undefined` at first
 * @returns the new state, and whether documents are missing in between, so that a refresh is due; `undefined` when the
 *   document is an old one
 */
export function applyRegInfo(
  known: RegInfo | undefined,
  document: RegInfo,
): { readonly info: RegInfo; readonly incomplete: boolean } | undefined {
  if (known === undefined || document.state === 'full') {
    if (known !== undefined && document.version <= known.version) return undefined;
    return { info: document, incomplete: document.state === 'partial' };
  }
  if (document.version <= known.version) return undefined;
  const registrations = new Map(known.registrations.map((one) => [one.id, withoutTerminated(one)]));
  for (const update of document.registrations) {
    const before = registrations.get(update.id);
    const contacts = new Map((before?.contacts ?? []).map((contact) => [contact.id, contact]));
    for (const contact of update.contacts) contacts.set(contact.id, contact);
    registrations.set(update.id, { ...before, ...update, contacts: [...contacts.values()] });
  }
  const info: RegInfo = { ...document, state: 'full', registrations: [...registrations.values()] };
  return { info, incomplete: document.version > known.version + 1 };
}

function withoutTerminated(registration: Registration): Registration {
  const contacts = registration.contacts.filter(({ state }) => state === 'active');
  return { ...registration, contacts };
}
