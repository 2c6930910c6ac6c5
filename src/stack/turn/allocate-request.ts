import { type AddressFamily, ATTRIBUTES, attribute, type StunMessage } from '../../wire/stun/index.js';
import { type Refusal, unknownAttributes } from './answer.js';
import { UDP_PROTOCOL } from './methods.js';
import type { RelayPort, RelayPorts } from './relay-ports.js';

/** What an Allocate request gets. */
export interface Granted {
  readonly ports: readonly RelayPort[];
  /** Of the next higher port. */
  readonly token?: string;
  /** Why the additional family was not granted (RFC 8656 7.2 step 9). */
  readonly partly?: { readonly family: AddressFamily; readonly code: 440 | 508 };
}

/**
 * Takes the ports that an Allocate request asks for (RFC 8656 7.2, steps 3 to 9).
 *
 * @returns the ports, or why there are none
 */
export function grantPorts(request: StunMessage, ports: RelayPorts): Granted | Refusal {
  const transport = attribute(request, 'REQUESTED-TRANSPORT');
  if (transport === undefined) return { code: 400 };
  if (transport.protocol !== UDP_PROTOCOL) return { code: 442 };
  if (attribute(request, 'DONT-FRAGMENT') !== undefined) {
    return unknownAttributes([ATTRIBUTES['DONT-FRAGMENT'][0]]);
  }
  const token = attribute(request, 'RESERVATION-TOKEN')?.token;
  const even = attribute(request, 'EVEN-PORT')?.reserveNext;
  const requested = attribute(request, 'REQUESTED-ADDRESS-FAMILY')?.family;
  const additional = attribute(request, 'ADDITIONAL-ADDRESS-FAMILY')?.family;
  if (token !== undefined) {
    if (even !== undefined || requested !== undefined || additional !== undefined) return { code: 400 };
    const port = ports.redeem(token);
    return port === undefined ? { code: 508 } : { ports: [port] };
  }
  if (requested !== undefined && additional !== undefined) return { code: 400 };
  const family = requested ?? 4;
  // with the additional family, either of both is enough (step 9)
  if (additional === undefined && !ports.supports(family)) return { code: 440 };
  if (even === true && additional !== undefined) return { code: 400 };
  if (additional === 4) return { code: 400 };
  if (additional === 6) return grantBoth(ports, even !== undefined);
  if (even === true) {
    const pair = ports.takePair(family);
    return pair === undefined ? { code: 508 } : { ports: [pair.port], token: pair.token };
  }
  const port = ports.take(family, even !== undefined);
  return port === undefined ? { code: 508 } : { ports: [port] };
}

function grantBoth(ports: RelayPorts, even: boolean): Granted | Refusal {
  const granted: RelayPort[] = [];
  let partly: Granted['partly'];
  for (const family of [4, 6] as const) {
    const port = ports.take(family, even);
    if (port !== undefined) granted.push(port);
    else partly = { family, code: ports.supports(family) ? 508 : 440 };
  }
  if (granted.length === 0) return { code: 508 };
  return partly === undefined ? { ports: granted } : { ports: granted, partly };
}
