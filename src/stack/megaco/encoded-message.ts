import { type MegacoMessage, serializeMegaco } from '../../wire/megaco/index.js';

const encoder = new TextEncoder();

/** A message with its text and bytes, to be sent once or more. */
export interface EncodedMessage {
  readonly message: MegacoMessage;
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Writes a message. */
export function encodeMessage(message: MegacoMessage): EncodedMessage {
  const text = serializeMegaco(message);
  return { message, text, bytes: encoder.encode(text) };
}
