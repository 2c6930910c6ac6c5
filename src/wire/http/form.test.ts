import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formValue, parseForm, serializeForm, splitTarget, withQuery } from './form.js';

describe('form fields', () => {
  it('come back from their text, and the platform reads them the same way', () => {
    const fields = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(fields, (pairs) => {
        const text = serializeForm(pairs);
        expect(text).toBe(new URLSearchParams(pairs).toString());
        expect(parseForm(text)).toEqual(pairs);
      }),
    );
  });

  it('encode the example of RFC 6749 appendix B', () => {
    expect(serializeForm({ value: ' %&+£€' })).toBe('value=+%25%26%2B%C2%A3%E2%82%AC');
  });

  it('are refused with a broken escape, and never make the reader throw', () => {
    for (const bad of ['a=%', 'a=%4', 'a=%zz', 'a=%ff']) expect(parseForm(bad), bad).toBeUndefined();
    expect(parseForm('%F0%9F%98%80😀')).toEqual([['😀😀', '']]);
    expect(parseForm('a&b=&=c&&☎=%E2%98%8E')).toEqual([
      ['a', ''],
      ['b', ''],
      ['', 'c'],
      ['☎', '☎'],
    ]);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseForm(text)));
  });

  it('ride on a target as its query', () => {
    expect(withQuery('/authorize', { scope: 'a b' })).toBe('/authorize?scope=a+b');
    expect(withQuery('/authorize?x=1', { y: '2' })).toBe('/authorize?x=1&y=2');
    expect(withQuery('/authorize', {})).toBe('/authorize');
    const { path, query } = splitTarget('/cb?code=1&state=2#frag');
    expect(path).toBe('/cb');
    expect(formValue(parseForm(query) ?? [], 'state')).toBe('2');
    expect(splitTarget('/cb')).toEqual({ path: '/cb', query: '' });
  });
});
