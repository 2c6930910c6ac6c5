import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** A hello extension (RFC 5246 7.4.1.4) by its registered name; one without a rule here is `unknown`. */
export type Extension =
  /** Numbers of named curves (RFC 8422 5.1.1). */
  | { readonly name: 'supported_groups'; readonly groups: readonly number[] }
  /** 0 is uncompressed (RFC 8422 5.1.2). */
  | { readonly name: 'ec_point_formats'; readonly formats: readonly number[] }
  /** Hash and signature algorithm as one number (RFC 5246 7.4.1.4.1). */
  | { readonly name: 'signature_algorithms'; readonly algorithms: readonly number[] }
  /** RFC 5764 4.1.1. */
  | { readonly name: 'use_srtp'; readonly profiles: readonly number[]; readonly mki: Uint8Array }
  /** RFC 7627 5.1. */
  | { readonly name: 'extended_master_secret' }
  /** RFC 5746 3.2. */
  | { readonly name: 'renegotiation_info'; readonly renegotiatedConnection: Uint8Array }
  | { readonly name: 'unknown'; readonly type: number; readonly data: Uint8Array };

type KnownName = Exclude<Extension['name'], 'unknown'>;

const TYPES: Readonly<Record<KnownName, number>> = {
  supported_groups: 10,
  ec_point_formats: 11,
  signature_algorithms: 13,
  use_srtp: 14,
  extended_master_secret: 23,
  renegotiation_info: 0xff01,
};

const names = new Map((Object.keys(TYPES) as KnownName[]).map((name) => [TYPES[name], name]));

/** The number of an extension's type. */
export function extensionType(extension: Extension): number {
  return extension.name === 'unknown' ? extension.type : TYPES[extension.name];
}

/** The extension of that name in a list. */
export function findExtension<N extends KnownName>(
  extensions: readonly Extension[] | undefined,
  name: N,
): Extract<Extension, { name: N }> | undefined {
  return extensions?.find((one): one is Extract<Extension, { name: N }> => one.name === name);
}

/** Reads the list of extensions that ends a hello, length first; marks the reader as failed where one cannot be read. */
export function readExtensions(reader: ByteReader): Extension[] {
  const list = reader.inner(2);
  const extensions: Extension[] = [];
  while (list.left > 0 && list.failedAt === undefined) {
    const type = list.number(2);
    const inner = list.inner(2);
    if (list.failedAt !== undefined) break;
    const name = names.get(type);
    if (name === undefined) {
      extensions.push({ name: 'unknown', type, data: inner.take(inner.left) });
      continue;
    }
    const from = inner.offset;
    extensions.push(readKnown(name, inner));
    if (!inner.complete) list.failedAt = inner.failedAt ?? from;
  }
  if (list.failedAt !== undefined) reader.failedAt ??= list.failedAt;
  return extensions;
}

function readKnown(name: KnownName, reader: ByteReader): Extension {
  switch (name) {
    case 'supported_groups':
      return { name, groups: reader.numbers(2, 2) };
    case 'ec_point_formats':
      return { name, formats: reader.numbers(1, 1) };
    case 'signature_algorithms':
      return { name, algorithms: reader.numbers(2, 2) };
    case 'use_srtp':
      return { name, profiles: reader.numbers(2, 2), mki: reader.vector(1) };
    case 'extended_master_secret':
      return { name };
    case 'renegotiation_info':
      return { name, renegotiatedConnection: reader.vector(1) };
  }
}

/** Writes the list of extensions that ends a hello, length first. */
export function writeExtensions(writer: ByteWriter, extensions: readonly Extension[]): void {
  writer.inner(2, (list) => {
    for (const extension of extensions) {
      list.number(extensionType(extension), 2);
      list.inner(2, (body) => writeBody(body, extension));
    }
  });
}

function writeBody(writer: ByteWriter, extension: Extension): void {
  switch (extension.name) {
    case 'supported_groups':
      writer.numbers(extension.groups, 2, 2);
      break;
    case 'ec_point_formats':
      writer.numbers(extension.formats, 1, 1);
      break;
    case 'signature_algorithms':
      writer.numbers(extension.algorithms, 2, 2);
      break;
    case 'use_srtp':
      writer.numbers(extension.profiles, 2, 2).vector(extension.mki, 1);
      break;
    case 'extended_master_secret':
      break;
    case 'renegotiation_info':
      writer.vector(extension.renegotiatedConnection, 1);
      break;
    case 'unknown':
      writer.bytes(extension.data);
  }
}
