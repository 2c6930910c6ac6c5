import type { Finding } from '../parsed.js';
import { avp, avpName, fits } from './avps.js';
import { type AvpGrammar, commandName, commands, compileGrammar, errorAnswerGrammar } from './commands.js';
import { type AvpDefinition, definitionOf, lookUpAvp } from './dictionary.js';
import {
  type Avp,
  AvpFlag,
  BASE_APPLICATION,
  CX_APPLICATION,
  type DiameterMessage,
  isRequest,
  MessageFlag,
} from './message.js';
import { emptyAvp } from './parse.js';
import { ResultCode } from './result-codes.js';

/** A finding, with what a request that has it is owed. */
export interface DiameterFinding extends Finding {
  /** The Result-Code owed (RFC 6733 7.1). */
  readonly resultCode: number;
  /** What goes into Failed-AVP (RFC 6733 7.5). */
  readonly failedAvp?: Avp;
}

/**
 * Judges a message: header (RFC 6733 3), flags and data of AVPs (4.1, 4.2), and the grammar of its command (RFC 6733 5,
 * TS 29.229 6.1) or, with the E bit, of an error answer (RFC 6733 7.2).
 *
 * @returns the findings in the order in which they should be answered; none for a correct message
 */
export function validateDiameter(message: DiameterMessage): DiameterFinding[] {
  const findings = validateHeader(message);
  if (findings.length > 0) return findings;
  const name = commandName(message);
  const erroneous = (message.flags & MessageFlag.error) !== 0;
  validateAvps(message.avps, findings);
  if (erroneous) {
    validateGrammar(message.avps, compileGrammar(errorAnswerGrammar), 'RFC 6733 7.2', 'the answer', findings);
  } else if (name !== undefined) {
    const { grammar, rule } = commands[name];
    validateGrammar(message.avps, compileGrammar(grammar), rule, name, findings);
  }
  if (!isRequest(message) && !erroneous) validateResult(message, findings);
  const session = message.avps.findIndex((candidate) => avpName(candidate) === 'Session-Id');
  if (session > 0) {
    findings.push({
      what: 'Session-Id does not follow the header',
      where: 'Session-Id',
      rule: 'RFC 6733 8.8',
      resultCode: ResultCode.DIAMETER_INVALID_AVP_VALUE,
      failedAvp: message.avps[session] as Avp,
    });
  }
  return findings;
}

function validateHeader(message: DiameterMessage): DiameterFinding[] {
  const findings: DiameterFinding[] = [];
  const report = (what: string, where: string, resultCode: number, rule = 'RFC 6733 3') =>
    findings.push({ what, where, rule, resultCode });
  const { version, flags, applicationId, command } = message;
  if (version !== 1)
    report(`version ${version} instead of 1`, 'Version', ResultCode.DIAMETER_UNSUPPORTED_VERSION);
  if ((flags & 0x0f) !== 0) {
    report('a reserved flag is set', 'Command Flags', ResultCode.DIAMETER_INVALID_BIT_IN_HEADER);
  }
  const request = isRequest(message);
  if (request && (flags & MessageFlag.error) !== 0) {
    report('E is set in a request', 'Command Flags', ResultCode.DIAMETER_INVALID_HDR_BITS);
  }
  if (!request && (flags & MessageFlag.retransmitted) !== 0) {
    report('T is set in an answer', 'Command Flags', ResultCode.DIAMETER_INVALID_HDR_BITS);
  }
  const name = commandName(message);
  if (name !== undefined && commands[name].proxiable !== ((flags & MessageFlag.proxiable) !== 0)) {
    const what = commands[name].proxiable ? `P is clear in ${name}` : `P is set in ${name}`;
    report(what, 'Command Flags', ResultCode.DIAMETER_INVALID_HDR_BITS, commands[name].rule);
  }
  if (name === undefined) {
    const known = applicationId === BASE_APPLICATION || applicationId === CX_APPLICATION;
    const what = known ? `command ${command} is not known` : `application ${applicationId} is not known`;
    report(
      what,
      known ? 'Command Code' : 'Application-Id',
      known ? ResultCode.DIAMETER_COMMAND_UNSUPPORTED : ResultCode.DIAMETER_APPLICATION_UNSUPPORTED,
      'RFC 6733 7.1.3',
    );
  }
  return findings;
}

