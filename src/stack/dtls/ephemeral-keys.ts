import {
  type AgreementKeyPair,
  agreementKeyPair,
  type NamedCurve,
  sha256,
  toUtf8,
} from '../../crypto/index.js';
import type { RandomStream } from '../../kernel/index.js';

/** Key pairs a role draws from, by curve: few, so that a campaign soon knows every secret that two of them share. */
const POOL_SIZE = 4;

/**
 * An ephemeral key pair (RFC 8422 5.4, 5.7). Making one and agreeing with it take milliseconds, so ends of a simulation draw
 * from pinned pools; randoms and certificates still make each session's keys its own.
 */
export function ephemeralKeyPair(
  curve: NamedCurve,
  role: 'client' | 'server',
  random: RandomStream,
): AgreementKeyPair {
  return agreementKeyPair(curve, sha256(toUtf8(`DTLS ${role} ${curve} ${random.below(POOL_SIZE)}`)));
}
