import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/index.js';
import { type MessageParts, startInvite } from '../../src/stack/sip-ua/index.js';
import { parseRtcp } from '../../src/wire/rtcp/index.js';
import { demuxPacket } from '../../src/wire/rtp/index.js';
import { checkAnswer, rtpMaps, validateSdp } from '../../src/wire/sdp/index.js';
import { type PhoneCall, type PhonePolicy, plainProfile } from './index.js';
import { laboratory, remains, telephone } from './testbed.js';

const CODECS = ['PCMU', 'PCMA', 'AMR-WB', 'telephone-event'];

function twoPhones(
  tape: string | readonly number[] = '',
  policies: { caller?: Partial<PhonePolicy>; callee?: Partial<PhonePolicy> } = {},
) {
  const { kernel, network } = laboratory(tape);
  const media = plainProfile('test', CODECS);
  const caller = telephone(network, 'caller', '10.0.0.1', media, policies.caller);
  const callee = telephone(network, 'callee', '10.0.0.2', media, policies.callee);
  return { kernel, network, caller, callee };
}

/** Runs until a condition holds or so much virtual time has passed. */
function runUntil(kernel: Kernel, condition: () => boolean, withinMs = 60_000): void {
  const outcome = kernel.run({ untilUs: kernel.now + withinMs * 1000 }, condition);
  expect({ status: outcome.status, failure: outcome.failure }).toEqual({ status: 'paused' });
}

function pass(kernel: Kernel, ms: number): void {
  kernel.run({ untilUs: kernel.now + ms * 1000 });
}

function statesOf(kernel: Kernel, host: string): string[] {
  const states = kernel.trace
    ?.of('state')
    .filter(({ entity, body }) => entity === host && / call$/.test(body.machine));
  return (states ?? []).map(({ body }) => body.to);
}

/** What a call has heard of the voice of another. */
function heardOf(call: PhoneCall, other: PhoneCall) {
  const { sources, lost, duplicates, late, foreign, malformed, unrecognised } = call.heard;
  const [source] = sources;
  expect([sources.length, source?.stream]).toEqual([1, other.voice?.stream]);
  const { frames = 0, pitchHz = 0, missing = 0, repeated = 0, outOfOrder = 0 } = source ?? {};
  const faults =
    lost + duplicates + late + foreign + malformed + unrecognised + missing + repeated + outOfOrder;
  return { frames, pitchHz, faults };
}

