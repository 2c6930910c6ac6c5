import { type FormFields, formValue } from '../../src/wire/http/index.js';

/** A client that may ask for authorization (RFC 6749 2). */
export interface OAuthClient {
  readonly clientId: string;
  /** The one URI to which its users are sent back, compared byte by byte (RFC 6749 3.1.2.3). */
  readonly redirectUri: string;
  /** The name that the client's certificate has to show on W4 (24371-6.3.1-05, RFC 8705 2.1). */
  readonly certificateName: string;
}

/** An authorization request that may go on to the login. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  /** Whether the request named the redirection URI, so that the token request has to as well (RFC 6749 4.1.3). */
  readonly redirectUriNamed: boolean;
  readonly scope: string;
  readonly state: string | undefined;
  /** RFC 7636 4.2, by S256. */
  readonly codeChallenge: string;
}

/** Why an authorization request is refused. */
export interface RequestError {
  /** Error code of RFC 6749 4.1.2.1. */
  readonly error: 'invalid_request' | 'unsupported_response_type' | 'invalid_scope' | 'access_denied';
  readonly description: string;
}

/**
 * What becomes of an authorization request: a login, an error that is told to the client by a redirect, or, where client
 * or redirection URI cannot be trusted, one that only the user may see (RFC 6749 4.1.2.1).
 */
export type Judgement =
  | { readonly request: AuthorizationRequest }
  | { readonly redirectUri: string; readonly state: string | undefined; readonly error: RequestError }
  | { readonly untrusted: string };

/** A BASE64URL-encoded SHA-256 hash: what an S256 challenge is (RFC 7636 4.2). */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** The first name that appears twice (RFC 6749 3.1, 3.2: parameters must not be repeated). */
export function repeatedName(fields: FormFields): string | undefined {
  return fields.find(([name], index) => fields.findIndex(([other]) => other === name) < index)?.[0];
}

/**
 * Judges an authorization request (RFC 6749 4.1.1, RFC 7636 4.3, 4.4.1).
 *
 * @param scopes the scope tokens that can be granted, the first of which is granted when none is asked for
 */
export function judgeRequest(
  fields: FormFields,
  clients: readonly OAuthClient[],
  scopes: readonly string[],
): Judgement {
  const repeated = repeatedName(fields);
  const client = clients.find(({ clientId }) => clientId === formValue(fields, 'client_id'));
  if (client === undefined || repeated === 'client_id') return { untrusted: 'The client is not known here.' };
  const named = formValue(fields, 'redirect_uri');
  if ((named !== undefined && named !== client.redirectUri) || repeated === 'redirect_uri') {
    return { untrusted: 'The client asks to be answered where it is not registered.' };
  }
  const { redirectUri } = client;
  const state = repeated === 'state' ? undefined : formValue(fields, 'state');
  const refuse = (error: RequestError['error'], description: string): Judgement => ({
    redirectUri,
    state,
    error: { error, description },
  });
  if (repeated !== undefined) return refuse('invalid_request', 'a parameter is repeated');
  const responseType = formValue(fields, 'response_type');
  if (responseType === undefined) return refuse('invalid_request', 'response_type is missing');
  if (responseType !== 'code') return refuse('unsupported_response_type', 'only code is supported');
  const scope = formValue(fields, 'scope') ?? scopes[0] ?? '';
  if (!scope.split(' ').every((token) => scopes.includes(token))) {
    return refuse('invalid_scope', 'the scope cannot be granted');
  }
  const codeChallenge = formValue(fields, 'code_challenge');
  if (codeChallenge === undefined) return refuse('invalid_request', 'code challenge required');
  // without a method it would be `plain` (RFC 7636 4.3)
  if (formValue(fields, 'code_challenge_method') !== 'S256') {
    return refuse('invalid_request', 'transform algorithm not supported');
  }
  if (!S256_CHALLENGE.test(codeChallenge)) {
    return refuse('invalid_request', 'code challenge is not one of S256');
  }
  return {
    request: { client, redirectUri, redirectUriNamed: named !== undefined, scope, state, codeChallenge },
  };
}
