import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  attribute,
  attributes,
  type Candidate,
  candidates,
  checkAnswer,
  choosePort,
  connectionOf,
  direction,
  fingerprints,
  formatParameters,
  groups,
  hasAttribute,
  iceCredentials,
  iceLite,
  iceOptions,
  type MediaDescription,
  maxMessageSize,
  mid,
  noPort,
  parseCandidate,
  parseSdp,
  rtcp,
  rtcpMux,
  rtpMaps,
  type SessionDescription,
  sctpPort,
  serializeCandidate,
  serializeRtpMap,
  serializeSdp,
  setAttribute,
  setDirection,
  setup,
  tlsId,
  validateSdp,
} from './index.js';

const head = ['v=0', 'o=- 1 2 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];

function describeSession(...lines: string[]): { sdp: SessionDescription; media: MediaDescription } {
  const result = parseSdp(`${[...head, ...lines].join('\r\n')}\r\n`);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return { sdp: result.value, media: result.value.media[0] as MediaDescription };
}

test('credentials of digits stay text, and those of the media description come first (RFC 8839 5.4)', () => {
  const pwd = '0123456789012345678901';
  const { sdp, media } = describeSession(
    ...['a=ice-ufrag:session', 'a=ice-pwd:x', 'm=audio 5 RTP/AVP 0', 'a=ice-ufrag:1234', `a=ice-pwd:${pwd}`],
  );
  expect(iceCredentials(sdp, media)).toEqual({ ufrag: '1234', pwd });
  expect(iceCredentials(sdp, { ...media, attributes: [] })).toEqual({ ufrag: 'session', pwd: 'x' });
});

test('all fingerprints are read, and the session has a say only where the media description has none (RFC 8122 5)', () => {
  const { sdp, media } = describeSession(
    ...['a=fingerprint:sha-256 00:11', 'm=audio 5 UDP/TLS/RTP/SAVPF 0'],
    ...['a=fingerprint:SHA-256 AA:BB', 'a=fingerprint:sha-1 cc:dd'],
  );
  expect(fingerprints(sdp, media)).toEqual([
    { algorithm: 'sha-256', value: 'AA:BB' },
    { algorithm: 'sha-1', value: 'CC:DD' },
  ]);
  expect(fingerprints(sdp, { ...media, attributes: [] })).toEqual([{ algorithm: 'sha-256', value: '00:11' }]);
});

test('payload types come in the order of the m= line, with the static ones of RFC 3551', () => {
  const { media } = describeSession(
    ...[
      'm=audio 5 UDP/TLS/RTP/SAVPF 111 9 96 10 77',
      'a=rtpmap:96 AMR-WB/16000',
      'a=fmtp:111 minptime=10;useinbandfec=1',
    ],
    ...['a=rtpmap:111 opus/48000/2', 'a=fmtp:96 octet-align=1; mode-set=0,2; x', 'a=rtpmap:7 unused/8000'],
  );
  const maps = rtpMaps(media);
  expect(maps).toEqual([
    { payloadType: 111, encoding: 'opus', clockRate: 48000, channels: 2, fmtp: 'minptime=10;useinbandfec=1' },
    { payloadType: 9, encoding: 'G722', clockRate: 8000 },
    { payloadType: 96, encoding: 'AMR-WB', clockRate: 16000, fmtp: 'octet-align=1; mode-set=0,2; x' },
    { payloadType: 10, encoding: 'L16', clockRate: 44100, channels: 2 },
  ]);
  expect(formatParameters('octet-align=1; mode-set=0,2')).toEqual({ 'octet-align': '1', 'mode-set': '0,2' });
  expect(maps.map(serializeRtpMap).slice(0, 2)).toEqual(['111 opus/48000/2', '9 G722/8000']);
});

test('candidate extensions are read in any order (RFC 8839 5.1, RFC 6544 4.5)', () => {
  expect(
    parseCandidate(
      'candidate:1 1 tcp 1 10.0.0.5 9 typ srflx x-a b tcptype so raddr 1.1.1.1 rport 7 generation 0',
    ),
  ).toEqual({
    ...{
      foundation: '1',
      component: 1,
      transport: 'tcp',
      priority: 1,
      address: '10.0.0.5',
      port: 9,
      type: 'srflx',
    },
    ...{ relatedAddress: '1.1.1.1', relatedPort: 7, tcpType: 'so' },
    extensions: [
      { name: 'x-a', value: 'b' },
      { name: 'generation', value: '0' },
    ],
  });
  const { media } = describeSession(
    'm=audio 5 RTP/AVP 0',
    'a=candidate:1 1 UDP notanumber 127.0.0.1 49170 typ host',
  );
  expect(candidates(media)).toEqual([]);
});

test('parse(serialize(x)) is x for candidates', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
  const extension = fc.record({ name: word.map((name) => `x-${name}`), value: word });
  const candidate: fc.Arbitrary<Candidate> = fc.record(
    {
      ...{ foundation: word, component: fc.nat(256), transport: word, priority: fc.nat(), address: word },
      ...{ port: fc.nat(65535), type: word, relatedAddress: word, relatedPort: fc.nat(65535), tcpType: word },
      extensions: fc.array(extension, { maxLength: 3 }),
    },
    {
      requiredKeys: [
        'foundation',
        'component',
        'transport',
        'priority',
        'address',
        'port',
        'type',
        'extensions',
      ],
    },
  );
  fc.assert(
    fc.property(candidate, (value) => {
      expect(parseCandidate(serializeCandidate(value))).toEqual(value);
    }),
  );
});

