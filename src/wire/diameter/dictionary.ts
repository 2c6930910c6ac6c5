import { VENDOR_3GPP, VENDOR_ETSI } from './message.js';

/** The data types of AVPs (RFC 6733 4.2, 4.3) that base protocol and Cx use. */
export type AvpType =
  | 'OctetString'
  | 'Integer32'
  | 'Unsigned32'
  | 'Unsigned64'
  | 'Enumerated'
  | 'UTF8String'
  | 'DiameterIdentity'
  | 'DiameterURI'
  | 'Address'
  | 'Time'
  | 'Grouped';

/** What the dictionary knows of an AVP. */
export interface AvpDefinition {
  readonly code: number;
  readonly vendor: number;
  readonly type: AvpType;
  /** Whether the M bit must be set; otherwise it must not (RFC 6733 4.5, TS 29.229 6.3). */
  readonly mandatory: boolean;
  /** Names and values of an Enumerated. */
  readonly values?: Readonly<Record<string, number>>;
  /** What a Grouped holds, in the notation of RFC 6733 3.2. */
  readonly group?: string;
}

function ietf<T extends AvpType>(code: number, type: T) {
  return { code, vendor: 0, type, mandatory: true };
}

function ietfOptional<T extends AvpType>(code: number, type: T) {
  return { code, vendor: 0, type, mandatory: false };
}

function cx<T extends AvpType>(code: number, type: T) {
  return { code, vendor: VENDOR_3GPP, type, mandatory: true };
}

function cxOptional<T extends AvpType>(code: number, type: T) {
  return { code, vendor: VENDOR_3GPP, type, mandatory: false };
}

const names = '*[User-Name] *[AVP]';

