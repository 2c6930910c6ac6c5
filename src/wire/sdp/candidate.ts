import { attributes } from './attributes.js';
import type { Section } from './description.js';
import { readAttribute } from './grammar.js';
import { readNumber } from './parse.js';

/** An ICE candidate, `a=candidate` (RFC 8839 5.1). */
export interface Candidate {
  readonly foundation: string;
  /** 1..256; 1 is RTP, 2 is RTCP. */
  readonly component: number;
  /** As written: `udp`, `UDP`, `TCP`; compare without regard to case. */
  readonly transport: string;
  /** 1..2^31-1. */
  readonly priority: number;
  readonly address: string;
  readonly port: number;
  /** `host`, `srflx`, `prflx` or `relay`. */
  readonly type: string;
  readonly relatedAddress?: string;
  readonly relatedPort?: number;
  /** `active`, `passive` or `so` (RFC 6544 4.5). */
  readonly tcpType?: string;
  /** Extensions other than `tcptype`, in their order. */
  readonly extensions: readonly { readonly name: string; readonly value: string }[];
}

/** The candidates of a section; lines that are not of the form of RFC 8839 5.1 are passed over. */
export function candidates(section: Section): Candidate[] {
  const result: Candidate[] = [];
  for (const value of attributes(section, 'candidate')) {
    const candidate = parseCandidate(value);
    if (candidate !== undefined) result.push(candidate);
  }
  return result;
}

/**
 * Reads the value of an `a=candidate` attribute (RFC 8839 5.1), also without its name as in `RTCIceCandidate.candidate`.
 *
 * @returns `undefined` where the text has another form
 */
export function parseCandidate(text: string): Candidate | undefined {
  const line = text.startsWith('candidate:') ? text : `candidate:${text}`;
  const fields = readAttribute('candidates', line);
  const [, foundation, component, transport, priority, address, port, type] = fields ?? [];
  if (!foundation || !transport || !address || !type) return undefined;
  const numbers = [component, priority, port].map((field) => readNumber(field ?? ''));
  const [componentNumber, priorityNumber, portNumber] = numbers;
  if (componentNumber === undefined || priorityNumber === undefined || portNumber === undefined)
    return undefined;

  // sdp-transform's pattern reads extensions in one order only; RFC 8839 5.1 gives them none.
  const tail = line.split(' ').slice(8);
  if (tail.length % 2 !== 0) return undefined;
  let relatedAddress: string | undefined;
  let relatedPort: number | undefined;
  let tcpType: string | undefined;
  const extensions: { name: string; value: string }[] = [];
  for (let i = 0; i < tail.length; i += 2) {
    const name = tail[i] ?? '';
    const value = tail[i + 1] ?? '';
    if (name === 'raddr' && relatedAddress === undefined) relatedAddress = value;
    else if (name === 'rport' && relatedPort === undefined && readNumber(value) !== undefined)
      relatedPort = readNumber(value);
    else if (name === 'tcptype' && tcpType === undefined) tcpType = value;
    else extensions.push({ name, value });
  }
  return {
    foundation,
    component: componentNumber,
    transport,
    priority: priorityNumber,
    address,
    port: portNumber,
    type,
    ...(relatedAddress === undefined ? {} : { relatedAddress }),
    ...(relatedPort === undefined ? {} : { relatedPort }),
    ...(tcpType === undefined ? {} : { tcpType }),
    extensions,
  };
}

/** The value of an `a=candidate` attribute (RFC 8839 5.1). */
export function serializeCandidate(candidate: Candidate): string {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  let text = `${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}`;
  if (candidate.relatedAddress !== undefined) text += ` raddr ${candidate.relatedAddress}`;
  if (candidate.relatedPort !== undefined) text += ` rport ${candidate.relatedPort}`;
  if (candidate.tcpType !== undefined) text += ` tcptype ${candidate.tcpType}`;
  for (const { name, value } of candidate.extensions) text += ` ${name} ${value}`;
  return text;
}
