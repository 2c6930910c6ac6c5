import type { Property, PropertyValue } from './message.js';
import type { Scanner } from './scanner.js';

const relations = { '>': 'greater', '<': 'less', '#': 'unequal' } as const;
const signs = { greater: '>', less: '<', unequal: '#' } as const;

/** Reads a parmValue (H.248.1 B.2): `= value`, `= [a,b]`, `= {a,b}`, `= [a:b]`, `> value`, `< value`, `# value`. */
export function readPropertyValue(scanner: Scanner): PropertyValue {
  const sign = scanner.skip();
  if (sign === '>' || sign === '<' || sign === '#') {
    scanner.take(sign);
    return { kind: relations[sign], value: scanner.value('a value') };
  }
  scanner.expect('=', 'a name');
  if (scanner.take('{')) return { kind: 'any', values: readValues(scanner, '}') };
  if (!scanner.take('[')) return scanner.value('a value');
  const low = scanner.value('a value');
  if (scanner.take(':')) {
    const high = scanner.value('a value');
    scanner.expect(']', 'a range');
    return { kind: 'range', low, high };
  }
  if (scanner.take(',')) return { kind: 'all', values: [low, ...readValues(scanner, ']')] };
  scanner.expect(']', 'a list');
  return { kind: 'all', values: [low] };
}

function readValues(scanner: Scanner, close: string): string[] {
  const values: string[] = [];
  do values.push(scanner.value('a value'));
  while (scanner.take(','));
  scanner.expect(close, 'a list');
  return values;
}

/** Writes a property: `ipdc/realm = "access"`. */
export function writeProperty({ name, value }: Property): string {
  if (typeof value === 'string') return `${name} = ${value}`;
  switch (value.kind) {
    case 'all':
      return `${name} = [${value.values.join(', ')}]`;
    case 'any':
      return `${name} = {${value.values.join(', ')}}`;
    case 'range':
      return `${name} = [${value.low}:${value.high}]`;
    default:
      return `${name} ${signs[value.kind]} ${value.value}`;
  }
}

/**
 * A value of type String: in quotes (H.248.1 B.2). A quoted string cannot hold a quote or a line end; they become `'` and a
 * space.
 */
export function quote(text: string): string {
  let result = '"';
  for (const char of text) result += char === '"' ? "'" : char < ' ' && char !== '\t' ? ' ' : char;
  return `${result}"`;
}

/** The text of a value, without quotes where it has them. */
export function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** The property of that name, in any case of letters (H.248.1 B.2). */
export function property(properties: readonly Property[], name: string): PropertyValue | undefined {
  const wanted = name.toLowerCase();
  return properties.find((candidate) => candidate.name === name || candidate.name.toLowerCase() === wanted)
    ?.value;
}

/** The single value of the property of that name, without quotes; `undefined` where it is absent, a list or a relation. */
export function propertyText(properties: readonly Property[], name: string): string | undefined {
  const value = property(properties, name);
  return typeof value === 'string' ? unquote(value) : undefined;
}

/** All values of the property of that name, without quotes: one for a single value, the members of a list. */
export function propertyTexts(properties: readonly Property[], name: string): string[] {
  const value = property(properties, name);
  if (value === undefined) return [];
  if (typeof value === 'string') return [unquote(value)];
  return 'values' in value ? value.values.map(unquote) : [];
}
