import type { SipRequest, SipResponse } from '../../wire/sip/index.js';
import type { NextHop } from '../sip/index.js';
import type { Dialog } from './dialog.js';
import { applyParts } from './message-parts.js';
import type { MessageParts } from './types.js';
import type { SipUserAgent } from './user-agent.js';

/** How a request in the dialog of a subscription is sent. */
export interface InDialogRequest {
  readonly method: string;
  readonly parts: MessageParts;
  mutate?(request: SipRequest): void;
  hop(request: SipRequest): NextHop | undefined;
  /** The final response; 408 or 503 without one. */
  done(status: number, response: SipResponse | undefined): void;
}

/** Sends a request other than INVITE within a dialog. */
export function sendInDialog(ua: SipUserAgent, dialog: Dialog, options: InDialogRequest): void {
  const request = dialog.createRequest(options.method);
  applyParts(request, options.parts);
  options.mutate?.(request);
  const hop = options.hop(request);
  if (hop === undefined) {
    options.done(503, undefined);
    return;
  }
  let over = false;
  const done = (status: number, response: SipResponse | undefined): void => {
    if (over) return;
    over = true;
    if (response !== undefined && status < 300) dialog.refreshTarget(response);
    options.done(status, response);
  };
  ua.endpoint.sendRequest(request, hop, {
    onResponse: (response) => {
      if (response.status >= 200) done(response.status, response);
    },
    onTimeout: () => done(408, undefined),
    onTransportError: () => done(503, undefined),
  });
}

/** Responses to a SUBSCRIBE or NOTIFY within its dialog that end the subscription (RFC 6665 4.1.2.2, 4.2.2). */
export function endsSubscription(status: number): boolean {
  if (status >= 480 && status <= 485) return true;
  return [404, 405, 410, 416, 489, 501, 604].includes(status);
}
