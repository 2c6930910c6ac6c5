import { escapeXml, writeXml } from '../../src/stack/sip-ua/index.js';
import type { PublicIdentity, Subscription } from './subscription.js';

/**
 * The service profile of a subscription as the XML of User-Data (TS 29.228 annex E): the private identity and one
 * ServiceProfile with all public identities, without initial filter criteria.
 */
export function userDataXml({ impi, impus }: Subscription): string {
  const profile = element('ServiceProfile', impus.map(publicIdentity).join(''));
  const body = element('IMSSubscription', element('PrivateID', escapeXml(impi)) + profile);
  return `<?xml version="1.0" encoding="UTF-8"?>${body}`;
}

function publicIdentity({ uri, barred, displayName }: PublicIdentity): string {
  // the order is that of the schema
  const barring = barred === true ? element('BarringIndication', '1') : '';
  // IdentityType 0: a public user identity; the display name stands one extension further in
  const name =
    displayName === undefined
      ? ''
      : element(
          'Extension',
          element('IdentityType', '0') + element('Extension', element('DisplayName', escapeXml(displayName))),
        );
  return element('PublicIdentity', barring + element('Identity', escapeXml(uri)) + name);
}

function element(name: string, content: string): string {
  return writeXml(name, {}, content);
}
