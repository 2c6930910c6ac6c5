import { avp, avps } from './avps.js';
import { type CommandName, commands } from './commands.js';
import { type Avp, type DiameterMessage, MessageFlag } from './message.js';

/** The identifiers of a request (RFC 6733 3). */
export interface RequestIds {
  readonly hopByHop: number;
  readonly endToEnd: number;
}

type RequestName = Extract<CommandName, `${string}R`>;

/** A request, with the flags and the Application-Id of its command. */
export function makeRequest(command: RequestName, ids: RequestIds, list: readonly Avp[]): DiameterMessage {
  const { code, applicationId, proxiable } = commands[command];
  const flags = MessageFlag.request | (proxiable ? MessageFlag.proxiable : 0);
  return { version: 1, flags, command: code, applicationId, ...ids, avps: list };
}

/**
 * The answer to a request: its command, identifiers and P bit, its Session-Id first and its Proxy-Info last (RFC 6733 6.2).
 *
 * @param list the other AVPs, Result-Code or Experimental-Result among them
 * @param options `error` sets the E bit, owed with results 3xxx (RFC 6733 7.2)
 */
export function makeAnswer(
  request: DiameterMessage,
  list: readonly Avp[],
  options: { readonly error?: boolean } = {},
): DiameterMessage {
  const { command, applicationId, hopByHop, endToEnd } = request;
  const flags = (request.flags & MessageFlag.proxiable) | (options.error === true ? MessageFlag.error : 0);
  const session = avp(request, 'Session-Id');
  const all = [...(session === undefined ? [] : [session]), ...list, ...avps(request, 'Proxy-Info')];
  return { version: 1, flags, command, applicationId, hopByHop, endToEnd, avps: all };
}

/** A Session-Id of the recommended form (RFC 6733 8.8). */
export function makeSessionId(host: string, high32: number, low32: number, optional?: string): string {
  return `${host};${high32};${low32}${optional === undefined ? '' : `;${optional}`}`;
}
