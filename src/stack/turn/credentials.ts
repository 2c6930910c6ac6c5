import { hmacSha1, toBase64, toUtf8 } from '../../crypto/index.js';
import type { PasswordLookup, TurnCredentials } from './types.js';

/**
 * Credentials that end by themselves, which one function hands to the client and the server checks with a key that both
 * share (TS 33.203 X.5): the user name says when, the password is an HMAC over it.
 *
 * @param key - shared by whoever issues credentials and the server
 * @param user - any text, such as a user's identity
 * @param expiresS - seconds since 1970
 *
 * @example
 * shortLivedCredentials('key', 'bob', 1_793_503_600) // username '1793503600:bob'
 */
export function shortLivedCredentials(key: string, user: string, expiresS: number): TurnCredentials {
  const username = `${expiresS}:${user}`;
  return { username, password: passwordOf(key, username) };
}

/**
 * The passwords of {@link shortLivedCredentials} at the server; those whose time is over have none.
 *
 * @param nowS - what time it is, in seconds since 1970
 */
export function sharedKeyPasswords(key: string, nowS: () => number): PasswordLookup {
  return (username) => {
    const [, expires] = /^(\d{1,15}):/.exec(username) ?? [];
    return expires === undefined || Number(expires) <= nowS() ? undefined : passwordOf(key, username);
  };
}

/** The passwords of a table. */
export function listedPasswords(users: Readonly<Record<string, string>>): PasswordLookup {
  return (username) => (Object.hasOwn(users, username) ? users[username] : undefined);
}

function passwordOf(key: string, username: string): string {
  return toBase64(hmacSha1(toUtf8(key), toUtf8(username)));
}