describe('two phones', () => {
  it('have a call with two seconds of audio each way: a hundred packets, none lost, each the tone of the other', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'up' && callee.calls[0]?.state === 'up');
    const incoming = callee.calls[0];
    if (incoming === undefined) throw new Error('no call');
    pass(kernel, 2000);
    out.hangUp();
    expect(kernel.run().status).toBe('idle');
    // 2000 ms of packets 20 ms apart; the caller is up 5 ms earlier, and hears the called side 5 ms longer
    for (const call of [out, incoming]) expect([100, 101]).toContain(call.sent);
    expect(heardOf(incoming, out)).toEqual({ frames: out.sent, pitchHz: 440, faults: 0 });
    expect(heardOf(out, incoming)).toEqual({ frames: incoming.sent, pitchHz: 880, faults: 0 });
    expect(out.endReason).toEqual({ by: 'local', text: 'hung up' });
    expect(incoming.endReason).toEqual({ by: 'remote', text: 'BYE' });
    expect(statesOf(kernel, 'caller')).toEqual([
      'preparing',
      'calling',
      'progress',
      'ringing',
      'up',
      'ending',
      'ended',
    ]);
    expect(statesOf(kernel, 'callee')).toEqual([
      'preparing',
      'alerting.describing',
      'alerting.ringing',
      'answering',
      'up',
      'ended',
    ]);
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('describe their media so that the answer fits the offer, and agree on the codec the called side prefers', () => {
    const { kernel, network } = laboratory();
    const caller = telephone(
      network,
      'caller',
      '10.0.0.1',
      plainProfile('test', ['AMR-WB', 'PCMU', 'telephone-event']),
    );
    const callee = telephone(
      network,
      'callee',
      '10.0.0.2',
      plainProfile('test', ['PCMU', 'AMR-WB', 'telephone-event']),
    );
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'ringing');
    const { localSdp: offer, remoteSdp: answer } = out;
    if (offer === undefined || answer === undefined) throw new Error('no descriptions');
    expect(validateSdp(offer)).toEqual([]);
    expect(validateSdp(answer)).toEqual([]);
    expect(checkAnswer(offer, answer)).toEqual([]);
    const line = answer.media[0];
    expect(line && rtpMaps(line).map(({ payloadType, encoding }) => `${payloadType} ${encoding}`)).toEqual([
      '0 PCMU',
      '101 telephone-event',
    ]);
    callee.phone.close();
    caller.phone.close();
  });

  it.each(['PCMU', 'PCMA', 'AMR', 'AMR-WB', 'EVS', 'opus'])(
    'carry every frame in %s, and the digits pressed',
    (codec) => {
      const { kernel, network } = laboratory();
      const media = plainProfile('test', [codec, 'telephone-event']);
      const caller = telephone(network, 'caller', '10.0.0.1', media);
      const callee = telephone(network, 'callee', '10.0.0.2', media);
      const out = caller.phone.call(callee.uri);
      runUntil(kernel, () => out.state === 'up');
      pass(kernel, 500);
      out.press('42#');
      pass(kernel, 1000);
      const incoming = callee.calls[0];
      expect(incoming?.heard).toMatchObject({ digits: '42#', lost: 0, unrecognised: 0, malformed: 0 });
      expect(incoming?.heard.encodings[codec]).toBeGreaterThan(40);
      expect(incoming?.heard.sources).toMatchObject([
        { stream: out.voice?.stream, missing: 0, outOfOrder: 0 },
      ]);
      out.hangUp();
      kernel.run();
      expect(remains(kernel, caller, callee)).toEqual([]);
    },
  );

  it('report on each other by RTCP on the odd port, and say goodbye', () => {
    for (const mux of ['none', 'negotiate'] as const) {
      const { kernel, network } = laboratory();
      const media = plainProfile('test', CODECS, mux);
      const caller = telephone(network, 'caller', '10.0.0.1', media);
      const callee = telephone(network, 'callee', '10.0.0.2', media);
      const out = caller.phone.call(callee.uri);
      runUntil(kernel, () => out.state === 'up');
      pass(kernel, 20_000);
      expect(out.rtcp).toMatchObject({ lost: 0, rtcpInvalid: 0, remote: { lost: 0 } });
      expect(out.rtcp?.rtcpReceived).toBeGreaterThan(1);
      out.hangUp();
      kernel.run();
      const rtcp = (kernel.trace?.of('packet.sent') ?? [])
        .map(({ body }) => body.packet)
        .filter(({ data }) => demuxPacket(data) === 'rtcp');
      expect(new Set(rtcp.map(({ dst }) => dst.port % 2))).toEqual(new Set([mux === 'none' ? 1 : 0]));
      const last = rtcp.findLast(({ from }) => from === 'caller');
      const read = parseRtcp(last?.data ?? new Uint8Array());
      expect(read.ok && read.value.map(({ type }) => type)).toContain('BYE');
      expect(remains(kernel, caller, callee)).toEqual([]);
    }
  });

  it('end the call when the called side hangs up', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => callee.calls[0]?.state === 'up');
    pass(kernel, 300);
    callee.calls[0]?.hangUp();
    expect(kernel.run().status).toBe('idle');
    expect(out.endReason).toEqual({ by: 'remote', text: 'BYE' });
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('end the call when both hang up at once', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'up' && callee.calls[0]?.state === 'up');
    out.hangUp();
    callee.calls[0]?.hangUp();
    expect(kernel.run().status).toBe('idle');
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('give the call up when the caller cancels while the other phone alerts', () => {
    const { kernel, caller, callee } = twoPhones('', { callee: { answer: 'manual' } });
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'ringing');
    out.hangUp();
    expect(kernel.run().status).toBe('idle');
    expect(callee.calls[0]?.endReason).toEqual({ by: 'remote', text: 'cancelled', status: 487 });
    expect(out.state).toBe('ended');
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('give the call up when the caller hangs up before there was any response', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    out.hangUp();
    expect(kernel.run().status).toBe('idle');
    expect(out.state).toBe('ended');
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('give the call up when it is hung up between the answer by hand and the PRACK that the 200 waits for', () => {
    const { kernel, caller, callee } = twoPhones('', { callee: { answer: 'manual' } });
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => callee.calls[0]?.state === 'alerting');
    callee.calls[0]?.answer();
    expect(callee.calls[0]?.state).toBe('answering');
    callee.calls[0]?.hangUp();
    expect(callee.calls[0]?.state).toBe('ended');
    expect(kernel.run().status).toBe('idle');
    expect(out.endReason).toEqual({ by: 'remote', text: 'Temporarily Unavailable', status: 480 });
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('wait for a hand to answer where the policy says so', () => {
    const { kernel, caller, callee } = twoPhones('', { callee: { answer: 'manual' } });
    const out = caller.phone.call(callee.uri);
    pass(kernel, 10_000);
    expect(out.state).toBe('ringing');
    callee.calls[0]?.answer();
    runUntil(kernel, () => out.state === 'up');
    out.hangUp();
    kernel.run();
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('refuse a call by hand with the status chosen', () => {
    const { kernel, caller, callee } = twoPhones('', { callee: { answer: 'manual' } });
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'ringing');
    callee.calls[0]?.reject(480);
    kernel.run();
    expect(out.endReason).toEqual({ by: 'remote', text: 'Temporarily Unavailable', status: 480 });
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('refuse a second call 486, or take it where the policy says so', () => {
    for (const secondCall of ['busy', 'accept'] as const) {
      const { kernel, network, caller, callee } = twoPhones('', { callee: { secondCall } });
      const third = telephone(network, 'third', '10.0.0.3', plainProfile('test', CODECS));
      const first = caller.phone.call(callee.uri);
      runUntil(kernel, () => first.state === 'up');
      const second = third.phone.call(callee.uri);
      runUntil(kernel, () => second.state === (secondCall === 'busy' ? 'ended' : 'up'));
      expect(second.endReason?.status).toBe(secondCall === 'busy' ? 486 : undefined);
      expect(first.state).toBe('up');
      for (const call of [first, second]) call.hangUp();
      kernel.run();
      expect(remains(kernel, caller, callee, third)).toEqual([]);
    }
  });

  it('put the answer into the 200 where provisional responses are not reliable', () => {
    for (const policies of [
      { caller: { reliableProvisionals: false } },
      { callee: { reliableProvisionals: false } },
    ]) {
      const { kernel, caller, callee } = twoPhones('', policies);
      const out = caller.phone.call(callee.uri);
      runUntil(kernel, () => out.state === 'ringing');
      expect(out.remoteSdp).toBeUndefined();
      runUntil(kernel, () => out.state === 'up');
      pass(kernel, 200);
      expect(out.heard.sources[0]?.pitchHz).toBe(880);
      out.hangUp();
      kernel.run();
      expect(remains(kernel, caller, callee)).toEqual([]);
    }
  });

  it('send media before the answer only where the policy allows it', () => {
    for (const earlyMedia of [true, false]) {
      const { kernel, caller, callee } = twoPhones('', { callee: { earlyMedia, answer: 'manual' } });
      const out = caller.phone.call(callee.uri);
      pass(kernel, 1000);
      expect(out.state).toBe('ringing');
      expect(out.received > 0).toBe(earlyMedia);
      out.hangUp();
      kernel.run();
      expect(remains(kernel, caller, callee)).toEqual([]);
    }
  });

  it('refuse what they cannot serve: 488 for strange media, 400 for bad text, 415 for another body, 488 for none', () => {
    const strange = 'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n';
    const cases: [string, string, number][] = [
      ['application/sdp', `${strange}m=audio 4000 RTP/AVP 18\r\n`, 488],
      ['application/sdp', `${strange}m=video 4000 RTP/AVP 31\r\n`, 488],
      ['application/sdp', `${strange}m=audio 4000 RTP/SAVP 0\r\n`, 488],
      ['application/sdp', `${strange}m=audio 0 RTP/AVP 0\r\n`, 488],
      ['application/sdp', 'nonsense', 400],
      ['text/plain', 'hello', 415],
      ['application/sdp', '', 488],
    ];
    for (const [contentType, text, status] of cases) {
      const { kernel, caller, callee } = twoPhones();
      const invite = caller.ua.createRequest(
        'INVITE',
        callee.uri,
        { from: caller.uri, to: callee.uri },
        { contentType, body: new TextEncoder().encode(text) },
      );
      const hop = caller.ua.resolve(invite);
      if (hop === undefined) throw new Error('no hop');
      const statuses: number[] = [];
      caller.ua.send(invite, hop, { done: (final) => statuses.push(final) });
      kernel.run();
      expect([text, statuses]).toEqual([text, [status]]);
      expect(remains(kernel, caller, callee)).toEqual([]);
    }
  });

  it('end a call to nowhere, and one whose INVITE nobody answers', () => {
    const { kernel, network, caller, callee } = twoPhones();
    const nowhere = caller.phone.call('sip:nobody@unknown.example');
    expect(nowhere.state).toBe('ended');
    expect(nowhere.endReason?.status).toBe(503);
    network.partition('caller', 'callee');
    const unanswered = caller.phone.call(callee.uri);
    expect(kernel.run().status).toBe('idle');
    // timer B at 64*T1 (RFC 3261 17.1.1.2)
    expect(unanswered.endReason).toEqual({ by: 'timeout', text: 'no answer', status: 408 });
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('answer a change of the session in a higher version, stop sending on hold and go on after it', () => {
    const { kernel, caller, callee } = twoPhones();
    const describe = (version: number, direction: string): { sdp: Uint8Array } => ({
      sdp: new TextEncoder().encode(
        `v=0\r\no=- 1 ${version} IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=${direction}\r\n`,
      ),
    });
    const invite = caller.ua.createRequest(
      'INVITE',
      callee.uri,
      { from: caller.uri, to: callee.uri },
      describe(0, 'sendrecv'),
    );
    const hop = caller.ua.resolve(invite);
    if (hop === undefined) throw new Error('no hop');
    const session = startInvite(caller.ua, { request: invite, hop, on: {} });
    runUntil(kernel, () => callee.calls[0]?.state === 'up');
    const call = callee.calls[0];
    const answers: [number, string][] = [];
    const change = (method: string, parts: MessageParts): number => {
      session.sendRequest(method, parts, {
        done: (status, response) => answers.push([status, new TextDecoder().decode(response?.body)]),
      });
      pass(kernel, 100);
      const before = call?.sent ?? 0;
      pass(kernel, 200);
      return (call?.sent ?? 0) - before;
    };
    expect(change('INVITE', describe(1, 'sendonly'))).toBe(0);
    expect(change('UPDATE', describe(2, 'sendrecv'))).toBe(10);
    expect(change('UPDATE', {})).toBe(10);
    expect(change('INVITE', {})).toBe(10);
    expect(change('INVITE', { sdp: new TextEncoder().encode('nonsense') })).toBe(10);
    expect(change('INFO', {})).toBe(10);
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 488, 488, 405]);
    expect(answers[0]?.[1]).toMatch(/o=- \d+ 1 [\s\S]*a=recvonly/);
    expect(answers[1]?.[1]).toMatch(/o=- \d+ 2 [\s\S]*a=sendrecv/);
    session.bye();
    kernel.run();
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('end cleanly whatever three packets are lost, held up, doubled or damaged', () => {
    const fault = fc.record({
      link: fc.constantFrom('caller>callee', 'callee>caller'),
      index: fc.nat(14),
      kind: fc.constantFrom('drop', 'duplicate', 'delay', 'reorder', 'corrupt'),
    });
    const property = fc.property(
      fc.array(fault, { maxLength: 3 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 4000 }),
      (faults, bothRing, talkMs) => {
        const tape = faults.map(({ link, index, kind }) => `${link}#${index}=${kind}`).join(',');
        const { kernel, caller, callee } = twoPhones(tape, { callee: { reliableProvisionals: bothRing } });
        const out = caller.phone.call(callee.uri);
        pass(kernel, talkMs);
        out.hangUp();
        const outcome = kernel.run();
        expect({ tape, status: outcome.status, state: out.state }).toEqual({
          tape,
          status: 'idle',
          state: 'ended',
        });
        expect(remains(kernel, caller, callee)).toEqual([]);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('count a packet that was lost on the way', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'up');
    pass(kernel, 200);
    callee.host.network.partition('caller', 'callee');
    pass(kernel, 60);
    callee.host.network.heal('caller', 'callee');
    pass(kernel, 200);
    // three packets were sent in 60 ms each way
    expect(callee.calls[0]?.heard.lost).toBe(3);
    expect(out.heard.lost).toBe(3);
    out.hangUp();
    kernel.run();
    expect(remains(kernel, caller, callee)).toEqual([]);
  });

  it('leave nothing behind when they are switched off in the middle of a call', () => {
    const { kernel, caller, callee } = twoPhones();
    const out = caller.phone.call(callee.uri);
    runUntil(kernel, () => out.state === 'up' && callee.calls[0]?.state === 'up');
    caller.phone.close();
    callee.phone.close();
    expect([...caller.phone.leftovers(), ...callee.phone.leftovers()]).toEqual([]);
    expect(out.state).toBe('ended');
    kernel.run();
    expect(kernel.failure).toBeUndefined();
  });
});
