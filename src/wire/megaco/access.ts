import { megacoErrors } from './codes.js';
import type {
  Action,
  Command,
  Descriptor,
  ErrorDescriptor,
  MediaDescriptor,
  StreamDescriptor,
  TransactionReply,
} from './message.js';

/** The first descriptor of that kind. */
export function descriptor<K extends Descriptor['kind']>(
  command: Command,
  kind: K,
): Extract<Descriptor, { readonly kind: K }> | undefined {
  for (const candidate of command.descriptors) {
    if (candidate.kind === kind) return candidate as Extract<Descriptor, { readonly kind: K }>;
  }
  return undefined;
}

/** The stream of that number; parameters that stand directly in Media are stream 1 (H.248.1 7.1.4). */
export function streamOf(media: MediaDescriptor, id: number): StreamDescriptor | undefined {
  return media.streams.find((stream) => (stream.id ?? 1) === id);
}

/** The streams of a command's Media, none where it has no such descriptor. */
export function streamsOf(command: Command): readonly StreamDescriptor[] {
  return descriptor(command, 'Media')?.streams ?? [];
}

/** An error, with the usual text of its code where none is given. */
export function makeError(code: number, text: string | undefined = megacoErrors[code]): ErrorDescriptor {
  return text === undefined ? { kind: 'Error', code } : { kind: 'Error', code, text };
}

/** The reply that refuses a whole transaction (H.248.1 8.2.2). */
export function makeErrorReply(id: number, code: number, text?: string): TransactionReply {
  return { kind: 'Reply', id, actions: [], error: makeError(code, text) };
}

/** An action about a context with these commands and nothing else. */
export function makeAction(context: Action['context'], commands: readonly Command[]): Action {
  return { context, contextItems: [], commands };
}

/**
 * The alternatives of a Local or Remote descriptor: each session description starts with its `v=` line (H.248.1 7.1.8);
 * a text without such a line is one.
 */
export function sessionDescriptions(text: string): string[] {
  return text === '' ? [] : text.split(/^(?=v=)/m);
}

/** Whether a session description leaves something for the gateway to choose: a `$` (H.248.1 7.1.8). */
export function hasChoose(text: string): boolean {
  return /[ :=]\$(?=[\s/]|$)/m.test(text);
}

/** A message identifier taken apart (mId of H.248.1 B.2). */
export type Mid =
  | { readonly kind: 'address'; readonly address: string; readonly port?: number }
  | { readonly kind: 'domain'; readonly domain: string; readonly port?: number }
  | { readonly kind: 'device'; readonly name: string };

/** Takes a message identifier apart; an MTP address counts as the name of a device. */
export function parseMid(mid: string): Mid {
  const [, bracket, host, portText] = /^([[<])([^\]>\s]+)[\]>](?::(\d{1,5}))?$/.exec(mid) ?? [];
  if (host === undefined) return { kind: 'device', name: mid };
  const port = portText === undefined ? {} : { port: Number(portText) };
  return bracket === '['
    ? { kind: 'address', address: host, ...port }
    : { kind: 'domain', domain: host, ...port };
}

/** A message identifier of an IP address, v4 or v6, and a port: `[10.1.1.1]:2944`. */
export function makeMid(address: string, port?: number): string {
  return port === undefined ? `[${address}]` : `[${address}]:${port}`;
}
