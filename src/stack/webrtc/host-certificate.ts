import { type Certificate, selfSignedCertificate, sha256, toUtf8 } from '../../crypto/index.js';

/**
 * The self-signed certificate of a host (RFC 5763 5). It is the same in every run, so that the key pair has to be made but once,
 * and no other host has it.
 */
export function hostCertificate(host: { readonly name: string }): Certificate {
  return selfSignedCertificate(sha256(toUtf8(`imslab certificate ${host.name}`)), host.name);
}
