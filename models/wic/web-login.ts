import type { Browser, VisitResult } from './browser.js';
import { fillIn, readForm } from './html-form.js';

/** What the user types into a login form. */
export interface WebCredentials {
  readonly user: string;
  readonly password: string;
}

/** What the WWSF hands to the WIC (24371-6.3.1-04). */
export interface WebGrant {
  readonly accessToken: string;
  /** Seconds for which the token is good, counted from its issue. */
  readonly expiresInS: number;
  readonly impi: string;
  readonly impu: string;
  /** Where the eP-CSCF is, `wss:` or `ws:`. */
  readonly epCscf: string;
}

/** Why there is no grant. */
export interface LoginFailure {
  readonly reason: string;
  /** Whether the web said no, so that there is no use in trying again. */
  readonly refused: boolean;
}

/**
 * Logs in at the WWSF: follows it to the WAF, fills in the form there, and takes what the WWSF answers in the end.
 *
 * @param onSubmit called when the form is sent: the token is not older than that
 */
export function webLogin(
  browser: Browser,
  loginUrl: URL,
  { user, password }: WebCredentials,
  onSubmit: () => void,
  done: (result: WebGrant | LoginFailure) => void,
): void {
  browser.open(loginUrl, (first) => {
    const form = 'error' in first || first.status !== 200 ? undefined : readForm(first.body);
    if ('error' in first || form === undefined) {
      done(failureOf(first));
      return;
    }
    onSubmit();
    browser.submit(first.url, form.action, fillIn(form, user, password), (last) => {
      if ('error' in last || last.status !== 200) done(failureOf(last));
      else if (last.type === 'application/json') done(readGrant(last.body));
      else if (readForm(last.body) !== undefined) done({ reason: 'login refused', refused: true });
      else done(failureOf(last));
    });
  });
}

function failureOf(result: VisitResult): LoginFailure {
  if ('error' in result) return { reason: result.error, refused: false };
  const { url, status } = result;
  const reason = status === 200 ? `${url.host}: neither form nor token` : `${url.host}: HTTP ${status}`;
  return { reason, refused: status < 500 };
}

function readGrant(body: string): WebGrant | LoginFailure {
  const bad = { reason: 'the WWSF gives no usable token', refused: true };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return bad;
  }
  if (typeof value !== 'object' || value === null) return bad;
  const { access_token, token_type, expires_in, impi, impu, epcscf } = value as Record<string, unknown>;
  if (typeof access_token !== 'string' || typeof impi !== 'string' || typeof impu !== 'string') return bad;
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') return bad;
  if (typeof expires_in !== 'number' || typeof epcscf !== 'string' || !URL.canParse(epcscf)) return bad;
  return { accessToken: access_token, expiresInS: expires_in, impi, impu, epCscf: epcscf };
}
