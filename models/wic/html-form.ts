/** A form of a web page. */
export interface HtmlForm {
  /** Where it goes, relative to the page. */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly inputs: readonly { readonly name: string; readonly type: string; readonly value: string }[];
}

interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The first form of a page; `undefined` when there is none. */
export function readForm(html: string): HtmlForm | undefined {
  let form: { action: string; method: 'GET' | 'POST'; inputs: HtmlForm['inputs'][number][] } | undefined;
  for (const { name, attributes } of tags(html)) {
    const of = (attribute: string): string => attributes.get(attribute) ?? '';
    if (name === 'form') {
      form = {
        action: of('action'),
        method: of('method').toLowerCase() === 'post' ? 'POST' : 'GET',
        inputs: [],
      };
    } else if (name === 'input' && of('name') !== '') {
      form?.inputs.push({ name: of('name'), type: of('type') || 'text', value: of('value') });
    } else if (name === '/form' && form !== undefined) return form;
  }
  return form;
}

/** The form's fields as a user sends them who fills in name and password; hidden fields go back as they are. */
export function fillIn(form: HtmlForm, user: string, password: string): [name: string, value: string][] {
  return form.inputs.map(({ name, type, value }) => {
    if (type === 'text') return [name, user];
    return [name, type === 'password' ? password : value];
  });
}

function* tags(html: string): Generator<Tag> {
  for (let open = html.indexOf('<'); open >= 0; open = html.indexOf('<', open + 1)) {
    const close = endOfTag(html, open);
    if (close < 0) return;
    const text = html.slice(open + 1, close);
    const name = /^\/?[a-z][a-z0-9]*/i.exec(text)?.[0];
    if (name !== undefined)
      yield { name: name.toLowerCase(), attributes: attributesOf(text.slice(name.length)) };
  }
}

/** Where the tag's `>` stands, one within quotes not counting; -1 when it has none. */
function endOfTag(html: string, open: number): number {
  let quote = '';
  for (let at = open + 1; at < html.length; at++) {
    const char = html[at] as string;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at;
  }
  return -1;
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single, bare] of text.matchAll(
    /([a-z][a-z0-9-]*)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi,
  )) {
    attributes.set(name.toLowerCase(), unescapeHtml(double ?? single ?? bare ?? ''));
  }
  return attributes;
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
