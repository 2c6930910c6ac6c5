import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenge, parseCredentials, serializeCredentials } from '../../wire/sip/index.js';
import vectors from './fixtures/digest.json' with { type: 'json' };
import {
  answerChallenge,
  authenticationInfo,
  digestAlgorithm,
  digestClaim,
  digestHa1,
  digestResponse,
  digestRspauth,
  provesServer,
  verifyDigest,
} from './index.js';

describe('Digest', () => {
  it.each(vectors.cases)('computes the published $algorithm response of $realm', (vector) => {
    const { user, realm, pass, method, uri, nonce, nc, cnonce, response } = vector;
    const ha1 = digestHa1('MD5', user, realm, pass);
    expect(digestResponse('MD5', ha1, { method, uri, nonce, nc, cnonce, qop: 'auth' })).toBe(response);
  });

  it('computes the SHA-256 response of RFC 7616 3.9.1', () => {
    const ha1 = digestHa1('SHA-256', 'Mufasa', 'http-auth@example.org', 'Circle of Life');
    const response = digestResponse('SHA-256', ha1, {
      method: 'GET',
      uri: '/dir/index.html',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    });
    expect(response).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('computes an AKAv1 response from raw bytes (RFC 3310, 3GPP TS 35.208 set 1)', () => {
    const res = Uint8Array.from([0xa5, 0x42, 0x11, 0xd5, 0xe3, 0xba, 0x50, 0xbf]);
    const input = {
      method: 'REGISTER',
      uri: 'sip:home1.net',
      nonce: 'I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M=',
    };
    const ha1 = digestHa1('MD5', 'user1_private@home1.net', 'home1.net', res);
    const counted = { ...input, nc: '00000001', cnonce: '0a4f113b', qop: 'auth' } as const;
    expect(digestResponse('MD5', ha1, counted)).toBe('d631c17126f6ad3a5984ced4459958df');
    expect(digestResponse('MD5', ha1, input)).toBe('0233d5422332d3cd4cb80c033b5ed782');
  });

  it('takes the absence of an algorithm for MD5 and refuses session variants', () => {
    expect(digestAlgorithm(undefined)).toBe('MD5');
    expect(digestAlgorithm('sha-256')).toBe('SHA-256');
    expect(digestAlgorithm('MD5-sess')).toBeUndefined();
    expect(digestAlgorithm('AKAv1-MD5')).toBeUndefined();
  });
});

const challengeText = 'Digest realm="home1.net", nonce="n1", qop="auth,auth-int", algorithm=MD5, opaque="o"';
const ha1 = digestHa1('MD5', 'user2_private@home1.net', 'home1.net', 'builder');
const answer = {
  username: 'user2_private@home1.net',
  ha1,
  method: 'REGISTER',
  uri: 'sip:home1.net',
  cnonce: 'c1',
  count: 1,
};

function challenge(text: string) {
  const parsed = parseChallenge(text);
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

function claimOf(text: string) {
  const parsed = parseCredentials(text);
  const claim = parsed.ok ? digestClaim(parsed.value) : undefined;
  if (claim === undefined) throw new Error(`no claim in ${text}`);
  return claim;
}

describe('Digest credentials', () => {
  it('that answer a challenge are accepted with the password and refused with any other, or another method', () => {
    const credentials = answerChallenge(challenge(challengeText), answer);
    if (credentials === undefined) throw new Error('no answer');
    const text = serializeCredentials(credentials);
    expect(text).toContain('nc=00000001, cnonce="c1", opaque="o"');
    const claim = claimOf(text);
    expect(verifyDigest(claim, ha1, 'REGISTER')).toBe(true);
    expect(verifyDigest(claim, ha1, 'INVITE')).toBe(false);
    expect(verifyDigest(claim, digestHa1('MD5', answer.username, 'home1.net', 'Builder'), 'REGISTER')).toBe(
      false,
    );
  });

  it('survive any password, user name and nonce', () => {
    const property = fc.property(
      fc.string(),
      fc.string(),
      fc.stringMatching(/^[\w+/=-]{1,40}$/),
      (user, password, nonce) => {
        const secret = digestHa1('SHA-256', user, 'home1.net', password);
        const asked = challenge(`Digest realm="home1.net", nonce="${nonce}", qop="auth", algorithm=SHA-256`);
        const given = answerChallenge(asked, { ...answer, username: 'u', ha1: secret });
        const claim = given && digestClaim(given);
        return claim !== undefined && verifyDigest(claim, secret, 'REGISTER');
      },
    );
    fc.assert(property);
  });

  it('answer a challenge without qop as RFC 2617 3.2.2.1 has it', () => {
    const credentials = answerChallenge(challenge('Digest realm="home1.net", nonce="n1"'), answer);
    expect(credentials?.params.has('qop')).toBe(false);
    expect(credentials?.params.get('response')).toBe(
      digestResponse('MD5', ha1, { method: 'REGISTER', uri: 'sip:home1.net', nonce: 'n1' }),
    );
  });

  it('are not made for another scheme, algorithm or quality of protection', () => {
    for (const text of [
      'Bearer realm="home1.net"',
      'Digest realm="home1.net", nonce="n1", algorithm=MD5-sess',
      'Digest realm="home1.net", nonce="n1", qop="auth-int"',
      'Digest realm="home1.net"',
    ]) {
      expect(answerChallenge(challenge(text), answer)).toBeUndefined();
    }
  });

  it('claim nothing without a response', () => {
    const parsed = parseCredentials('Digest username="u", realm="r", nonce="", uri="sip:r", response=""');
    expect(parsed.ok && digestClaim(parsed.value)).toBeUndefined();
  });

  it('are answered with a proof of the server, which another password does not give', () => {
    const claim = claimOf(
      serializeCredentials(answerChallenge(challenge(challengeText), answer) ?? challenge('x y=z')),
    );
    const value = authenticationInfo(claim, ha1, 'n2');
    expect(value).toBe(
      `nextnonce="n2", qop=auth, rspauth="${digestRspauth('MD5', ha1, claim)}", cnonce="c1", nc=00000001`,
    );
    expect(provesServer(value, claim, ha1)).toBe(true);
    expect(provesServer(authenticationInfo(claim, `${ha1}0`, 'n2'), claim, ha1)).toBe(false);
  });
});