test('session-level values apply where a media description has none of its own', () => {
  const { sdp, media } = describeSession(
    ...[
      'a=setup:ACTPASS',
      'a=tls-id:abc',
      'a=ice-lite',
      'a=ice-options:trickle ice2',
      'a=group:BUNDLE a b',
      'a=inactive',
    ],
    ...[
      'm=audio 5 RTP/AVP 0',
      'a=ice-options:trickle',
      'a=mid:a',
      'm=video 6 RTP/AVP 31',
      'c=IN IP6 ::1',
      'a=sendonly',
    ],
  );
  const video = sdp.media[1] as MediaDescription;
  expect([setup(sdp, media), tlsId(sdp, media), iceLite(sdp), mid(media)]).toEqual([
    'actpass',
    'abc',
    true,
    'a',
  ]);
  expect(iceOptions(sdp, media)).toEqual(['trickle', 'ice2']);
  expect(groups(sdp)).toEqual([{ semantics: 'BUNDLE', mids: ['a', 'b'] }]);
  expect([direction(sdp, media), direction(sdp, video)]).toEqual(['inactive', 'sendonly']);
  expect([connectionOf(sdp, media)?.address, connectionOf(sdp, video)?.address]).toEqual([
    '192.0.2.1',
    '::1',
  ]);
});

test('RTCP is on the next port unless a=rtcp says otherwise (RFC 3605 2.1)', () => {
  const { media } = describeSession(
    'm=audio 5004 RTP/AVP 0',
    'a=rtcp:53020 IN IP6 2001:db8::1',
    'a=rtcp-mux',
  );
  expect(rtcp(media)).toEqual({
    port: 53020,
    connection: { netType: 'IN', addrType: 'IP6', address: '2001:db8::1' },
  });
  expect(rtcp(setAttribute(media, 'rtcp', '7'))).toEqual({ port: 7 });
  expect(rtcp({ ...media, attributes: [] })).toEqual({ port: 5005 });
  expect([rtcpMux(media), rtcpMux({ ...media, attributes: [] })]).toEqual([true, false]);
});

test('a data channel has its port, and 65536 as message size by default (RFC 8841 6.1)', () => {
  const { media } = describeSession('m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=sctp-port:5000');
  expect([sctpPort(media), maxMessageSize(media)]).toEqual([5000, 65536]);
  expect(maxMessageSize(setAttribute(media, 'max-message-size', '0'))).toBe(0);
});

