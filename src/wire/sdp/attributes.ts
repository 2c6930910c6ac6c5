import type { Attribute, MediaDescription, Section, SessionDescription } from './description.js';

/** The value of the first attribute of that name; `''` where the attribute has no value, `undefined` where there is none. */
export function attribute(section: Section, name: string): string | undefined {
  for (const candidate of section.attributes) if (candidate.name === name) return candidate.value ?? '';
  return undefined;
}

/** The values of all attributes of that name, in their order. */
export function attributes(section: Section, name: string): string[] {
  const values: string[] = [];
  for (const candidate of section.attributes) if (candidate.name === name) values.push(candidate.value ?? '');
  return values;
}

/** Whether there is an attribute of that name. */
export function hasAttribute(section: Section, name: string): boolean {
  return section.attributes.some((candidate) => candidate.name === name);
}

/** A copy in which the attribute stands once with that value: in the place of the first of its name, otherwise last. */
export function setAttribute<S extends Section>(section: S, name: string, value?: string): S {
  const replacement = makeAttribute(name, value);
  const result: Attribute[] = [];
  let placed = false;
  for (const candidate of section.attributes) {
    if (candidate.name !== name) result.push(candidate);
    else if (!placed) {
      result.push(replacement);
      placed = true;
    }
  }
  if (!placed) result.push(replacement);
  return { ...section, attributes: result };
}

/** A copy with one more attribute, last. */
export function addAttribute<S extends Section>(section: S, name: string, value?: string): S {
  return { ...section, attributes: [...section.attributes, makeAttribute(name, value)] };
}

/** A copy without the attributes of these names. */
export function removeAttributes<S extends Section>(section: S, names: readonly string[]): S {
  return {
    ...section,
    attributes: section.attributes.filter((candidate) => !names.includes(candidate.name)),
  };
}

/** An attribute; without a value it is a property, `a=name` (RFC 8866 5.13). */
export function makeAttribute(name: string, value?: string): Attribute {
  return value === undefined ? { name } : { name, value };
}

/** An attribute of the media description, or of the session where the media description has none. */
export function inheritedAttribute(
  session: SessionDescription,
  media: MediaDescription,
  name: string,
): string | undefined {
  return attribute(media, name) ?? attribute(session, name);
}
