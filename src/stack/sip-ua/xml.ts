import { type Parsed, parsed, unparsed } from '../../wire/parsed.js';

/** An attribute; `namespace` is empty for one without prefix. */
export interface XmlAttribute {
  readonly namespace: string;
  readonly name: string;
  readonly value: string;
}

/** An element with its namespace resolved. */
export interface XmlElement {
  /** Namespace URI; empty for none. */
  readonly namespace: string;
  /** Local name. */
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All character data directly within the element. */
  readonly text: string;
}

/** Elements within elements that a document may have. */
const DEEPEST = 64;

/** The five entities of XML 1.0 4.6; others, and so all of a document type's own, are not expanded. */
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/** The prefix that is bound without a declaration (Namespaces in XML 1.0, 3). */
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

interface Open {
  readonly qualified: string;
  readonly namespace: string;
  readonly name: string;
  readonly attributes: XmlAttribute[];
  readonly prefixes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Reads an XML document (XML 1.0, Namespaces in XML 1.0) as far as its elements go. Comments, processing instructions and
 * the document type are skipped; unknown entities and prefixes are kept as written.
 *
 * @returns the root element; or an error, with its offset in characters
 */
export function parseXml(text: string): Parsed<XmlElement> {
  const stack: Open[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('<', at);
    const top = stack.at(-1);
    if (top !== undefined) top.text += unescapeXml(text.slice(at, open < 0 ? text.length : open));
    if (open < 0) break;
    const skipped = skipMarkup(text, open, top);
    if (skipped < 0) return unparsed('markup without its end', open);
    if (skipped > 0) {
      at = skipped;
      continue;
    }
    const end = endOfTag(text, open);
    if (end < 0) return unparsed('tag without its end', open, '">"');
    const tag = text.slice(open + 1, end);
    at = end + 1;
    if (tag.startsWith('/')) {
      if (top === undefined || tag.slice(1).trim() !== top.qualified) {
        return unparsed('end tag of another element', open, top?.qualified);
      }
      const root = close(stack);
      if (root !== undefined) return parsed(root);
      continue;
    }
    if (stack.length >= DEEPEST) return unparsed('elements nested too deeply', open);
    const empty = tag.endsWith('/');
    const element = openElement(empty ? tag.slice(0, -1) : tag, top);
    if (element === undefined) return unparsed('tag is not well-formed', open);
    stack.push(element);
    const root = empty ? close(stack) : undefined;
    if (root !== undefined) return parsed(root);
  }
  return unparsed(stack.length === 0 ? 'no element' : 'element without its end', text.length, '"<"');
}

/** Where a comment, CDATA section, instruction or declaration at `at` ends; 0 if there is none, -1 if it has no end. */
function skipMarkup(text: string, at: number, top: Open | undefined): number {
  const after = (mark: string, from: number): number => {
    const end = text.indexOf(mark, from);
    return end < 0 ? -1 : end + mark.length;
  };
  if (text.startsWith('<!--', at)) return after('-->', at + 4);
  if (text.startsWith('<?', at)) return after('?>', at + 2);
  if (text.startsWith('<![CDATA[', at)) {
    const end = after(']]>', at + 9);
    if (end > 0 && top !== undefined) top.text += text.slice(at + 9, end - 3);
    return end;
  }
  if (!text.startsWith('<!', at)) return 0;
  const subset = text.indexOf('[', at);
  const end = text.indexOf('>', at);
  return subset >= 0 && subset < end ? after(']>', subset) : after('>', at);
}

/** The `>` of a tag, which an attribute value may hold as well. */
function endOfTag(text: string, at: number): number {
  let quote = 0;
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 34 || code === 39) quote = code;
    else if (code === 62) return i;
  }
  return -1;
}

const namePattern = /^[^\s=/<>"']+/;
const attributePattern = /\s+([^\s=/<>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')/gy;

const noPrefixes: ReadonlyMap<string, string> = new Map([
  ['', ''],
  ['xml', XML_NAMESPACE],
]);

function openElement(tag: string, parent: Open | undefined): Open | undefined {
  const qualified = namePattern.exec(tag)?.[0];
  if (qualified === undefined) return undefined;
  const written: [string, string][] = [];
  attributePattern.lastIndex = qualified.length;
  let end = qualified.length;
  for (let match = attributePattern.exec(tag); match !== null; match = attributePattern.exec(tag)) {
    written.push([match[1] as string, unescapeXml(match[2] ?? match[3] ?? '')]);
    end = attributePattern.lastIndex;
  }
  if (tag.slice(end).trim() !== '') return undefined;
  const outer = parent?.prefixes ?? noPrefixes;
  const declared = written.filter(([name]) => name === 'xmlns' || name.startsWith('xmlns:'));
  const prefixes =
    declared.length === 0
      ? outer
      : new Map([...outer, ...declared.map(([name, uri]): [string, string] => [name.slice(6), uri])]);
  const attributes = written
    .filter((entry) => !declared.includes(entry))
    .map(([name, value]): XmlAttribute => ({ ...resolve(name, prefixes, false), value }));
  return { qualified, ...resolve(qualified, prefixes, true), attributes, prefixes, children: [], text: '' };
}

function resolve(
  qualified: string,
  prefixes: ReadonlyMap<string, string>,
  element: boolean,
): { namespace: string; name: string } {
  const colon = qualified.indexOf(':');
  if (colon < 0) return { namespace: element ? (prefixes.get('') ?? '') : '', name: qualified };
  const namespace = prefixes.get(qualified.slice(0, colon));
  return namespace === undefined
    ? { namespace: '', name: qualified }
    : { namespace, name: qualified.slice(colon + 1) };
}

/** Closes the innermost element; returns it if it was the root. */
function close(stack: Open[]): XmlElement | undefined {
  const done = stack.pop();
  if (done === undefined) return undefined;
  const { namespace, name, attributes, children, text } = done;
  const element: XmlElement = { namespace, name, attributes, children, text };
  const parent = stack.at(-1);
  if (parent === undefined) return element;
  parent.children.push(element);
  return undefined;
}

/** Replaces character references and the five entities (XML 1.0 4.1, 4.6); anything else stays. */
export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-z]{2,4});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return isXmlCharacter(code) ? String.fromCodePoint(code) : whole;
  });
}

/** Char of XML 1.0 2.2. */
function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/**
 * The text for an element or an attribute value. White space but the space is written as references, since a reader of an
 * attribute would turn it into spaces (XML 1.0 3.3.3); characters that XML cannot have become U+FFFD.
 */
export function escapeXml(text: string): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    if (char === '<') out += '&lt;';
    else if (char === '>') out += '&gt;';
    else if (char === '&') out += '&amp;';
    else if (char === '"') out += '&quot;';
    else if (code === 9 || code === 10 || code === 13) out += `&#${code};`;
    else out += isXmlCharacter(code) ? char : '\ufffd';
  }
  return out;
}

/** A start tag with the attributes that have a value, and either its end tag after the content, or none if it is empty. */
export function writeXml(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = '',
): string {
  let tag = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) tag += ` ${key}="${escapeXml(String(value))}"`;
  }
  return content === '' ? `${tag}/>` : `${tag}>${content}</${name}>`;
}
