/** The event log of a run: its event types, the log itself, its file format and its hash. */
export type {
  Endpoint,
  MessageRecord,
  MessageTransport,
  PacketRecord,
  TcpFields,
  TraceBody,
  TraceEvent,
  TraceEventOf,
  TraceKind,
} from './event.js';
export { hashTrace } from './hash.js';
export { parseTrace, serializeTrace } from './ndjson.js';
export { type HostRecord, Trace } from './trace.js';
