import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addRequest, iqMessages } from './fixtures/messages.js';
import {
  type Command,
  descriptor,
  hasChoose,
  type MegacoMessage,
  makeAction,
  makeError,
  makeErrorReply,
  makeMid,
  megacoSummary,
  parseMegaco,
  parseMid,
  property,
  propertyText,
  propertyTexts,
  quote,
  serializeMegaco,
  sessionDescriptions,
  streamOf,
  streamsOf,
  validateMegaco,
} from './index.js';

function parse(text: string): MegacoMessage {
  const result = parseMegaco(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The only command of a message. */
function commandOf(message: MegacoMessage): Command {
  const [transaction] = message.transactions;
  const [action] = transaction !== undefined && 'actions' in transaction ? transaction.actions : [];
  return action?.commands[0] as Command;
}

const inCommand = (text: string) => `MEGACO/3 [1.1.1.1]:2944 T=1{C=1{A=ip/1{${text}}}}`;

describe('round trips', () => {
  test.each(iqMessages.map((message) => [megacoSummary(message), message] as const))('%s', (_, message) => {
    const text = serializeMegaco(message);
    expect(parse(text)).toEqual(message);
    expect(parseMegaco(new TextEncoder().encode(text))).toEqual({ ok: true, value: message });
    expect(validateMegaco(message)).toEqual([]);
    expect(structuredClone(message)).toEqual(message);
  });

  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{3,8}\/[a-z]{1,5}$/);
  const value = fc.oneof(fc.stringMatching(/^[A-Za-z0-9+\-&!_/'?@^`~*$()%|.]{1,8}$/), fc.string().map(quote));
  const some = fc.array(value, { minLength: 1, maxLength: 3 });
  const propertyValue = fc.oneof(
    value,
    fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), values: some }),
    fc.record({ kind: fc.constant('range' as const), low: value, high: value }),
    fc.record({ kind: fc.constantFrom('greater' as const, 'less' as const, 'unequal' as const), value }),
  );
  const properties = fc.array(fc.record({ name, value: propertyValue }), { maxLength: 3 });
  const item = {
    name,
    parameters: properties,
    raw: fc.constantFrom([], ['KeepActive'], ['Embed { Signals { a/b } }']),
  };
  const events = fc.array(
    fc.record({ ...item, stream: fc.nat(65535) }, { requiredKeys: ['name', 'parameters', 'raw'] }),
    {
      minLength: 1,
      maxLength: 2,
    },
  );
  // Text without white space at its ends that ends in a line end: the form a session description is kept in.
  const octets = fc
    .string()
    .map((text) => (text.replace(/^[\s;]+/, '').trim() === '' ? '' : `${`v=${text}`.trim()}\r\n`));
  const mode = fc.constantFrom('SendReceive' as const, 'Inactive' as const, 'LoopBack' as const);
  const localControl = fc.record(
    { mode, reservedValue: fc.boolean(), properties },
    { requiredKeys: ['properties'] },
  );
  const stream = fc.record(
    { id: fc.nat(65535), localControl, local: octets, remote: octets, raw: fc.constant([]) },
    { requiredKeys: ['id', 'raw'] },
  );
  const requestId = fc.oneof(fc.nat(), fc.constant('*' as const));
  const time = fc.constant('20261122T10000000');
  const descriptors = fc.oneof(
    fc.record({
      kind: fc.constant('Media' as const),
      streams: fc.array(stream, { maxLength: 2 }),
      raw: fc.constant([]),
    }),
    fc.record({ kind: fc.constant('Events' as const), requestId, events }),
    fc.record({
      kind: fc.constant('Signals' as const),
      signals: events,
      raw: fc.constantFrom([], ['SignalList = 1 { a/b }']),
    }),
    fc.record({
      kind: fc.constant('ObservedEvents' as const),
      requestId,
      events: events.chain((list) => time.map((at) => list.map((event) => ({ time: at, ...event })))),
    }),
    fc.record({
      kind: fc.constant('Error' as const),
      code: fc.nat(9999),
      text: fc.string().map((t) => quote(t).slice(1, -1)),
    }),
    fc.constantFrom(
      { kind: 'Raw' as const, text: 'DigitMap = d { T:16, (0|1x.[2-4]) }' },
      { kind: 'Raw' as const, text: 'Media' },
      { kind: 'Packages' as const, packages: ['g-1', 'root-2'] },
      { kind: 'Audit' as const, items: ['Media', 'Media { Stream = 1 }'] },
    ),
  );
  const command = fc.record({
    name: fc.constantFrom(
      'Add' as const,
      'Modify' as const,
      'Subtract' as const,
      'Move' as const,
      'AuditValue' as const,
    ),
    terminationId: fc.constantFrom('ip/1/$', '*', '$', 'ROOT', '[a, b]'),
    descriptors: fc.array(descriptors, { maxLength: 3 }),
  });
  const action = fc.record(
    {
      context: fc.oneof(fc.nat(), fc.constantFrom('$' as const, '*' as const, '-' as const)),
      priority: fc.nat(65535),
      emergency: fc.boolean(),
      contextItems: fc.constantFrom([], ['Topology { a, b, Isolate }', 'ContextAttr { x/y = 1 }']),
      commands: fc.array(command, { maxLength: 3 }),
    },
    { requiredKeys: ['context', 'contextItems', 'commands'] },
  );
  const actions = fc.array(action, { minLength: 1, maxLength: 2 });
  const id = fc.nat(0xffffffff);
  const transaction = fc.oneof(
    fc.record({ kind: fc.constant('Transaction' as const), id, actions }),
    fc.record({ kind: fc.constant('Reply' as const), id, actions }),
    fc.record({ kind: fc.constant('Pending' as const), id }),
    fc.record({
      kind: fc.constant('TransactionResponseAck' as const),
      ranges: fc.array(fc.record({ first: id, last: id }), { minLength: 1, maxLength: 3 }),
    }),
  );
  const message: fc.Arbitrary<MegacoMessage> = fc.record({
    version: fc.nat(99),
    mid: fc.constantFrom(
      '[1.2.3.4]:2944',
      '[2001:db8::1]:55555',
      '[::1]',
      '<a.example>',
      'device/1',
      'MTP{0A0b}',
    ),
    transactions: fc.array(transaction, { minLength: 1, maxLength: 3 }),
  });

  test('parse(serialize(x)) is x', () => {
    fc.assert(
      fc.property(message, (x) => {
        expect(parseMegaco(serializeMegaco(x))).toEqual({ ok: true, value: x });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('text', () => {
  test('the written form is the long one, indented', () => {
    const [first] = iqMessages.slice(4);
    expect(serializeMegaco(first as MegacoMessage).replaceAll('\r\n', '\n')).toBe(`MEGACO/3 [2001:db8::1]:2944
Transaction = 50 {
  Context = 1 {
    Notify = ip/access/1 {
      ObservedEvents = 2222 { 20261122T10000000:adid/ipstop, g/cause { generalcause = FT } }
    }
  }
}
`);
  });

  test('short tokens, any case and comments are read', () => {
    const long = parse(`MEGACO/3 [10.1.1.1]:2944
      Transaction = 7 { Context = - { ServiceChange = ROOT { Services {
        Method = Restart, Reason = "901", ServiceChangeAddress = 2944, Version = 3, Profile = p/1 } } } }`);
    const short = parse(`; a comment { "
      !/3 [10.1.1.1]:2944 ; here too }
      t=7{c=-{sc=root{sv{mt=rs,re="901",ad=2944,v=3 ; and here\n ,pf=p/1}}}}`);
    expect(commandOf(short)).toEqual({ ...commandOf(long), terminationId: 'root' });
    const modify = commandOf(
      parse('!/3 [1.1.1.1] T=1{C=1{O-W-MF=*{M{ST=1{O{MO=SO,RV=on,RG=OFF},L{v=0},R{}}},SG{},AT{M,SA}}}}'),
    );
    expect(modify).toEqual({
      name: 'Modify',
      optional: true,
      wildcardReply: true,
      terminationId: '*',
      descriptors: [
        {
          kind: 'Media',
          streams: [
            {
              id: 1,
              localControl: { mode: 'SendOnly', reservedValue: true, reservedGroup: false, properties: [] },
              local: 'v=0\r\n',
              remote: '',
              raw: [],
            },
          ],
          raw: [],
        },
        { kind: 'Signals', signals: [], raw: [] },
        { kind: 'Audit', items: ['Media', 'Statistics'] },
      ],
    });
  });

  test('braces in session descriptions are escaped, and their wildcards and semicolons kept', () => {
    const [command] = [commandOf(addRequest)];
    const text = serializeMegaco(addRequest);
    expect(text).toContain('a=x:{braces\\}\r\n');
    const stream = streamsOf(commandOf(parse(text)))[0];
    expect(stream?.remote).toContain('a=x:{braces}\r\n');
    expect(stream?.local).toContain('minptime=10;useinbandfec=1');
    expect(stream).toEqual(streamsOf(command)[0]);
    expect([hasChoose(stream?.local ?? ''), hasChoose(stream?.remote ?? '')]).toEqual([true, false]);
  });

  test('alternatives of a session description are taken apart at their v= lines', () => {
    expect(sessionDescriptions('v=0\r\nm=audio $ RTP/AVP 0\r\nv=0\r\nm=audio $ RTP/AVP 8\r\n')).toEqual([
      ...['v=0\r\nm=audio $ RTP/AVP 0\r\n', 'v=0\r\nm=audio $ RTP/AVP 8\r\n'],
    ]);
    expect([sessionDescriptions(''), sessionDescriptions('m=audio 5 RTP/AVP 0')]).toEqual([
      [],
      ['m=audio 5 RTP/AVP 0'],
    ]);
  });

  test('parameters that stand directly in Media are stream 1', () => {
    const media = descriptor(
      commandOf(parse(inCommand('M{O{MO=IN},L{v=0},TS{SI=IV,BF=OFF,a/b=1}}'))),
      'Media',
    );
    expect(media === undefined ? undefined : streamOf(media, 1)).toMatchObject({ local: 'v=0\r\n' });
    expect(media?.terminationState).toMatchObject({ serviceStates: 'InService', eventBufferControl: 'Off' });
  });

  test('all forms of a value are read', () => {
    const text = 'M{O{a/a="x y",a/b=[1,2],a/c={1, "z"},a/d=[1:9],a/e>1,a/f < 2,a/g#3}}';
    const properties = streamsOf(commandOf(parse(inCommand(text))))[0]?.localControl?.properties ?? [];
    expect(properties.map(({ value }) => value)).toEqual([
      '"x y"',
      { kind: 'all', values: ['1', '2'] },
      { kind: 'any', values: ['1', '"z"'] },
      { kind: 'range', low: '1', high: '9' },
      { kind: 'greater', value: '1' },
      { kind: 'less', value: '2' },
      { kind: 'unequal', value: '3' },
    ]);
    expect([propertyText(properties, 'A/A'), propertyTexts(properties, 'a/c')]).toEqual(['x y', ['1', 'z']]);
    expect([property(properties, 'a/z'), propertyText(properties, 'a/b')]).toEqual([undefined, undefined]);
  });

  test('what is not known stays text', () => {
    const text =
      'Mux = H221 { a, b }, New { x = "}", y { z } }, M { Q = 1 }, SG{SL=1{a/b}}, E=1{a/b{EM{SG{a/c}},DM=d}}';
    const { descriptors } = commandOf(parse(inCommand(text)));
    expect(descriptors).toMatchObject([
      { kind: 'Raw', text: 'Mux = H221 { a, b }' },
      { kind: 'Raw', text: 'New { x = "}", y { z } }' },
      { kind: 'Media', raw: ['Q = 1'] },
      { kind: 'Signals', raw: ['SL=1{a/b}'] },
      { kind: 'Events', events: [{ raw: ['EM{SG{a/c}}', 'DM=d'] }] },
    ]);
  });

  test('a message identifier is taken apart', () => {
    expect(parseMid('[10.1.1.1]:2944')).toEqual({ kind: 'address', address: '10.1.1.1', port: 2944 });
    expect(parseMid(makeMid('2001:db8::1', 2944))).toEqual({
      kind: 'address',
      address: '2001:db8::1',
      port: 2944,
    });
    expect(parseMid('<agw.example.net>')).toEqual({ kind: 'domain', domain: 'agw.example.net' });
    expect(parseMid('mg/1')).toEqual({ kind: 'device', name: 'mg/1' });
  });
});

describe('errors', () => {
  test.each([
    ['', 0, 400, undefined],
    ['SIP/2.0 200 OK', 0, 400, undefined],
    ['MEGACO/3 [1.1.1.1', 9, 400, undefined],
    ['MEGACO/3 [1.1.1.1]', 18, 400, undefined],
    ['MEGACO/3 <é.example> X=1{}', 22, 400, undefined],
    ['!/3 [1] T=x{}', 10, 403, undefined],
    ['!/3 [1] T=4294967296{}', 10, 403, undefined],
    ['!/3 [1] T=5{C=1{A=a}', 20, 403, 5],
    ['!/3 [1] T=5{X=1{}}', 12, 403, 5],
    ['!/3 [1] T=5{C=x{}}', 14, 422, 5],
    ['!/3 [1] T=5{C=1{A{}}}', 17, 442, 5],
    ['!/3 [1] T=5{C=1{A=}}', 18, 442, 5],
    ['!/3 [1] T=5{C=1{A=a{M{L{v=0', 23, 442, 5],
    ['!/3 [1] T=5{C=1{A=a{M{O{MO=XX}}}}}', 24, 442, 5],
    ['!/3 [1] T=5{C=1{A=a{M{ST=1{L{},L{}}}}}}', 31, 448, 5],
    ['!/3 [1] P=5{C=1{A=}}', 18, 442, undefined],
  ])('%s is refused at byte %i with %i', (text, offset, code, transactionId) => {
    const result = parseMegaco(text);
    expect(result.ok ? result.value : result.error).toMatchObject({ offset, code });
    if (!result.ok) expect(result.error.transactionId).toBe(transactionId);
  });

  test('no input makes the parser or the validator throw', () => {
    const run = (input: string | Uint8Array) => {
      const result = parseMegaco(input);
      if (!result.ok) return;
      validateMegaco(result.value);
      megacoSummary(result.value);
      expect(parse(serializeMegaco(result.value))).toEqual(result.value);
    };
    fc.assert(fc.property(fc.uint8Array(), run));
    const base = fc.constantFrom(...iqMessages.map(serializeMegaco));
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('{', '}', '=', ',', '"', ';', '[', ']', ':', '\n', 'Local {', '\\'),
    );
    fc.assert(
      fc.property(base, fc.nat(), fc.nat(20), piece, (text, at, length, put) => {
        const from = at % text.length;
        run(text.slice(0, from) + put + text.slice(from + length));
      }),
      { numRuns: 3000 },
    );
  });

  test('deep nesting does not exhaust the stack', () => {
    expect(parseMegaco(inCommand(`X${'{'.repeat(1e5)}${'}'.repeat(1e5)}`)).ok).toBe(true);
    expect(parseMegaco(inCommand('{'.repeat(1e5))).ok).toBe(false);
  });
});

describe('findings', () => {
  const add = (descriptors: Command['descriptors'], context: number | '-' | '$' = '$'): MegacoMessage => ({
    version: 3,
    mid: '[1.1.1.1]',
    transactions: [
      {
        kind: 'Transaction',
        id: 1,
        actions: [makeAction(context, [{ name: 'Add', terminationId: '$', descriptors }])],
      },
    ],
  });
  test.each([
    [{ ...addRequest, version: 4 }, 406],
    [{ ...addRequest, mid: '[1.1.1.1]:99999' }, 400],
    [parse('!/3 [1] T=0{C=1{A=a}}'), 403],
    [parse('!/3 [1] T=1{C=1{}}'), 422],
    [parse('!/3 [1] T=1{C=4294967295{A=a}}'), 422],
    [parse('!/3 [1] T=1{C=1{PR=16,A=a}}'), 449],
    [add([], '-'), 421],
    [parse('!/3 [1] P=1{C=1{A=ip/$}}'), 410],
    [parse('!/3 [1] T=1{C=1{N=a{}}}'), 442],
    [parse('!/3 [1] T=1{C=1{AV=a}}'), 442],
    [parse('!/3 [1] T=1{C=-{SC=ROOT{SV{MT=RS}}}}'), 442],
    [parse('!/3 [1] T=1{C=1{S=a{M{}}}}'), 447],
    [parse('!/3 [1] T=1{C=1{S=a{Foo}}}'), 444],
    [
      add([
        { kind: 'Signals', signals: [], raw: [] },
        { kind: 'Signals', signals: [], raw: [] },
      ]),
      448,
    ],
    [parse(inCommand('M{ST=1{L{}},ST=1{L{}}}')), 448],
    [parse(inCommand('M{ST=1{O{a/b=1,A/B=2}}}')), 456],
    [parse(inCommand('M{ST=1{L{}},L{}}')), 442],
  ])('%# a message with one mistake is owed %i', (message: MegacoMessage, code) => {
    expect(validateMegaco(message).map((finding) => finding.code)).toEqual([code]);
  });
});

test('a summary tells transactions, contexts, commands and errors', () => {
  expect(iqMessages.map(megacoSummary)).toEqual([
    'Transaction 9998 C=$ Add ip/access/$, Add ip/core/$',
    'Reply 9998 C=1 Add ip/access/1, Add ip/core/1',
    'TransactionResponseAck 1-4, 9998; Transaction 9999 C=1 Modify ip/core/1, Subtract *, AuditValue ip/core/1',
    'Pending 9999; Reply 9999 C=1 Modify ip/core/1, Subtract ip/core/1, Error 510',
    'Transaction 50 C=1 Notify ip/access/1 adid/ipstop g/cause',
    'Transaction 1 C=- ServiceChange ROOT Restart',
    'Reply 1 Error 403',
    'Error 400',
  ]);
  expect(makeErrorReply(5, 430)).toEqual({
    kind: 'Reply',
    id: 5,
    actions: [],
    error: makeError(430, 'Unknown termination'),
  });
});
