import { type AvpName, dictionary } from './dictionary.js';
import { BASE_APPLICATION, CX_APPLICATION, type DiameterHeader, isRequest } from './message.js';

/** The commands of the base protocol and Cx by their short names. */
export type CommandName = keyof typeof commands;

/** A command as TS 29.229 6.1 or RFC 6733 5 defines it. */
export interface CommandDefinition {
  readonly code: number;
  readonly applicationId: number;
  readonly request: boolean;
  /** Whether the P bit is set. */
  readonly proxiable: boolean;
  /** What it holds, in the notation of RFC 6733 3.2. */
  readonly grammar: string;
  /** The document and section of the grammar. */
  readonly rule: string;
}

function peer(code: number, request: boolean, rule: string, grammar: string): CommandDefinition {
  return { code, applicationId: BASE_APPLICATION, request, proxiable: false, grammar, rule };
}

const capabilities =
  '{Origin-Host} {Origin-Realm} 1*{Host-IP-Address} {Vendor-Id} {Product-Name} [Origin-State-Id] ' +
  '*[Supported-Vendor-Id] *[Auth-Application-Id] *[Inband-Security-Id] *[Acct-Application-Id] ' +
  '*[Vendor-Specific-Application-Id] [Firmware-Revision] *[AVP]';
const peerAnswer = '{Result-Code} {Origin-Host} {Origin-Realm} [Error-Message] [Failed-AVP]';

function cxRequest(code: number, rule: string, own: string, host = '[Destination-Host]'): CommandDefinition {
  const grammar =
    `<Session-Id> [DRMP] {Vendor-Specific-Application-Id} {Auth-Session-State} {Origin-Host} {Origin-Realm} ${host} ` +
    `{Destination-Realm} [OC-Supported-Features] *[Supported-Features] ${own} *[AVP] *[Proxy-Info] *[Route-Record]`;
  return { code, applicationId: CX_APPLICATION, request: true, proxiable: true, grammar, rule };
}

function cxAnswer(code: number, rule: string, own: string): CommandDefinition {
  const grammar =
    '<Session-Id> [DRMP] {Vendor-Specific-Application-Id} [Result-Code] [Experimental-Result] {Auth-Session-State} ' +
    `{Origin-Host} {Origin-Realm} [OC-Supported-Features] [OC-OLR] *[Supported-Features] ${own} *[AVP] [Failed-AVP] ` +
    '*[Proxy-Info] *[Route-Record]';
  return { code, applicationId: CX_APPLICATION, request: false, proxiable: true, grammar, rule };
}

const profile = '[User-Data] [Charging-Information] [Allowed-WAF-WWSF-Identities]';

