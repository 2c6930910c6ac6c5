import {
  attribute,
  checkFingerprint,
  parseStun,
  STUN_METHOD,
  type StunMessage,
  unknownRequired,
} from '../../wire/stun/index.js';
import { serializeAnswer, unknownAttributes } from './answer.js';
import type { Path } from './path.js';

/** A request or indication that can be dealt with; what is no STUN, or has a bad FINGERPRINT, is dropped (RFC 8489 6.3, 7). */
export function readStun(bytes: Uint8Array): StunMessage | string {
  const read = parseStun(bytes);
  if (!read.ok) return read.error.what;
  return checkFingerprint(bytes) === 'bad' ? 'bad FINGERPRINT' : read.value;
}

/** The answer to a Binding request, which needs no credentials (RFC 8489 6.3.1, 12). */
export function answerBinding(request: StunMessage, path: Path): Uint8Array {
  const unknown = unknownRequired(request);
  const answer =
    unknown.length > 0
      ? unknownAttributes(unknown)
      : [{ name: 'XOR-MAPPED-ADDRESS', ip: path.remote.ip, port: path.remote.port } as const];
  // who has asked with a FINGERPRINT tells other protocols apart by it (RFC 8489 7)
  return serializeAnswer(request, answer, { fingerprint: attribute(request, 'FINGERPRINT') !== undefined });
}

export function isBinding(message: StunMessage): boolean {
  return message.method === STUN_METHOD.binding;
}
