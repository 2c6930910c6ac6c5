import { ownText, parseXml, type XmlElement } from '../../src/stack/sip-ua/index.js';
import { avpText, avpValue, avpValues, type DiameterMessage } from '../../src/wire/diameter/index.js';

/** What the S-CSCF uses of a service profile and of what comes with it. It is kept, so its texts are its own. */
export interface ServiceProfile {
  /** Public identities of the implicit registration set that are not barred; the first is the default one. */
  readonly impus: readonly string[];
  /** Identities that are refused for everything but REGISTER. */
  readonly barred: readonly string[];
  /** Names of WAFs and WWSFs that may authorise the user; absent: the HSS has none (24371-6.4.2-10). */
  readonly allowedEntities?: readonly string[];
}

/** The profile in a SAA; `undefined` when there is none or it has no identity. */
export function profileOf(answer: DiameterMessage): ServiceProfile | undefined {
  const identities = parseUserData(avpText(answer, 'User-Data') ?? '');
  if (identities === undefined) return undefined;
  const allowed = avpValue(answer, 'Allowed-WAF-WWSF-Identities');
  if (allowed === undefined) return identities;
  const wafs = avpValues(allowed, 'WebRTC-Authentication-Function-Name');
  const entities = [...wafs, ...avpValues(allowed, 'WebRTC-Web-Server-Function-Name')];
  const { impus, barred } = identities;
  return { impus, barred, allowedEntities: entities.map(ownText) };
}

/** Reads the identities from User-Data (TS 29.228 annex E); `undefined` when it cannot be read or names none. */
export function parseUserData(xml: string): Pick<ServiceProfile, 'impus' | 'barred'> | undefined {
  const root = parseXml(xml);
  if (!root.ok || root.value.name !== 'IMSSubscription') return undefined;
  const impus: string[] = [];
  const barred: string[] = [];
  for (const profile of childrenOf(root.value, 'ServiceProfile')) {
    for (const identity of childrenOf(profile, 'PublicIdentity')) {
      const uri = childrenOf(identity, 'Identity')[0]?.text.trim();
      const barring = childrenOf(identity, 'BarringIndication')[0]?.text.trim();
      if (uri === undefined || uri === '') continue;
      (barring === '1' || barring === 'true' ? barred : impus).push(uri);
    }
  }
  if (impus.length + barred.length === 0) return undefined;
  return { impus: impus.map(ownText), barred: barred.map(ownText) };
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}