const definitions = {
  // RFC 6733 4.5
  'User-Name': ietf(1, 'UTF8String'),
  'Proxy-State': ietf(33, 'OctetString'),
  'Host-IP-Address': ietf(257, 'Address'),
  'Auth-Application-Id': ietf(258, 'Unsigned32'),
  'Acct-Application-Id': ietf(259, 'Unsigned32'),
  'Vendor-Specific-Application-Id': {
    ...ietf(260, 'Grouped'),
    group: '{Vendor-Id} [Auth-Application-Id] [Acct-Application-Id]',
  },
  'Redirect-Host-Usage': {
    ...ietf(261, 'Enumerated'),
    values: {
      DONT_CACHE: 0,
      ALL_SESSION: 1,
      ALL_REALM: 2,
      REALM_AND_APPLICATION: 3,
      ALL_APPLICATION: 4,
      ALL_HOST: 5,
      ALL_USER: 6,
    },
  },
  'Redirect-Max-Cache-Time': ietf(262, 'Unsigned32'),
  'Session-Id': ietf(263, 'UTF8String'),
  'Origin-Host': ietf(264, 'DiameterIdentity'),
  'Supported-Vendor-Id': ietf(265, 'Unsigned32'),
  'Vendor-Id': ietf(266, 'Unsigned32'),
  'Firmware-Revision': ietfOptional(267, 'Unsigned32'),
  'Result-Code': ietf(268, 'Unsigned32'),
  'Product-Name': ietfOptional(269, 'UTF8String'),
  'Disconnect-Cause': {
    ...ietf(273, 'Enumerated'),
    values: { REBOOTING: 0, BUSY: 1, DO_NOT_WANT_TO_TALK_TO_YOU: 2 },
  },
  'Auth-Session-State': {
    ...ietf(277, 'Enumerated'),
    values: { STATE_MAINTAINED: 0, NO_STATE_MAINTAINED: 1 },
  },
  'Origin-State-Id': ietf(278, 'Unsigned32'),
  'Failed-AVP': { ...ietf(279, 'Grouped'), group: '1*{AVP}' },
  'Proxy-Host': ietf(280, 'DiameterIdentity'),
  'Error-Message': ietfOptional(281, 'UTF8String'),
  'Route-Record': ietf(282, 'DiameterIdentity'),
  'Destination-Realm': ietf(283, 'DiameterIdentity'),
  'Proxy-Info': { ...ietf(284, 'Grouped'), group: '{Proxy-Host} {Proxy-State} *[AVP]' },
  'Redirect-Host': ietf(292, 'DiameterURI'),
  'Destination-Host': ietf(293, 'DiameterIdentity'),
  'Error-Reporting-Host': ietfOptional(294, 'DiameterIdentity'),
  'Origin-Realm': ietf(296, 'DiameterIdentity'),
  'Experimental-Result': {
    ...ietf(297, 'Grouped'),
    group: '{Vendor-Id} {Experimental-Result-Code}',
  },
  'Experimental-Result-Code': ietf(298, 'Unsigned32'),
  'Inband-Security-Id': ietf(299, 'Unsigned32'),
  // RFC 7944 9.1
  DRMP: { ...ietfOptional(301, 'Enumerated'), values: priorities() },
  // RFC 7683 7.1 and 7.3, with the numbers but not the vendor of two Cx AVPs
  'OC-Supported-Features': { ...ietfOptional(621, 'Grouped'), group: '[OC-Feature-Vector] *[AVP]' },
  'OC-Feature-Vector': ietfOptional(622, 'Unsigned64'),
  'OC-OLR': {
    ...ietfOptional(623, 'Grouped'),
    group: '<OC-Sequence-Number> <OC-Report-Type> [OC-Reduction-Percentage] [OC-Validity-Duration] *[AVP]',
  },
  'OC-Sequence-Number': ietfOptional(624, 'Unsigned64'),
  'OC-Validity-Duration': ietfOptional(625, 'Unsigned32'),
  'OC-Report-Type': {
    ...ietfOptional(626, 'Enumerated'),
    values: { HOST_REPORT: 0, REALM_REPORT: 1 },
  },
  'OC-Reduction-Percentage': ietfOptional(627, 'Unsigned32'),
  // RFC 4005 and RFC 4740, as TS 29.229 6.3 takes them over
  'Framed-IP-Address': ietf(8, 'OctetString'),
  'Framed-Interface-Id': ietf(96, 'Unsigned64'),
  'Framed-IPv6-Prefix': ietf(97, 'OctetString'),
  'Digest-Realm': ietf(104, 'UTF8String'),
  'Digest-QoP': ietf(110, 'UTF8String'),
  'Digest-Algorithm': ietf(111, 'UTF8String'),
  'Digest-HA1': ietf(121, 'UTF8String'),
  // ETSI TS 183 066
  'Line-Identifier': {
    code: 500,
    vendor: VENDOR_ETSI,
    type: 'OctetString' as const,
    mandatory: false,
  },
  // TS 29.229 6.3
  'Visited-Network-Identifier': cx(600, 'OctetString'),
  'Public-Identity': cx(601, 'UTF8String'),
  'Server-Name': cx(602, 'UTF8String'),
  'Server-Capabilities': {
    ...cx(603, 'Grouped'),
    group: '*[Mandatory-Capability] *[Optional-Capability] *[Server-Name] *[AVP]',
  },
  'Mandatory-Capability': cx(604, 'Unsigned32'),
  'Optional-Capability': cx(605, 'Unsigned32'),
  'User-Data': cx(606, 'OctetString'),
  'SIP-Number-Auth-Items': cx(607, 'Unsigned32'),
  'SIP-Authentication-Scheme': cx(608, 'UTF8String'),
  'SIP-Authenticate': cx(609, 'OctetString'),
  'SIP-Authorization': cx(610, 'OctetString'),
  'SIP-Authentication-Context': cx(611, 'OctetString'),
  'SIP-Auth-Data-Item': {
    ...cx(612, 'Grouped'),
    group:
      '[SIP-Item-Number] [SIP-Authentication-Scheme] [SIP-Authenticate] [SIP-Authorization] [SIP-Authentication-Context] ' +
      '[Confidentiality-Key] [Integrity-Key] [SIP-Digest-Authenticate] [Framed-IP-Address] [Framed-IPv6-Prefix] ' +
      '[Framed-Interface-Id] *[Line-Identifier] *[AVP]',
  },
  'SIP-Item-Number': cx(613, 'Unsigned32'),
  'Server-Assignment-Type': {
    ...cx(614, 'Enumerated'),
    values: {
      NO_ASSIGNMENT: 0,
      REGISTRATION: 1,
      RE_REGISTRATION: 2,
      UNREGISTERED_USER: 3,
      TIMEOUT_DEREGISTRATION: 4,
      USER_DEREGISTRATION: 5,
      TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME: 6,
      USER_DEREGISTRATION_STORE_SERVER_NAME: 7,
      ADMINISTRATIVE_DEREGISTRATION: 8,
      AUTHENTICATION_FAILURE: 9,
      AUTHENTICATION_TIMEOUT: 10,
      DEREGISTRATION_TOO_MUCH_DATA: 11,
      AAA_USER_DATA_REQUEST: 12,
      PGW_UPDATE: 13,
      RESTORATION: 14,
    },
  },
  'Deregistration-Reason': {
    ...cx(615, 'Grouped'),
    group: '{Reason-Code} [Reason-Info] *[AVP]',
  },
  'Reason-Code': {
    ...cx(616, 'Enumerated'),
    values: {
      PERMANENT_TERMINATION: 0,
      NEW_SERVER_ASSIGNED: 1,
      SERVER_CHANGE: 2,
      'REMOVE_S-CSCF': 3,
    },
  },
  'Reason-Info': cx(617, 'UTF8String'),
  'Charging-Information': {
    ...cx(618, 'Grouped'),
    group:
      '[Primary-Event-Charging-Function-Name] [Secondary-Event-Charging-Function-Name] ' +
      '[Primary-Charging-Collection-Function-Name] [Secondary-Charging-Collection-Function-Name] *[AVP]',
  },
  'Primary-Event-Charging-Function-Name': cx(619, 'DiameterURI'),
  'Secondary-Event-Charging-Function-Name': cx(620, 'DiameterURI'),
  'Primary-Charging-Collection-Function-Name': cx(621, 'DiameterURI'),
  'Secondary-Charging-Collection-Function-Name': cx(622, 'DiameterURI'),
  'User-Authorization-Type': {
    ...cx(623, 'Enumerated'),
    values: { REGISTRATION: 0, DE_REGISTRATION: 1, REGISTRATION_AND_CAPABILITIES: 2 },
  },
  'User-Data-Already-Available': {
    ...cx(624, 'Enumerated'),
    values: { USER_DATA_NOT_AVAILABLE: 0, USER_DATA_ALREADY_AVAILABLE: 1 },
  },
  'Confidentiality-Key': cx(625, 'OctetString'),
  'Integrity-Key': cx(626, 'OctetString'),
  'Supported-Features': {
    ...cxOptional(628, 'Grouped'),
    group: '{Vendor-Id} {Feature-List-ID} {Feature-List} *[AVP]',
  },
  'Feature-List-ID': cxOptional(629, 'Unsigned32'),
  'Feature-List': cxOptional(630, 'Unsigned32'),
  'Supported-Applications': {
    ...cxOptional(631, 'Grouped'),
    group: '*[Auth-Application-Id] *[Acct-Application-Id] *[Vendor-Specific-Application-Id] *[AVP]',
  },
  'Associated-Identities': { ...cxOptional(632, 'Grouped'), group: names },
  'Originating-Request': { ...cx(633, 'Enumerated'), values: { ORIGINATING: 0 } },
  'Wildcarded-Public-Identity': cxOptional(634, 'UTF8String'),
  'SIP-Digest-Authenticate': {
    ...cxOptional(635, 'Grouped'),
    group:
      '{Digest-Realm} [Digest-Algorithm] {Digest-QoP} {Digest-HA1} ' +
      '[Alternate-Digest-Algorithm] [Alternate-Digest-HA1] *[AVP]',
  },
  'Wildcarded-IMPU': cxOptional(636, 'UTF8String'),
  'UAR-Flags': cxOptional(637, 'Unsigned32'),
  'Loose-Route-Indication': {
    ...cxOptional(638, 'Enumerated'),
    values: { LOOSE_ROUTE_NOT_REQUIRED: 0, LOOSE_ROUTE_REQUIRED: 1 },
  },
  'SCSCF-Restoration-Info': {
    ...cxOptional(639, 'Grouped'),
    group: '{User-Name} 1*{Restoration-Info} [Registration-Time-Out] [SIP-Authentication-Scheme] *[AVP]',
  },
  Path: cxOptional(640, 'OctetString'),
  Contact: cxOptional(641, 'OctetString'),
  'Subscription-Info': {
    ...cxOptional(642, 'Grouped'),
    group: '{Call-ID-SIP-Header} {From-SIP-Header} {To-SIP-Header} {Record-Route} {Contact} *[AVP]',
  },
  'Call-ID-SIP-Header': cxOptional(643, 'OctetString'),
  'From-SIP-Header': cxOptional(644, 'OctetString'),
  'To-SIP-Header': cxOptional(645, 'OctetString'),
  'Record-Route': cxOptional(646, 'OctetString'),
  'Associated-Registered-Identities': { ...cxOptional(647, 'Grouped'), group: names },
  'Multiple-Registration-Indication': {
    ...cxOptional(648, 'Enumerated'),
    values: { NOT_MULTIPLE_REGISTRATION: 0, MULTIPLE_REGISTRATION: 1 },
  },
  'Restoration-Info': {
    ...cxOptional(649, 'Grouped'),
    group:
      '{Path} {Contact} [Initial-CSeq-Sequence-Number] [Call-ID-SIP-Header] [Subscription-Info] ' +
      '[P-CSCF-Subscription-Info] *[AVP]',
  },
  'Session-Priority': {
    ...cxOptional(650, 'Enumerated'),
    values: { 'PRIORITY-0': 0, 'PRIORITY-1': 1, 'PRIORITY-2': 2, 'PRIORITY-3': 3, 'PRIORITY-4': 4 },
  },
  'Identity-with-Emergency-Registration': {
    ...cxOptional(651, 'Grouped'),
    group: '{User-Name} {Public-Identity} *[AVP]',
  },
  // spelt so in TS 29.229 6.3.52
  'Priviledged-Sender-Indication': {
    ...cxOptional(652, 'Enumerated'),
    values: { NOT_PRIVILEDGED_SENDER: 0, PRIVILEDGED_SENDER: 1 },
  },
  'LIA-Flags': cxOptional(653, 'Unsigned32'),
  'Initial-CSeq-Sequence-Number': cxOptional(654, 'Unsigned32'),
  'SAR-Flags': cxOptional(655, 'Unsigned32'),
  'Allowed-WAF-WWSF-Identities': {
    ...cxOptional(656, 'Grouped'),
    group: '*[WebRTC-Authentication-Function-Name] *[WebRTC-Web-Server-Function-Name] *[AVP]',
  },
  'WebRTC-Authentication-Function-Name': cxOptional(657, 'UTF8String'),
  'WebRTC-Web-Server-Function-Name': cxOptional(658, 'UTF8String'),
  'RTR-Flags': cxOptional(659, 'Unsigned32'),
  'P-CSCF-Subscription-Info': {
    ...cxOptional(660, 'Grouped'),
    group: '{Call-ID-SIP-Header} {From-SIP-Header} {To-SIP-Header} {Contact} *[AVP]',
  },
  'Registration-Time-Out': cxOptional(661, 'Time'),
  'Alternate-Digest-Algorithm': cxOptional(662, 'UTF8String'),
  'Alternate-Digest-HA1': cxOptional(663, 'UTF8String'),
};

