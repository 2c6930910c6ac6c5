import type { PacketRecord, TraceBody, TraceEvent } from './event.js';
import { type HostRecord, Trace } from './trace.js';

const FORMAT = 'imslab-trace/1';

/** Microseconds, cause, entity and body of an event as one line of JSON; bytes are written in hexadecimal. */
function eventLine(event: TraceEvent): string {
  const { body } = event;
  if (body.kind !== 'packet.sent') return JSON.stringify(event);
  return JSON.stringify({
    ...event,
    body: { ...body, packet: { ...body.packet, data: toHex(body.packet.data) } },
  });
}

/**
 * The trace as newline-delimited JSON: a header line with the format and the hosts, then an event a line.
 *
 * @returns text that ends in a newline; the same run gives the same text everywhere
 */
export function serializeTrace(trace: Trace): string {
  const lines = [JSON.stringify({ format: FORMAT, hosts: trace.hosts })];
  for (const event of trace.events) lines.push(eventLine(event));
  return `${lines.join('\n')}\n`;
}

/**
 * Reads what {@link serializeTrace} wrote.
 *
 * @throws Error that names the line when the text is not such a trace
 */
export function parseTrace(text: string): Trace {
  const trace = new Trace();
  const lines = text.split('\n').filter((line) => line !== '');
  const header = readLine(lines[0] ?? '', 1) as { format?: string; hosts?: HostRecord[] };
  if (header.format !== FORMAT || !Array.isArray(header.hosts)) {
    throw new Error(`line 1: not a trace, expected a header of format ${FORMAT}`);
  }
  trace.hosts.push(...header.hosts);
  lines.slice(1).forEach((line, index) => {
    const event = readLine(line, index + 2) as TraceEvent;
    if (event.id !== index + 1)
      throw new Error(`line ${index + 2}: event id ${event.id}, expected ${index + 1}`);
    trace.append(event.at, event.cause, event.entity, withBytes(event.body));
  });
  return trace;
}

function readLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`line ${number}: not JSON`);
  }
}

function withBytes(body: TraceBody): TraceBody {
  if (body.kind !== 'packet.sent') return body;
  const packet = body.packet as Omit<PacketRecord, 'data'> & { data: unknown };
  return { kind: 'packet.sent', packet: { ...packet, data: fromHex(String(packet.data)) } };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
