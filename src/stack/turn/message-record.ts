import type { Endpoint, MessageRecord } from '../../trace/index.js';
import { isChannelData, parseStun } from '../../wire/stun/index.js';
import { METHOD_NAMES } from './methods.js';

/** How a message on a stream shows in the trace; ChannelData and indications do not, being packets of the peers. */
export function messageRecord(
  bytes: Uint8Array,
  local: Endpoint,
  remote: Endpoint,
): MessageRecord | undefined {
  const read = isChannelData(bytes) ? undefined : parseStun(bytes);
  if (!read?.ok || read.value.class === 'indication') return undefined;
  const { method, class: messageClass } = read.value;
  const what = { request: 'request', success: 'response', error: 'error response' }[messageClass];
  const summary = `${METHOD_NAMES.get(method) ?? `method ${method}`} ${what}`;
  return { protocol: 'TURN', summary, transport: 'tcp', local, remote };
}
