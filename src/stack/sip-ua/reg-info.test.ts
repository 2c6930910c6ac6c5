import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyRegInfo,
  parseRegInfo,
  parseXml,
  type RegContact,
  type RegInfo,
  type Registration,
  serializeRegInfo,
} from './index.js';
import { escapeXml, unescapeXml } from './xml.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('reads the document of RFC 3680 5.3', () => {
  const parsed = parseRegInfo(
    bytes(`<?xml version="1.0"?>
       <reginfo xmlns="urn:ietf:params:xml:ns:reginfo"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                    version="0" state="full">
         <registration aor="sip:user@example.com" id="as9"
                       state="active">
           <contact id="76" state="active" event="registered"
                    duration-registered="7322"
                    q="0.8">
                    <uri>sip:user@pc887.example.com</uri>
           </contact>
           <contact id="77" state="terminated" event="expired"
                    duration-registered="3600"
                    q="0.5">
                    <uri>sip:user@university.edu</uri>
           </contact>
         </registration>
       </reginfo>`),
  );
  const contact = { durationRegistered: 7322, q: '0.8', uri: 'sip:user@pc887.example.com' };
  const gone = { durationRegistered: 3600, q: '0.5', uri: 'sip:user@university.edu' };
  expect(parsed).toEqual({
    ok: true,
    value: {
      version: 0,
      state: 'full',
      registrations: [
        {
          aor: 'sip:user@example.com',
          id: 'as9',
          state: 'active',
          contacts: [
            { id: '76', state: 'active', event: 'registered', ...contact },
            { id: '77', state: 'terminated', event: 'expired', ...gone },
          ],
        },
      ],
    },
  });
});

const text = fc
  .string({ unit: 'binary', maxLength: 12 })
  .filter((s) => [...s].every((c) => escapeXml(c) !== '\ufffd'));
/** What stands in an element that is trimmed. */
const uri = fc.webUrl().map((url) => `sip:${url}&<"'>`);
const number = fc.nat();
const contact: fc.Arbitrary<RegContact> = fc.record(
  {
    id: text,
    state: fc.constantFrom('active', 'terminated'),
    event: fc.constantFrom('registered', 'shortened', 'probation', 'rejected'),
    uri,
    expires: number,
    retryAfter: number,
    durationRegistered: number,
    q: text,
    callId: text,
    cseq: number,
    displayName: text,
    unknownParams: fc.array(fc.record({ name: text, value: text }), { minLength: 1, maxLength: 2 }),
    pubGruu: text,
    tempGruu: fc.record({ uri: text, firstCseq: number }),
  },
  { requiredKeys: ['id', 'state', 'event', 'uri'] },
);
const registration: fc.Arbitrary<Registration> = fc.record(
  {
    aor: text,
    id: text,
    state: fc.constantFrom('init', 'active', 'terminated'),
    contacts: fc.array(contact, { maxLength: 3 }),
    wildcardedIdentities: fc.array(uri, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ['aor', 'id', 'state', 'contacts'] },
);
const document: fc.Arbitrary<RegInfo> = fc.record({
  version: number,
  state: fc.constantFrom('full', 'partial'),
  registrations: fc.array(registration, { maxLength: 3 }),
});

test('parse(serialize(x)) is x', () => {
  fc.assert(
    fc.property(document, (info) => {
      expect(parseRegInfo(serializeRegInfo(info))).toEqual({ ok: true, value: info });
    }),
  );
});

test('never throws on bytes, whatever they are', () => {
  const good = serializeRegInfo({
    version: 1,
    state: 'full',
    registrations: [{ aor: 'sip:a', id: '1', state: 'active', contacts: [] }],
  });
  const broken = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.with(at, byte));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        broken,
        fc.string().map((s) => bytes(`<${s}>`)),
      ),
      (input) => {
        const parsed = parseRegInfo(input);
        expect(typeof parsed.ok).toBe('boolean');
      },
    ),
  );
});

test('resolves prefixes, skips comments, instructions, declarations and foreign elements, keeps CDATA', () => {
  const parsed = parseRegInfo(
    bytes(`\ufeff<!DOCTYPE x [<!ENTITY e "boom">]><!-- <a> --><r:reginfo xmlns:r='urn:ietf:params:xml:ns:reginfo'
      version='3' state='partial'><x:other xmlns:x="urn:x" id=">"><r:uri/></x:other><?pi a>b?>
      <r:registration aor="a&amp;&#98;&#x63;&e;" id="1" state="init"><r:contact id="c" state="active" event="created">
      <r:uri><![CDATA[sip:<a>&amp;]]></r:uri></r:contact></r:registration></r:reginfo>`),
  );
  expect(parsed.ok && parsed.value.registrations).toEqual([
    {
      aor: 'a&bc&e;',
      id: '1',
      state: 'init',
      contacts: [{ id: 'c', state: 'active', event: 'created', uri: 'sip:<a>&amp;' }],
    },
  ]);
});

test('names what is wrong with broken documents', () => {
  const what = (xml: string): string => {
    const parsed = parseRegInfo(bytes(xml));
    return parsed.ok ? 'ok' : parsed.error.what;
  };
  expect(what('')).toBe('no element');
  expect(what('<a')).toBe('tag without its end');
  expect(what('<a><b></a>')).toBe('end tag of another element');
  expect(what('<a>')).toBe('element without its end');
  expect(what('<!-- ')).toBe('markup without its end');
  expect(what('<a b=c/>')).toBe('tag is not well-formed');
  expect(what('<reginfo version="0" state="full"/>')).toBe('root is not reginfo');
  expect(what('<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="x" state="full"/>')).toBe(
    'reginfo without a version',
  );
  expect(what('<a>'.repeat(100))).toBe('elements nested too deeply');
});

test('escapes so that any reader gets the same text back', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(unescapeXml(escapeXml(value))).toBe(value);
      const parsed = parseXml(`<a b="${escapeXml(value)}">${escapeXml(value)}</a>`);
      expect(parsed.ok && [parsed.value.text, parsed.value.attributes[0]?.value]).toEqual([value, value]);
    }),
  );
});

test('computes registrations as RFC 3680 5.2: full replaces, partial updates, old is dropped, a gap asks for a refresh', () => {
  const one = (id: string, state: 'active' | 'terminated'): RegContact => ({
    id,
    state,
    event: 'created',
    uri: `sip:${id}`,
  });
  const doc = (version: number, state: 'full' | 'partial', ...contacts: RegContact[]): RegInfo => ({
    version,
    state,
    registrations: [{ aor: 'sip:a', id: 'r', state: 'active', contacts }],
  });
  const first = applyRegInfo(undefined, doc(0, 'full', one('x', 'active')));
  const second = applyRegInfo(first?.info, doc(1, 'partial', one('y', 'active'), one('x', 'terminated')));
  expect(second?.info.registrations[0]?.contacts).toEqual([one('x', 'terminated'), one('y', 'active')]);
  expect(second?.incomplete).toBe(false);
  const third = applyRegInfo(second?.info, doc(3, 'partial'));
  expect(third?.info.registrations[0]?.contacts).toEqual([one('y', 'active')]);
  expect(third?.incomplete).toBe(true);
  expect(applyRegInfo(third?.info, doc(2, 'full'))).toBeUndefined();
  expect(applyRegInfo(third?.info, doc(4, 'full'))?.info.registrations[0]?.contacts).toEqual([]);
});
