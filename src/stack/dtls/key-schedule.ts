import { RunningSha256, tlsPrf } from '../../crypto/index.js';
import { HANDSHAKE_HEADER_BYTES, serializeHandshakeFragment } from '../../wire/dtls/index.js';
import type { KeyExporter } from './types.js';

/** Lengths in bytes for AES-128-GCM (RFC 5288 3: no MAC keys, a salt of four bytes). */
const MASTER_SECRET_BYTES = 48;
const KEY_BYTES = 16;
const SALT_BYTES = 4;
const VERIFY_DATA_BYTES = 12;

/** What one direction's records are protected with. */
export interface WriteKeys {
  readonly key: Uint8Array;
  /** The implicit part of the nonce (RFC 5288 3). */
  readonly salt: Uint8Array;
}

/** The keys of both directions (RFC 5246 6.3). */
export interface SessionKeys {
  readonly client: WriteKeys;
  readonly server: WriteKeys;
}

/** The master secret, from the hash of the messages up to ClientKeyExchange (RFC 7627 4). */
export function extendedMasterSecret(premasterSecret: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return tlsPrf(premasterSecret, 'extended master secret', sessionHash, MASTER_SECRET_BYTES);
}

/** The master secret without RFC 7627 (RFC 5246 8.1). */
export function plainMasterSecret(
  premasterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return tlsPrf(premasterSecret, 'master secret', joined(clientRandom, serverRandom), MASTER_SECRET_BYTES);
}

/** The keys of the connection (RFC 5246 6.3). */
export function sessionKeys(
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): SessionKeys {
  const length = 2 * (KEY_BYTES + SALT_BYTES);
  const block = tlsPrf(masterSecret, 'key expansion', joined(serverRandom, clientRandom), length);
  const salts = 2 * KEY_BYTES;
  return {
    client: { key: block.subarray(0, KEY_BYTES), salt: block.subarray(salts, salts + SALT_BYTES) },
    server: { key: block.subarray(KEY_BYTES, salts), salt: block.subarray(salts + SALT_BYTES) },
  };
}

/** What a Finished says (RFC 5246 7.4.9). */
export function verifyData(
  masterSecret: Uint8Array,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return tlsPrf(masterSecret, `${sender} finished`, transcriptHash, VERIFY_DATA_BYTES);
}

/** The exporter of the connection (RFC 5705 4). */
export function keyExporter(
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): KeyExporter {
  return (label, length, context) => {
    const randoms = joined(clientRandom, serverRandom);
    if (context === undefined) return tlsPrf(masterSecret, label, randoms, length).slice();
    const contextLength = Uint8Array.of(context.length >> 8, context.length);
    return tlsPrf(masterSecret, label, joined(randoms, contextLength, context), length).slice();
  };
}

/** Byte strings one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The hash over the handshake messages, each as if it had been sent in one fragment (RFC 6347 4.2.6). */
export class Transcript {
  readonly #running = new RunningSha256();
  #hash: Uint8Array | undefined;

  add(messageType: number, messageSeq: number, body: Uint8Array): void {
    const header = { messageType, messageSeq, length: body.length, fragmentOffset: 0 };
    const bytes = serializeHandshakeFragment({ ...header, fragment: EMPTY });
    // the header of the whole message: fragment_length is its length
    bytes.set(bytes.subarray(1, 4), HANDSHAKE_HEADER_BYTES - 3);
    this.#running.update(bytes);
    this.#running.update(body);
    this.#hash = undefined;
  }

  /** The hash of the messages so far. */
  hash(): Uint8Array {
    return (this.#hash ??= this.#running.digest());
  }
}

const EMPTY = new Uint8Array(0);
