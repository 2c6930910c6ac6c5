import type { SipMessage } from '../../wire/sip/index.js';
import type { MessageParts } from './types.js';

/** Content-Type of a session description (RFC 4566 8.2.1). */
export const SDP_TYPE = 'application/sdp';

/** Puts header fields and body into a message. */
export function applyParts(message: SipMessage, parts: MessageParts | undefined): void {
  if (parts === undefined) return;
  for (const [name, value] of parts.headers ?? []) message.headers.append(name, value);
  const body = parts.sdp ?? parts.body;
  if (body === undefined || body.length === 0) return;
  const type = parts.sdp === undefined ? parts.contentType : SDP_TYPE;
  if (type !== undefined) message.headers.set('Content-Type', type);
  message.body = body;
}

/** The session description that a message carries as its whole body. */
export function sdpOf(message: SipMessage): Uint8Array | undefined {
  return message.body.length > 0 && message.contentType() === SDP_TYPE ? message.body : undefined;
}

/** Whether a list header field such as Supported or Require names an option tag (RFC 3261 20.32, 20.37). */
export function lists(message: SipMessage, field: string, optionTag: string): boolean {
  return message.headers.list(field).some((tag) => tag.toLowerCase() === optionTag);
}
