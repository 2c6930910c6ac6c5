import { sha256, toBase64Url, toUtf8 } from '../../src/crypto/index.js';
import { type FormFields, formValue } from '../../src/wire/http/index.js';
import { type AuthorizationRequest, type OAuthClient, repeatedName } from './authorization-request.js';

/** Why a token request is refused: an error code of RFC 6749 5.2 and a sentence. */
export interface TokenError {
  readonly error: 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'unsupported_grant_type';
  readonly description: string;
}

/** A token request with everything in it. */
export interface TokenRequest {
  readonly client: OAuthClient;
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string | undefined;
}

/** What a code verifier looks like (RFC 7636 4.1). */
const CODE_VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * Reads a token request and authenticates its client by the certificate it showed (RFC 6749 4.1.3, RFC 8705 2.1,
 * RFC 7636 4.5).
 */
export function readTokenRequest(
  fields: FormFields,
  clients: readonly OAuthClient[],
  certificateNames: readonly string[] | undefined,
): TokenRequest | TokenError {
  if (repeatedName(fields) !== undefined) {
    return { error: 'invalid_request', description: 'a parameter is repeated' };
  }
  const client = clients.find(({ clientId }) => clientId === formValue(fields, 'client_id'));
  if (client === undefined) return { error: 'invalid_client', description: 'the client is not known here' };
  if (certificateNames?.includes(client.certificateName) !== true) {
    return { error: 'invalid_client', description: 'the client shows no certificate of its own' };
  }
  const grantType = formValue(fields, 'grant_type');
  if (grantType === undefined) return { error: 'invalid_request', description: 'grant_type is missing' };
  if (grantType !== 'authorization_code') {
    return { error: 'unsupported_grant_type', description: 'only authorization_code is supported' };
  }
  const code = formValue(fields, 'code');
  if (code === undefined) return { error: 'invalid_request', description: 'code is missing' };
  const codeVerifier = formValue(fields, 'code_verifier');
  if (codeVerifier === undefined || !CODE_VERIFIER.test(codeVerifier)) {
    return { error: 'invalid_request', description: 'code_verifier is missing or malformed' };
  }
  return { client, code, codeVerifier, redirectUri: formValue(fields, 'redirect_uri') };
}

/** Why the code does not belong to this token request, or nothing (RFC 6749 4.1.3, RFC 7636 4.6). */
export function grantError(granted: AuthorizationRequest, request: TokenRequest): TokenError | undefined {
  const expected = granted.redirectUriNamed ? granted.redirectUri : undefined;
  if (request.redirectUri !== expected) {
    return { error: 'invalid_grant', description: 'redirect_uri is not that of the authorization request' };
  }
  if (toBase64Url(sha256(toUtf8(request.codeVerifier))) !== granted.codeChallenge) {
    return { error: 'invalid_grant', description: 'code_verifier does not fit the code challenge' };
  }
  return undefined;
}