/** The grammars of the commands (RFC 6733 5; TS 29.229 6.1), with what later releases added to Cx left to `*[AVP]`. */
export const commands = {
  CER: peer(257, true, 'RFC 6733 5.3.1', capabilities),
  CEA: peer(257, false, 'RFC 6733 5.3.2', `{Result-Code} [Error-Message] [Failed-AVP] ${capabilities}`),
  DWR: peer(280, true, 'RFC 6733 5.5.1', '{Origin-Host} {Origin-Realm} [Origin-State-Id] *[AVP]'),
  DWA: peer(280, false, 'RFC 6733 5.5.2', `${peerAnswer} [Origin-State-Id] *[AVP]`),
  DPR: peer(282, true, 'RFC 6733 5.4.1', '{Origin-Host} {Origin-Realm} {Disconnect-Cause} *[AVP]'),
  DPA: peer(282, false, 'RFC 6733 5.4.2', `${peerAnswer} *[AVP]`),
  UAR: cxRequest(
    300,
    'TS 29.229 6.1.1',
    '{User-Name} {Public-Identity} {Visited-Network-Identifier} [User-Authorization-Type] [UAR-Flags]',
  ),
  UAA: cxAnswer(300, 'TS 29.229 6.1.2', '[Server-Name] [Server-Capabilities]'),
  SAR: cxRequest(
    301,
    'TS 29.229 6.1.3',
    '[User-Name] *[Public-Identity] [Wildcarded-Public-Identity] {Server-Name} {Server-Assignment-Type} ' +
      '{User-Data-Already-Available} [SCSCF-Restoration-Info] [Multiple-Registration-Indication] [Session-Priority] ' +
      '[SAR-Flags]',
  ),
  SAA: cxAnswer(
    301,
    'TS 29.229 6.1.4',
    `[User-Name] ${profile} [Associated-Identities] [Loose-Route-Indication] *[SCSCF-Restoration-Info] ` +
      '[Associated-Registered-Identities] [Server-Name] [Wildcarded-Public-Identity] [Priviledged-Sender-Indication]',
  ),
  LIR: cxRequest(
    302,
    'TS 29.229 6.1.5',
    '{Public-Identity} [Originating-Request] [User-Authorization-Type] [Session-Priority]',
  ),
  LIA: cxAnswer(
    302,
    'TS 29.229 6.1.6',
    '[Server-Name] [Server-Capabilities] [Wildcarded-Public-Identity] [LIA-Flags]',
  ),
  MAR: cxRequest(
    303,
    'TS 29.229 6.1.7',
    '{User-Name} {Public-Identity} {SIP-Auth-Data-Item} {SIP-Number-Auth-Items} {Server-Name}',
  ),
  MAA: cxAnswer(
    303,
    'TS 29.229 6.1.8',
    '[User-Name] [Public-Identity] [SIP-Number-Auth-Items] *[SIP-Auth-Data-Item]',
  ),
  RTR: cxRequest(
    304,
    'TS 29.229 6.1.9',
    '{User-Name} [Associated-Identities] *[Public-Identity] {Deregistration-Reason} [RTR-Flags]',
    '{Destination-Host}',
  ),
  RTA: cxAnswer(304, 'TS 29.229 6.1.10', '[Associated-Identities] *[Identity-with-Emergency-Registration]'),
  PPR: cxRequest(
    305,
    'TS 29.229 6.1.11',
    `{User-Name} ${profile} [SIP-Auth-Data-Item]`,
    '{Destination-Host}',
  ),
  PPA: cxAnswer(305, 'TS 29.229 6.1.12', ''),
} as const satisfies Record<string, CommandDefinition>;

/** An answer with the E bit (RFC 6733 7.2), whatever its command. */
export const errorAnswerGrammar =
  '[Session-Id] {Origin-Host} {Origin-Realm} {Result-Code} [Origin-State-Id] [Error-Message] [Error-Reporting-Host] ' +
  '[Failed-AVP] [Experimental-Result] *[Proxy-Info] *[AVP]';

const byHeader = new Map<string, CommandName>();
for (const [name, { applicationId, code, request }] of Object.entries(commands)) {
  byHeader.set(`${applicationId} ${code} ${request}`, name as CommandName);
}

/** The short name of a message's command (`UAR`, `SAA`), or `undefined` for one that is not in {@link commands}. */
export function commandName(header: DiameterHeader): CommandName | undefined {
  return byHeader.get(`${header.applicationId} ${header.command} ${isRequest(header)}`);
}

/** How often an AVP may and must occur in a command or group. */
export interface AvpRule {
  readonly name: AvpName;
  readonly min: number;
  readonly max: number;
}

/** A grammar taken apart. */
export interface AvpGrammar {
  readonly rules: readonly AvpRule[];
  /** Whether AVPs without a rule may occur: `*[AVP]`. */
  readonly open: boolean;
}

const compiled = new Map<string, AvpGrammar>();

/** Takes a grammar apart: `<n>` and `{n}` are required, `[n]` is optional, a leading `*` or `1*` repeats (RFC 6733 3.2). */
export function compileGrammar(grammar: string): AvpGrammar {
  const known = compiled.get(grammar);
  if (known !== undefined) return known;
  const rules: AvpRule[] = [];
  let open = false;
  for (const [, repeat, bracket, name] of grammar.matchAll(/(\d*\*)?([<{[])([\w-]+)[>}\]]/g)) {
    if (name === 'AVP') {
      open = true;
      continue;
    }
    if (name === undefined || !Object.hasOwn(dictionary, name))
      throw new Error(`no AVP ${name} in the dictionary`);
    const max = repeat === undefined ? 1 : Number.POSITIVE_INFINITY;
    rules.push({ name: name as AvpName, min: bracket === '[' ? 0 : 1, max });
  }
  const result = { rules, open };
  compiled.set(grammar, result);
  return result;
}
