/** Ends a parse; caught at the parser's edge, where it becomes an error value. */
export class Refusal {
  readonly what: string;
  /** Index of the character in the text. */
  readonly index: number;
  readonly expected: string | undefined;
  /** An error code of H.248.8 other than that of the level at which it happened. */
  readonly code: number | undefined;

  constructor(what: string, index: number, expected?: string, code?: number) {
    this.what = what;
    this.index = index;
    this.expected = expected;
    this.code = code;
  }
}

const safe = new Uint8Array(128);
for (const char of "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-&!_/'?@^`~*$\\()%|.") {
  safe[char.charCodeAt(0)] = 1;
}

/** Reads the tokens of H.248.1 B.2 one after the other. */
export class Scanner {
  readonly text: string;
  index = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Skips white space and comments: LWSP. Returns the character it stands at, `''` at the end. */
  skip(): string {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.index);
      if (code === 32 || (code >= 9 && code <= 13 && code !== 11 && code !== 12)) this.index += 1;
      else if (code === 59) this.skipComment();
      else return this.index < text.length ? (text[this.index] as string) : '';
    }
  }

  private skipComment(): void {
    const { text } = this;
    while (this.index < text.length && text[this.index] !== '\n' && text[this.index] !== '\r')
      this.index += 1;
  }

  /** Skips white space and comments, and returns where the next token starts. */
  start(): number {
    this.skip();
    return this.index;
  }

  /** Takes the character if it comes next. */
  take(char: string): boolean {
    if (this.skip() !== char) return false;
    this.index += 1;
    return true;
  }

  /** Takes the character, or refuses. */
  expect(char: string, after: string): void {
    if (!this.take(char)) this.refuse(`unexpected text after ${after}`, `'${char}'`);
  }

  /** A run of SafeChars, at least one. */
  word(expected: string): string {
    const start = this.start();
    const { text } = this;
    while (safe[text.charCodeAt(this.index)] === 1) this.index += 1;
    if (this.index === start) this.refuse('unexpected character', expected);
    return text.slice(start, this.index);
  }

  /** A VALUE: a quoted string with its quotes, or a word. */
  value(expected: string): string {
    if (this.skip() !== '"') return this.word(expected);
    const { text } = this;
    let end = this.index + 1;
    while (text.charCodeAt(end) >= 32 || text[end] === '\t') {
      if (text[end] === '"') break;
      end += 1;
    }
    if (text[end] !== '"') this.refuse('quoted string without end on its line', '"');
    const value = this.text.slice(this.index, end + 1);
    this.index = end + 1;
    return value;
  }

  /** A decimal number up to `max`. */
  number(max: number, expected: string): number {
    const start = this.start();
    const word = this.word(expected);
    if (!/^\d{1,10}$/.test(word) || Number(word) > max) {
      this.index = start;
      this.refuse(`${word} is not a number up to ${max}`, expected);
    }
    return Number(word);
  }

  /** The items between braces, each read by `item`, with commas between them. */
  list(owner: string, item: () => void): void {
    this.expect('{', owner);
    if (this.take('}')) return;
    this.rest(owner, item);
  }

  /** The items up to the closing brace. */
  rest(owner: string, item: () => void): void {
    do item();
    while (this.take(','));
    this.expect('}', owner);
  }

  /** Everything up to the comma or brace that ends the item, braces in it being balanced; comments behind it are left out. */
  raw(): string {
    const { text } = this;
    const start = this.start();
    let end = start;
    let depth = 0;
    for (;;) {
      const char = this.skip();
      if (char === '') this.refuse('unexpected end of the message', "',' or '}'");
      if (depth === 0 && (char === ',' || char === '}')) break;
      if (char === '"') this.value('a quoted string');
      else {
        if (char === '{' || char === '[') depth += 1;
        if (char === '}' || char === ']') depth = Math.max(0, depth - 1);
        this.index += 1;
      }
      end = this.index;
    }
    this.index = end;
    if (end === start) this.refuse('an item is missing', 'a name');
    return text.slice(start, end);
  }

  /** An octetString up to its closing brace, without its white space round it and without the escapes of `}` (H.248.1 B.2). */
  octets(owner: string): string {
    this.expect('{', owner);
    const { text } = this;
    const opened = this.index - 1;
    const start = this.start();
    let end = start - 1;
    do end = text.indexOf('}', end + 1);
    while (end > start && text[end - 1] === '\\');
    if (end < 0) {
      this.index = opened;
      this.refuse(`${owner} has no end`, "'}'");
    }
    this.index = end + 1;
    const body = text.slice(start, end).trimEnd();
    if (body === '') return '';
    return `${body.includes('\\}') ? body.replaceAll('\\}', '}') : body}\r\n`;
  }

  /** A message identifier (mId of H.248.1 B.2), also a bare port where one may stand. */
  mid(expected: string): string {
    const char = this.skip();
    const start = this.index;
    const close = char === '[' ? ']' : char === '<' ? '>' : undefined;
    if (close === undefined) {
      const word = this.word(expected);
      if (word.toLowerCase() !== 'mtp' || !this.take('{')) return word;
      const address = this.word('an MTP address');
      this.expect('}', 'an MTP address');
      return `MTP{${address}}`;
    }
    const end = this.text.indexOf(close, start);
    if (end < 0) this.refuse('message identifier without end', `'${close}'`);
    this.index = end + 1;
    const host = this.text.slice(start, this.index);
    if (/\s/.test(host)) throw new Refusal('white space in a message identifier', start, expected);
    if (this.text[this.index] !== ':') return host;
    this.index += 1;
    return `${host}:${this.number(0xffff, 'a port')}`;
  }

  refuse(what: string, expected: string): never {
    throw new Refusal(what, this.index, expected);
  }
}
