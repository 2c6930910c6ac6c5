/**
 * STUN and TURN servers (RFC 8489, RFC 8656) and a TURN client. `StunServer` answers Binding requests; `TurnServer` does, and
 * relays; `TurnClient` asks for relayed addresses and is what an ICE agent gathers relayed candidates from. Users have long-term
 * credentials: a table of them, or the short-lived ones of TS 33.203 X.5.
 *
 * An allocation is a machine at either end, and so is every request; packets of peers pass by the machines.
 *
 * Not supported: TLS and DTLS to the server, USERHASH, third-party authorisation (RFC 7635), ALTERNATE-SERVER, DONT-FRAGMENT
 * (420, since nothing here fragments), ICMP (the network has none), TCP to peers (RFC 6062, 442), mobility (RFC 8016).
 */
export { listedPasswords, sharedKeyPasswords, shortLivedCredentials } from './credentials.js';
export { StunServer } from './stun-server.js';
export { TurnClient } from './turn-client.js';
export { TurnServer } from './turn-server.js';
export type {
  ChannelPolicy,
  PasswordAlgorithms,
  PasswordLookup,
  SharedSocket,
  StunServerOptions,
  TurnClientOptions,
  TurnCredentials,
  TurnServerOptions,
} from './types.js';
