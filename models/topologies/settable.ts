import type { SettableOption } from '../../src/explore/index.js';
import {
  type PolicyDefinition,
  type PolicyForm,
  type PolicyOption,
  parsePolicyValue,
} from '../common/index.js';

/** A policy's options in the form that a run offers to be set. */
export function settable(definition: PolicyDefinition): Record<string, SettableOption> {
  return Object.fromEntries(
    Object.entries(definition).map(([name, option]) => [name, settableOption(option)]),
  );
}

function settableOption(option: PolicyOption<unknown>): SettableOption {
  const { summary, source, fallback, form } = option;
  return {
    summary,
    source,
    fallback,
    form: describeForm(form),
    parse: (written) => parsePolicyValue(option, written),
  };
}

function describeForm(form: PolicyForm): string {
  switch (form.kind) {
    case 'choice':
      return form.values.join(' | ');
    case 'flag':
      return 'true | false';
    case 'number':
      return `${form.min} to ${form.max} ${form.unit}`;
    case 'text':
      return 'text or @file';
  }
}
