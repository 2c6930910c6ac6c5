/** One thing the specification leaves open, or leaves unsaid, with the choice made by default. */
export interface PolicyOption<T> {
  /** How a value is written in text. */
  readonly form: PolicyForm;
  readonly fallback: T;
  /** What it decides, in a sentence without a full stop. */
  readonly summary: string;
  /** Requirement or document and section that opens the choice. */
  readonly source: string;
}

/** The written forms a policy value can have. */
export type PolicyForm =
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly unit: string }
  | { readonly kind: 'text' };

/** The options of one kind of entity by name. */
export type PolicyDefinition = Readonly<Record<string, PolicyOption<unknown>>>;

/** The values that belong to a definition. */
export type PolicyOf<D extends PolicyDefinition> = {
  readonly [K in keyof D]: D[K] extends PolicyOption<infer T> ? T : never;
};

/** One of a few words. */
export function choice<const V extends string>(
  values: readonly V[],
  fallback: NoInfer<V>,
  source: string,
  summary: string,
): PolicyOption<V> {
  return { form: { kind: 'choice', values }, fallback, source, summary };
}

/** Yes or no. */
export function flag(fallback: boolean, source: string, summary: string): PolicyOption<boolean> {
  return { form: { kind: 'flag' }, fallback, source, summary };
}

/** A whole number with a unit and a range. */
export function amount(
  unit: string,
  [min, max]: readonly [number, number],
  fallback: number,
  source: string,
  summary: string,
): PolicyOption<number> {
  return { form: { kind: 'number', min, max, unit }, fallback, source, summary };
}

/** Free text; `@file` on the command line reads a file. */
export function text(fallback: string, source: string, summary: string): PolicyOption<string> {
  return { form: { kind: 'text' }, fallback, source, summary };
}

/** The values of a definition, its defaults overridden by `overrides`. */
export function policyWith<D extends PolicyDefinition>(
  definition: D,
  overrides: Partial<PolicyOf<D>> = {},
): PolicyOf<D> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(definition)) values[name] = option.fallback;
  return Object.assign(values, overrides) as PolicyOf<D>;
}

/**
 * Reads a policy value from text.
 *
 * @returns the value, or an error that says what was expected
 */
export function parsePolicyValue(
  option: PolicyOption<unknown>,
  written: string,
): { readonly value: unknown } | { readonly error: string } {
  const { form } = option;
  switch (form.kind) {
    case 'choice':
      return form.values.includes(written)
        ? { value: written }
        : { error: `'${written}' is not one of ${form.values.join(', ')}` };
    case 'flag':
      return written === 'true' || written === 'false'
        ? { value: written === 'true' }
        : { error: `'${written}' is neither true nor false` };
    case 'number': {
      const value = Number(written);
      const inRange =
        written.trim() !== '' && Number.isInteger(value) && value >= form.min && value <= form.max;
      const range = `a whole number of ${form.unit} from ${form.min} to ${form.max}`;
      return inRange ? { value } : { error: `'${written}' is not ${range}` };
    }
    case 'text':
      return { value: written };
  }
}
