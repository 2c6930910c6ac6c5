import { type GrammarRule, grammar } from 'sdp-transform';

const attributeRules = new Map<string, GrammarRule>();
for (const rule of grammar.a ?? []) {
  const key = rule.push ?? rule.name;
  if (key !== undefined) attributeRules.set(key, rule);
}

/**
 * Reads the text of an attribute with the rule of that name in sdp-transform's grammar (such as `rtp`, `fingerprint`,
 * `candidates`), and returns the pattern's groups, or `undefined` where the text is not of that form.
 *
 * sdp-transform's own parse and write are not used: they keep one of several `a=fingerprint`, drop what follows a known
 * beginning, sort attributes by kind and turn credentials of digits into numbers.
 */
export function readAttribute(rule: string, text: string): RegExpExecArray | undefined {
  const pattern = attributeRules.get(rule)?.reg;
  if (pattern === undefined) throw new Error(`sdp-transform has no rule ${rule} for attributes`);
  return pattern.exec(text) ?? undefined;
}