test('attributes are replaced in place, and the description given is not changed', () => {
  const { media } = describeSession('m=audio 5 RTP/AVP 0', 'a=x:1', 'a=sendonly', 'a=x:2', 'a=y');
  const before = structuredClone(media);
  expect(setAttribute(media, 'x', '3').attributes.map(({ name }) => name)).toEqual(['x', 'sendonly', 'y']);
  expect(setDirection(media, 'inactive').attributes[1]).toEqual({ name: 'inactive' });
  expect([attribute(media, 'x'), attribute(media, 'y'), attribute(media, 'z')]).toEqual(['1', '', undefined]);
  expect([attributes(media, 'x'), hasAttribute(media, 'y')]).toEqual([['1', '2'], true]);
  expect(media).toEqual(before);
});

test('wildcards of H.248 are read, and a port put in their place is written', () => {
  const text = 'v=0\r\nc=IN IP4 $\r\nm=audio $ RTP/AVP 96\r\na=fingerprint:sha-256 $\r\nm=- - - -\r\n';
  const result = parseSdp(text);
  if (!result.ok) throw new Error(result.error.what);
  expect(result.value.media.map(({ port }) => port)).toEqual([choosePort, noPort]);
  expect(serializeSdp(result.value)).toBe(text);
  const media = result.value.media.map((m) => ({ ...m, port: 30000 }));
  expect(serializeSdp({ ...result.value, media })).toContain('m=audio 30000 RTP/AVP 96');
});

test.each([
  ['v=1', 'v=', 'version 1 is not 0'],
  ['', 'v=', 'the line is missing'],
])('a first line %j is found', (first, where, what) => {
  const result = parseSdp(`${[...(first === '' ? [] : [first]), ...head.slice(1)].join('\n')}\n`);
  expect(result.ok && validateSdp(result.value)).toEqual([{ what, where, rule: 'RFC 8866 5.1' }]);
});

test.each([
  [['m=audio 70000 RTP/AVP 0'], 'RFC 8866 5.14'],
  [['m=audio 5 RTP/AVP'], 'RFC 8866 5.14'],
  [['m=audio 5 RTP/AVP 96'], 'RFC 8866 6.6'],
  [['m=audio 5 RTP/AVP 0', 'a=sendonly', 'a=recvonly'], 'RFC 8866 6.7'],
  [['m=audio 5 RTP/AVP 0', 'a=mid:1', 'm=audio 6 RTP/AVP 0', 'a=mid:1'], 'RFC 5888 4'],
  [['a=group:BUNDLE 1', 'm=audio 5 RTP/AVP 0'], 'RFC 5888 5'],
  [['m=audio 5 RTP/AVP 0', 'a=ice-ufrag:abc'], 'RFC 8839 5.4'],
  [['m=audio 5 RTP/AVP 0', 'a=candidate:1 1 UDP 0 a 5 typ host'], 'RFC 8839 5.1'],
  [['m=audio 5 UDP/TLS/RTP/SAVP 0', 'a=setup:active'], 'RFC 8122 5'],
  [['m=audio 5 RTP/AVP 0', 'a=fingerprint:sha-1 AA'], 'RFC 8122 5'],
  [['m=audio 5 RTP/AVP 0', 'a=setup:both'], 'RFC 4145 4'],
  [['m=audio 5 RTP/AVP 0', 'a=x', 'b=AS:1'], 'RFC 8866 9'],
])('%j breaks %s', (lines, rule) => {
  const findings = validateSdp(describeSession(...lines).sdp);
  expect(findings.map((finding) => finding.rule)).toContain(rule);
});

test.each([
  [['v=0'], 'v='],
  [['o=- 1 1 IN IP4 a'], 'o='],
  [['s=again'], 's='],
  [['i=a', 'i=b'], 'i='],
  [['c=IN IP4 b'], 'c='],
  [['m=audio 5 RTP/AVP 0', 'i=a', 'i=b'], 'm=audio (0) i='],
])('%j: a line that may stand once is found twice (RFC 8866 9)', (lines, where) => {
  const findings = validateSdp(describeSession(...lines).sdp);
  expect(findings).toContainEqual({ what: 'the line occurs twice', where, rule: 'RFC 8866 9' });
});

test('a session version of 64 bits stays text and is not found fault with (RFC 8866 5.2)', () => {
  const result = parseSdp('v=0\r\no=- 1 18446744073709551615 IN IP4 a\r\ns=-\r\nt=0 0\r\n');
  expect(result.ok && [result.value.origin, validateSdp(result.value)]).toEqual([undefined, []]);
});

