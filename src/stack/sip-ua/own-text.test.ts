import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownText } from './own-text.js';

test('a text of its own is the same text, whatever is in it and whatever it was cut from', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(text, text, (before, one) => {
      expect(ownText(`${before}${one}`.slice(before.length))).toBe(one);
    }),
  );
  const marked = '\ufeff<sip:alice@atlanta.test>';
  expect(ownText(marked)).toBe(marked);
});