function validateAvps(list: readonly Avp[], findings: DiameterFinding[]): void {
  for (const candidate of list) {
    const where = avpName(candidate);
    const report = (what: string, resultCode: number, rule: string) =>
      findings.push({ what, where, rule, resultCode, failedAvp: candidate });
    if ((candidate.flags & 0x1f) !== 0) {
      report('a reserved AVP flag is set', ResultCode.DIAMETER_INVALID_AVP_BITS, 'RFC 6733 4.1');
    }
    const [name, definition] = lookUpAvp(candidate.vendor, candidate.code) ?? [];
    const mandatory = (candidate.flags & AvpFlag.mandatory) !== 0;
    if (name === undefined || definition === undefined) {
      if (mandatory) {
        report('unknown AVP with the M bit', ResultCode.DIAMETER_AVP_UNSUPPORTED, 'RFC 6733 4.1');
      }
      continue;
    }
    if (mandatory !== definition.mandatory) {
      const what = definition.mandatory ? 'the M bit is clear' : 'the M bit is set';
      const rule = definition.vendor === 0 ? 'RFC 6733 4.5' : 'TS 29.229 6.3';
      report(what, ResultCode.DIAMETER_INVALID_AVP_BITS, rule);
    }
    validateData(candidate, definition, report);
    if (name === 'Failed-AVP' || !Array.isArray(candidate.value)) continue;
    const group = candidate.value as readonly Avp[];
    validateAvps(group, findings);
    if (definition.group !== undefined) {
      validateGrammar(group, compileGrammar(definition.group), 'RFC 6733 4.4', name, findings);
    }
  }
}

function validateData(
  candidate: Avp,
  { type, values }: AvpDefinition,
  report: (what: string, resultCode: number, rule: string) => void,
): void {
  const { value } = candidate;
  if (!fits(type, value)) {
    const text = type === 'UTF8String' || type === 'DiameterIdentity' || type === 'DiameterURI';
    const badValue = text || type === 'Address' || type === 'Grouped';
    report(
      `the data is no ${type}`,
      badValue ? ResultCode.DIAMETER_INVALID_AVP_VALUE : ResultCode.DIAMETER_INVALID_AVP_LENGTH,
      'RFC 6733 4.2',
    );
  } else if (values !== undefined && !Object.values(values).includes(value as number)) {
    report(
      `${String(value)} is not one of its values`,
      ResultCode.DIAMETER_INVALID_AVP_VALUE,
      'RFC 6733 4.3.1',
    );
  } else if ((type === 'DiameterIdentity' || type === 'DiameterURI') && value === '') {
    report('the name is empty', ResultCode.DIAMETER_INVALID_AVP_VALUE, 'RFC 6733 4.3.1');
  }
}

function validateGrammar(
  list: readonly Avp[],
  grammar: AvpGrammar,
  rule: string,
  where: string,
  findings: DiameterFinding[],
): void {
  const counts = new Map<string, number>();
  for (const candidate of list) {
    const name = avpName(candidate);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const avpRule = grammar.rules.find((one) => one.name === name);
    if (avpRule === undefined && !grammar.open) {
      const resultCode = ResultCode.DIAMETER_AVP_NOT_ALLOWED;
      findings.push({ what: `${name} is not allowed`, where, rule, resultCode, failedAvp: candidate });
    } else if (avpRule !== undefined && count === avpRule.max + 1) {
      const resultCode = ResultCode.DIAMETER_AVP_OCCURS_TOO_MANY_TIMES;
      findings.push({ what: `${name} occurs too often`, where, rule, resultCode, failedAvp: candidate });
    }
  }
  for (const { name, min } of grammar.rules) {
    if ((counts.get(name) ?? 0) >= min) continue;
    const { code, vendor, mandatory } = definitionOf(name);
    const flags = (vendor === 0 ? 0 : AvpFlag.vendor) | (mandatory ? AvpFlag.mandatory : 0);
    const resultCode = ResultCode.DIAMETER_MISSING_AVP;
    findings.push({
      what: `${name} is missing`,
      where,
      rule,
      resultCode,
      failedAvp: emptyAvp(code, vendor, flags),
    });
  }
}

/** TS 29.229 6.2: a Result-Code or an Experimental-Result, and not both; RFC 6733 7.1.3: 3xxx only with the E bit. */
function validateResult(message: DiameterMessage, findings: DiameterFinding[]): void {
  const base = avp(message, 'Result-Code');
  const experimental = avp(message, 'Experimental-Result');
  const where = 'Result-Code';
  if (base !== undefined && experimental !== undefined) {
    findings.push({
      what: 'Result-Code and Experimental-Result are both present',
      where,
      rule: 'TS 29.229 6.2',
      resultCode: ResultCode.DIAMETER_CONTRADICTING_AVPS,
      failedAvp: experimental,
    });
  }
  if (base === undefined && experimental === undefined && message.applicationId === CX_APPLICATION) {
    findings.push({
      what: 'neither Result-Code nor Experimental-Result is present',
      where,
      rule: 'TS 29.229 6.2',
      resultCode: ResultCode.DIAMETER_MISSING_AVP,
      failedAvp: emptyAvp(268, 0, AvpFlag.mandatory),
    });
  }
  const value = base?.value;
  if (typeof value === 'number' && value >= 3000 && value < 4000) {
    findings.push({
      what: `${value} without the E bit`,
      where,
      rule: 'RFC 6733 7.1.3',
      resultCode: ResultCode.DIAMETER_INVALID_HDR_BITS,
    });
  }
}
