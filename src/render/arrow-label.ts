import type { Arrow } from './ladder.js';

/** Start lines say their protocol's version in every message; a diagram need not. */
const VERSION = /^(?:SIP\/2\.0|HTTP\/1\.[01]) | (?:SIP\/2\.0|HTTP\/1\.[01])(?= \(|$)/g;

/** The summary without protocol versions: `INVITE sip:bob@home1.net`, `200 OK`. */
export function summaryOf(arrow: Arrow): string {
  return arrow.summary.replace(VERSION, '');
}

/** What became of the message and how it was protected, each in brackets with a space before; often empty. */
export function marksOf(arrow: Arrow): string {
  if (!isInTls(arrow)) return fateOf(arrow);
  return (arrow.transport.startsWith('ws') ? ' (wss)' : ' (tls)') + fateOf(arrow);
}

/** ` (duplicate)`, ` (lost: reason)` or nothing. */
export function fateOf(arrow: Arrow): string {
  const duplicate = arrow.duplicate ? ' (duplicate)' : '';
  return arrow.lost === undefined ? duplicate : `${duplicate} (lost: ${arrow.lost})`;
}

/** Whether TLS protected it and its name does not say so already, as SRTP and the handshake's own messages do. */
export function isInTls(arrow: Arrow): boolean {
  return arrow.secure && arrow.transport !== 'udp' && arrow.protocol !== 'TLS';
}

/** Protocol, summary and marks on one line: `HTTP GET /wic.js (tls)`. SIP, the rule in these runs, goes unnamed. */
export function labelOf(arrow: Arrow): string {
  const summary = summaryOf(arrow);
  const named = arrow.protocol === 'SIP' || summary.startsWith(arrow.protocol);
  return `${named ? '' : `${arrow.protocol} `}${summary}${marksOf(arrow)}`.trim();
}
