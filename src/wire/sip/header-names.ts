/** Compact forms (RFC 3261 7.3.3 and the documents that define the fields) to full names as commonly written. */
const compactForms: Readonly<Record<string, string>> = {
  a: 'Accept-Contact', // RFC 3841
  b: 'Referred-By', // RFC 3892
  c: 'Content-Type',
  d: 'Request-Disposition', // RFC 3841
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact', // RFC 3841
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info', // RFC 4474
  o: 'Event', // RFC 6665
  r: 'Refer-To', // RFC 3515
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events', // RFC 6665
  v: 'Via',
  x: 'Session-Expires', // RFC 4028
  y: 'Identity', // RFC 8224
};

const commonNames =
  'Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info Authorization ' +
  'Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq Date ' +
  'Error-Info Event Expires Feature-Caps Flow-Timer From Geolocation History-Info Identity In-Reply-To Join Max-Forwards ' +
  'MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Asserted-Service ' +
  'P-Associated-URI P-Called-Party-ID P-Charging-Function-Addresses P-Charging-Vector P-Early-Media P-Preferred-Identity ' +
  'P-Preferred-Service P-Served-User P-Visited-Network-ID Path Priority Privacy Proxy-Authenticate Proxy-Authorization ' +
  'Proxy-Require RAck Reason Record-Route Refer-To Referred-By Reject-Contact Replaces Reply-To Request-Disposition Require ' +
  'Retry-After Route RSeq Security-Client Security-Server Security-Verify Server Service-Route Session-Expires SIP-ETag ' +
  'SIP-If-Match Subject Subscription-State Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate';

const keys = new Map<string, string>();
for (const name of commonNames.split(' ')) {
  const key = name.toLowerCase();
  keys.set(name, key);
  keys.set(key, key);
}
for (const [compact, name] of Object.entries(compactForms)) {
  const key = keys.get(name) ?? name.toLowerCase();
  keys.set(compact, key);
  keys.set(compact.toUpperCase(), key);
}

/** The key under which a header field is found: lower case, compact forms expanded. */
export function headerKey(name: string): string {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  return keys.get(lower) ?? lower;
}

/**
 * Fields whose grammar is not a comma list, so that a comma in them does not split (RFC 3261 7.3.1 names the four of
 * authentication; the others have one value, or free text).
 */
const singleValued = new Set([
  'authentication-info',
  'authorization',
  'call-id',
  'content-disposition',
  'content-length',
  'content-type',
  'cseq',
  'date',
  'event',
  'expires',
  'from',
  'identity',
  'max-forwards',
  'mime-version',
  'min-expires',
  'min-se',
  'organization',
  'p-charging-vector',
  'priority',
  'proxy-authenticate',
  'proxy-authorization',
  'rack',
  'refer-to',
  'referred-by',
  'replaces',
  'reply-to',
  'retry-after',
  'rseq',
  'server',
  'session-expires',
  'subject',
  'subscription-state',
  'timestamp',
  'to',
  'user-agent',
  'www-authenticate',
]);

/** Whether fields of this key may be written as one comma list. */
export function isListKey(key: string): boolean {
  return !singleValued.has(key);
}
