import { STUN_METHOD } from '../../wire/stun/index.js';

/** Methods by number, as the documents write them (RFC 8489 18.2, RFC 8656 17). */
export const METHOD_NAMES: ReadonlyMap<number, string> = new Map([
  [STUN_METHOD.binding, 'Binding'],
  [STUN_METHOD.allocate, 'Allocate'],
  [STUN_METHOD.refresh, 'Refresh'],
  [STUN_METHOD.send, 'Send'],
  [STUN_METHOD.data, 'Data'],
  [STUN_METHOD.createPermission, 'CreatePermission'],
  [STUN_METHOD.channelBind, 'ChannelBind'],
]);

/** Protocol number of UDP (RFC 8656 18.8). */
export const UDP_PROTOCOL = 17;

/** SOFTWARE, which both ends should send with Allocate and Refresh (RFC 8656 5). */
export const SOFTWARE = { name: 'SOFTWARE', text: 'imslab' } as const;
