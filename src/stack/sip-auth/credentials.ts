import { constantTimeEqual, toUtf8 } from '../../crypto/index.js';
import {
  type Challenge,
  type Credentials,
  digestParams,
  parseAuthParams,
  serializeAuthParams,
} from '../../wire/sip/index.js';
import {
  type DigestAlgorithm,
  type DigestInput,
  digestAlgorithm,
  digestResponse,
  digestRspauth,
} from './digest.js';

/** The answer of a client to a challenge. */
export interface ChallengeAnswer {
  readonly username: string;
  /** See `digestHa1`; has to be of the challenge's algorithm. */
  readonly ha1: string;
  readonly method: string;
  /** The `uri` parameter: for REGISTER the Request-URI (RFC 3261 22.4). */
  readonly uri: string;
  readonly cnonce: string;
  /** How many requests with this nonce there were, this one included: 1 and up. */
  readonly count: number;
}

/** The algorithm of a Digest challenge; `undefined` when it is of another scheme or algorithm. */
export function challengeAlgorithm(challenge: Challenge): DigestAlgorithm | undefined {
  return isDigest(challenge) ? digestAlgorithm(challenge.params.get('algorithm')) : undefined;
}

/**
 * Credentials that answer a Digest challenge (RFC 3261 22.4, RFC 7616 3.4): with `qop=auth` where it is offered.
 *
 * @returns `undefined` when the challenge is of another scheme or algorithm, has no nonce, or offers only another `qop`
 */
export function answerChallenge(challenge: Challenge, answer: ChallengeAnswer): Credentials | undefined {
  const algorithm = challengeAlgorithm(challenge);
  const { params } = challenge;
  const nonce = params.get('nonce');
  if (algorithm === undefined || nonce === undefined) return undefined;
  const offered = params.get('qop');
  const qop = offersAuth(offered) ? 'auth' : undefined;
  if (offered !== undefined && qop === undefined) return undefined;
  const { username, ha1, method, uri } = answer;
  const counted =
    qop === undefined ? {} : ({ qop, nc: nonceCount(answer.count), cnonce: answer.cnonce } as const);
  const response = digestResponse(algorithm, ha1, { method, uri, nonce, ...counted });
  const values: Record<string, string | undefined> = {
    username,
    realm: params.get('realm') ?? '',
    nonce,
    uri,
    response,
    algorithm: params.get('algorithm'),
    ...counted,
    opaque: params.get('opaque'),
  };
  return { scheme: 'Digest', params: digestParams(values, 'credentials') };
}

/** The count of requests with one nonce as it is written: eight hexadecimal digits (RFC 7616 3.4). */
export function nonceCount(count: number): string {
  return count.toString(16).padStart(8, '0');
}

/** The parameters of Digest credentials that go into the computation. */
export interface DigestClaim extends Omit<DigestInput, 'method'> {
  readonly username: string;
  readonly realm: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
}

/**
 * What Digest credentials claim.
 *
 * @returns `undefined` for another scheme, an algorithm or `qop` that is not supported, or an empty or missing response
 */
export function digestClaim(credentials: Credentials): DigestClaim | undefined {
  const { params } = credentials;
  const algorithm = isDigest(credentials) ? digestAlgorithm(params.get('algorithm')) : undefined;
  const response = params.get('response') ?? '';
  if (algorithm === undefined || response === '') return undefined;
  const base = {
    algorithm,
    response,
    username: params.get('username') ?? '',
    realm: params.get('realm') ?? '',
    nonce: params.get('nonce') ?? '',
    uri: params.get('uri') ?? '',
  };
  const qop = params.get('qop');
  if (qop === undefined) return base;
  if (qop !== 'auth') return undefined;
  return { ...base, qop, nc: params.get('nc') ?? '', cnonce: params.get('cnonce') ?? '' };
}

/** Whether a claim was made with the password behind `ha1`, for a request of that method. */
export function verifyDigest(claim: DigestClaim, ha1: string, method: string): boolean {
  const expected = digestResponse(claim.algorithm, ha1, { ...claim, method });
  return constantTimeEqual(toUtf8(expected), toUtf8(claim.response.toLowerCase()));
}

/**
 * The Authentication-Info value that goes with a success (RFC 7616 3.5, TS 24.229 5.4.1.2.2).
 *
 * @param nextNonce the nonce for the next request
 */
export function authenticationInfo(claim: DigestClaim, ha1: string, nextNonce: string): string {
  const { qop, nc, cnonce } = claim;
  const proof =
    qop === undefined ? {} : { qop, rspauth: digestRspauth(claim.algorithm, ha1, claim), cnonce, nc };
  return serializeAuthParams(digestParams({ nextnonce: nextNonce, ...proof }, 'credentials'));
}

/**
 * Whether an Authentication-Info value proves that the server knows the password, too.
 *
 * @param claim what the client had sent
 */
export function provesServer(value: string, claim: DigestClaim, ha1: string): boolean {
  const params = parseAuthParams(value);
  return params.ok && params.value.get('rspauth') === digestRspauth(claim.algorithm, ha1, claim);
}

function isDigest({ scheme }: Credentials): boolean {
  return scheme.toLowerCase() === 'digest';
}

function offersAuth(qop: string | undefined): boolean {
  return qop?.split(',').some((one) => one.trim().toLowerCase() === 'auth') ?? false;
}