test('several connection lines of a media description, time zones and repeats are in order (RFC 8866 9)', () => {
  const { sdp } = describeSession(
    ...['r=604800 3600 0', 'z=0 0', 't=0 0', 'r=604800 3600 0', 'z=0 0', 'k=prompt', 'a=x'],
    ...['m=audio 5 RTP/AVP 0', 'c=IN IP4 233.252.0.1/127', 'c=IN IP4 233.252.0.2/127'],
  );
  expect(validateSdp(sdp)).toEqual([]);
});

test.each([
  [['q=1'], 'no such line belongs here'],
  [['m=audio 5 RTP/AVP 0', 't=0 0'], 'no such line belongs here'],
  [['b=AS:x'], 'the line cannot be read'],
  [['e='], 'the line is empty'],
])('%j: %s', (lines, what) => {
  expect(validateSdp(describeSession(...lines).sdp).map((finding) => finding.what)).toContain(what);
});

test('a connection address is needed in the session or in every media description (RFC 8866 5.7)', () => {
  const { sdp } = describeSession('m=audio 5 RTP/AVP 0', 'm=audio 6 RTP/AVP 0', 'c=IN IP4 a');
  const { connection, ...without } = sdp;
  expect(connection).toBeDefined();
  expect(validateSdp(sdp)).toEqual([]);
  expect(validateSdp(without)).toEqual([
    { what: 'neither here nor in the session', where: 'm=audio (0) c=', rule: 'RFC 8866 5.7' },
  ]);
});

test.each([
  [['m=audio 5 RTP/AVP 0', 'm=video 6 RTP/AVP 31'], ['m=audio 5 RTP/AVP 0'], 'RFC 3264 6'],
  [['m=audio 5 RTP/AVP 0'], ['m=video 5 RTP/AVP 0'], 'RFC 3264 6.1'],
  [['m=audio 5 RTP/SAVP 0'], ['m=audio 5 RTP/AVP 0'], 'RFC 3264 6'],
  [['m=audio 0 RTP/AVP 0'], ['m=audio 5 RTP/AVP 0'], 'RFC 3264 6'],
  [['m=audio 5 RTP/AVP 0'], ['m=audio 5 RTP/AVP 8'], 'RFC 3264 6.1'],
  [['m=audio 5 RTP/AVP 0', 'a=sendonly'], ['m=audio 5 RTP/AVP 0', 'a=sendrecv'], 'RFC 3264 6.1'],
  [['m=audio 5 RTP/AVP 0', 'a=inactive'], ['m=audio 5 RTP/AVP 0', 'a=recvonly'], 'RFC 3264 6.1'],
  [['m=audio 5 RTP/AVP 0', 'a=setup:actpass'], ['m=audio 5 RTP/AVP 0', 'a=setup:actpass'], 'RFC 4145 4.1'],
  [['m=audio 5 RTP/AVP 0', 'a=setup:active'], ['m=audio 5 RTP/AVP 0', 'a=setup:active'], 'RFC 4145 4.1'],
  [['m=audio 5 RTP/AVP 0'], ['m=audio 5 RTP/AVP 0', 'a=rtcp-mux'], 'RFC 5761 5.1.1'],
  [['m=audio 5 RTP/AVP 0', 'a=mid:0'], ['m=audio 5 RTP/AVP 0', 'a=mid:1'], 'RFC 5888 9.1'],
])('%j may not be answered with %j (%s)', (offer, answer, rule) => {
  const findings = checkAnswer(describeSession(...offer).sdp, describeSession(...answer).sdp);
  expect(findings.map((finding) => finding.rule)).toEqual([rule]);
});

test('a rejected stream and other payload types of the same codec are fine (RFC 3264 6, 6.1)', () => {
  const offer = describeSession('m=audio 5 RTP/AVP 96', 'a=rtpmap:96 AMR/8000', 'm=video 6 RTP/AVP 31').sdp;
  const answer = describeSession(
    'm=audio 7 RTP/AVP 97',
    'a=rtpmap:97 amr/8000/1',
    'm=video 0 RTP/AVP 31',
  ).sdp;
  expect(checkAnswer(offer, answer)).toEqual([]);
});
