/** Control characters, bidirectional marks, lone surrogates: what must not reach a terminal or a picture. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const COMBINING = /\p{M}/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Text on one line in which every character is safe to print; white space becomes a space, the rest `?`. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(/\s+/g, ' ').replace(UNPRINTABLE, '?');
}

/**
 * The cells of a terminal line that a printable text takes: one a column, combining marks joined to what they
 * mark, and an empty cell behind each wide character.
 */
export function cellsOf(text: string): string[] {
  if (PLAIN.test(text)) return text.split('');
  const cells: string[] = [];
  for (const char of text) {
    if (COMBINING.test(char)) {
      const last = cells.length - (cells.at(-1) === '' ? 2 : 1);
      if (last >= 0) cells[last] += char;
    } else if (isWide(char.codePointAt(0) ?? 0)) cells.push(char, '');
    else cells.push(char);
  }
  return cells;
}

/** The cells of a text shortened to at most `columns`, with an ellipsis when something is left out. */
export function fitCells(text: string, columns: number): string[] {
  const cells = cellsOf(text);
  if (cells.length <= columns) return cells;
  if (columns < 1) return [];
  let end = columns - 1;
  if (cells[end] === '') end--;
  return [...cells.slice(0, end), '…'];
}

/** Breaks printable text into lines of at most `columns`, at spaces where it can. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let cells = cellsOf(text);
  while (cells.length > columns) {
    const space = cells.lastIndexOf(' ', columns);
    let end = space > 0 ? space : columns;
    if (cells[end] === '' && end > 1) end--;
    lines.push(cells.slice(0, end).join(''));
    cells = cells.slice(space > 0 ? end + 1 : end);
  }
  lines.push(cells.join(''));
  return lines;
}

/** Code points that terminals draw two columns wide, by the blocks of Unicode's East Asian Width. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xa960 && code <= 0xa97f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