function priorities(): Record<string, number> {
  const values: Record<string, number> = {};
  for (let i = 0; i < 16; i += 1) values[`PRIORITY_${i}`] = i;
  return values;
}

/** The AVPs of the base protocol (RFC 6733 4.5) and of Cx (TS 29.229 6.3), by name. */
export const dictionary = definitions satisfies Record<string, AvpDefinition>;

/** The name of an AVP in the dictionary. */
export type AvpName = keyof typeof dictionary;

const byKey = new Map<number, readonly [AvpName, AvpDefinition]>();
for (const [name, definition] of Object.entries(dictionary) as [AvpName, AvpDefinition][]) {
  byKey.set(keyOf(definition.vendor, definition.code), [name, definition]);
}

/** Unique for codes and vendors below 2^20, as all in the dictionary are. */
function keyOf(vendor: number, code: number): number {
  return vendor * 0x100000 + code;
}

/** What the dictionary has for a vendor and a code: vendor 10415 and vendor 0 use the same codes for different AVPs. */
export function lookUpAvp(vendor: number, code: number): readonly [AvpName, AvpDefinition] | undefined {
  if (code > 0xfffff || vendor > 0xfffff) return undefined;
  return byKey.get(keyOf(vendor, code));
}

/** The definition of an AVP by its name, in its general form. */
export function definitionOf(name: AvpName): AvpDefinition {
  return dictionary[name];
}
