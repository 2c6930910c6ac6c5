import { type HttpResponse, httpResponse } from '../../src/wire/http/index.js';

/** The path of the authorization endpoint, which is also where its form is sent. */
export const AUTHORIZE_PATH = '/authorize';

/** The login form. With a message it is shown again after a wrong password. */
export function loginPage(authorization: string, message?: string): HttpResponse {
  const form = [
    message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>\n`,
    `<form method="post" action="${AUTHORIZE_PATH}">\n`,
    `<input type="hidden" name="authorization" value="${escapeHtml(authorization)}">\n`,
    '<label>Name <input type="text" name="username" autocomplete="username"></label>\n',
    '<label>Password <input type="password" name="password" autocomplete="current-password"></label>\n',
    '<button name="decision" value="allow">Log in and allow calls</button>\n',
    '<button name="decision" value="deny">Do not allow</button>\n',
    '</form>',
  ];
  // A wrong password is no 401: that status comes with a challenge of HTTP authentication (RFC 9110 15.5.2).
  return page(200, 'Log in', form.join(''));
}

/** A page that says what is wrong. */
export function errorPage(status: number, what: string): HttpResponse {
  return page(status, 'This does not work', `<p>${escapeHtml(what)}</p>`);
}

function page(status: number, title: string, content: string): HttpResponse {
  const head = `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title></head>`;
  return httpResponse({
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      // RFC 6749 10.13: the page must not be shown inside another.
      'X-Frame-Options': 'DENY',
    },
    body: `${head}\n<body>\n<h1>${title}</h1>\n${content}\n</body>\n</html>\n`,
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
