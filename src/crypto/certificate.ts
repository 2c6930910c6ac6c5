import { ECParameters, ecdsaWithSHA256, id_ecPublicKey, id_secp256r1 } from '@peculiar/asn1-ecc';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
  Certificate as X509Certificate,
} from '@peculiar/asn1-x509';
import { signP256Hash } from './ecdsa.js';
import { toUtf8 } from './encoding.js';
import { sha256 } from './hash.js';
import { Memo, memoKey } from './memo.js';
import { type P256KeyPair, p256KeyPair } from './p256-key-pair.js';

/** A certificate and the key it is for. */
export interface Certificate {
  /** X.509, DER. */
  readonly der: Uint8Array;
  readonly keyPair: P256KeyPair;
}

/** A fuzzed certificate must not make the memos grow without bound. */
const MEMO_ENTRIES = 1024;
const P256_POINT_BYTES = 65;
const SERIAL_NUMBER_BYTES = 8;
/** X.520 6.2.2, commonName. */
const ID_COMMON_NAME = '2.5.4.3';
/** DER of a Validity (RFC 5280 4.1.2.5): from the start of 2020 to the end of 2049, since no run knows the date. */
const VALIDITY = Uint8Array.from([
  ...[0x30, 30],
  ...[0x17, 13, ...toUtf8('200101000000Z')],
  ...[0x17, 13, ...toUtf8('491231235959Z')],
]);

const certificates = new Memo<Certificate>(MEMO_ENTRIES);
const publicKeys = new Memo<Uint8Array | 'none'>(MEMO_ENTRIES);

/**
 * The self-signed P-256 certificate (RFC 5280 4.1) a seed stands for, as DTLS-SRTP uses them (RFC 5763 5). Results are
 * kept, so do not change the returned bytes.
 * @param seed - 32 bytes, for the key pair.
 * @param commonName - of issuer and subject.
 * @throws RangeError when the seed has another length.
 */
export function selfSignedCertificate(seed: Uint8Array, commonName = 'imslab'): Certificate {
  return certificates.get(memoKey(seed, toUtf8(commonName)), () => {
    const keyPair = p256KeyPair(seed);
    const name = new Name([
      new RelativeDistinguishedName([
        new AttributeTypeAndValue({
          type: ID_COMMON_NAME,
          value: new AttributeValue({ utf8String: commonName }),
        }),
      ]),
    ]);
    const serialNumber = sha256(keyPair.publicKey).slice(0, SERIAL_NUMBER_BYTES);
    // positive, and without leading zeros (RFC 5280 4.1.2.2)
    serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
    const tbsCertificate = new TBSCertificate({
      version: Version.v3,
      serialNumber: arrayBuffer(serialNumber),
      signature: ecdsaWithSHA256,
      issuer: name,
      validity: AsnConvert.parse(VALIDITY, Validity),
      subject: name,
      subjectPublicKeyInfo: new SubjectPublicKeyInfo({
        algorithm: new AlgorithmIdentifier({
          algorithm: id_ecPublicKey,
          parameters: AsnConvert.serialize(new ECParameters({ namedCurve: id_secp256r1 })),
        }),
        subjectPublicKey: arrayBuffer(keyPair.publicKey),
      }),
    });
    const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate));
    const certificate = new X509Certificate({
      tbsCertificate,
      signatureAlgorithm: ecdsaWithSHA256,
      signatureValue: arrayBuffer(signP256Hash(keyPair.secretKey, sha256(signed))),
    });
    return { der: new Uint8Array(AsnConvert.serialize(certificate)), keyPair };
  });
}

/**
 * The public key of a certificate, whatever else that says: DTLS-SRTP trusts its fingerprint (RFC 8122 6.2).
 * @param der - X.509, DER.
 * @returns 65 bytes: 4, x, y; `undefined` when it cannot be read or is for no key on P-256.
 */
export function certificatePublicKey(der: Uint8Array): Uint8Array | undefined {
  const key = publicKeys.get(memoKey(der), () => readPublicKey(der) ?? 'none');
  return key === 'none' ? undefined : key;
}

function readPublicKey(der: Uint8Array): Uint8Array | undefined {
  try {
    const { algorithm, subjectPublicKey } = AsnConvert.parse(der, X509Certificate).tbsCertificate
      .subjectPublicKeyInfo;
    const { parameters } = algorithm;
    if (algorithm.algorithm !== id_ecPublicKey || !parameters) return undefined;
    if (AsnConvert.parse(parameters, ECParameters).namedCurve !== id_secp256r1) return undefined;
    const point = new Uint8Array(subjectPublicKey);
    return point.length === P256_POINT_BYTES ? point : undefined;
  } catch {
    return undefined;
  }
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
