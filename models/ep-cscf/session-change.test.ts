import { describe, expect, it } from 'vitest';
import { SipEndpoint } from '../../src/stack/sip/index.js';
import { SipUserAgent, startInvite } from '../../src/stack/sip-ua/index.js';
import { parseSdp, type SessionDescription } from '../../src/wire/sdp/index.js';
import type { SipResponse } from '../../src/wire/sip/index.js';
import { WebPeer } from '../eims-agw/testbed.js';
import type { PhoneCall } from '../phone/index.js';
import { ALICE, BOB, type RawWic, SystemBed, WEBRTC_OFFER } from './testbed.js';

const TYPE: [string, string][] = [['Content-Type', 'application/sdp']];
const URI = 'sip:ep1.visited1.net:443;transport=ws';

/** A call of a client of another make, with a transport of its own, to bob. */
class RawCall {
  readonly bed = new SystemBed();
  readonly raw: RawWic;
  readonly peer: WebPeer;
  readonly bob: PhoneCall;
  #cseq = 500;
  #version = 0;
  readonly #callId = 'a-call@raw-1';
  readonly #toTag: string;
  answer: SessionDescription;

  constructor() {
    const { bed } = this;
    bed.bob.register();
    bed.until(() => bed.bob.registered);
    this.raw = bed.raw().begin();
    this.peer = new WebPeer(this.raw.host);
    const response = this.raw.ask('INVITE', BOB.impu, {
      headers: TYPE,
      body: this.describe('sendrecv'),
      callId: this.#callId,
      fromTag: 'mine',
      cseq: this.#cseq,
    });
    expect(response.status).toBe(200);
    this.#toTag = response.toTag() ?? '';
    this.answer = this.#learn(this.raw.responses.find(({ body }) => body.length > 0));
    this.#acknowledge(response);
    bed.pause(1);
    expect(this.peer.ready).toBe(true);
    this.bob = [...bed.bob.phone.calls][0] as PhoneCall;
  }

  describe(direction: string): string {
    const [head = ''] = WEBRTC_OFFER.split('m=');
    const text = this.peer.describe();
    const line = text.slice(text.indexOf('m=')).replaceAll('198.51.100.5', this.raw.host.address('access'));
    return `${head.replace('o=- 1 0', `o=- 1 ${this.#version++}`)}${line}a=${direction}\r\n`;
  }

  /** Sends a request with a description within the call; the answer is learnt. */
  change(method: 'INVITE' | 'UPDATE', body: string): SipResponse {
    const dialog = { callId: this.#callId, fromTag: 'mine', toTag: this.#toTag, to: BOB.impu };
    const headers = body === '' ? [] : TYPE;
    const response = this.raw.ask(method, URI, { ...dialog, headers, body, cseq: ++this.#cseq });
    if (response.status === 200 && response.body.length > 0) this.answer = this.#learn(response);
    if (method === 'INVITE' && response.status === 200) this.#acknowledge(response);
    return response;
  }

  #acknowledge(response: SipResponse): void {
    const dialog = { callId: this.#callId, fromTag: 'mine', toTag: this.#toTag, to: BOB.impu };
    this.raw.connection.send(this.raw.text('ACK', URI, { ...dialog, cseq: response.cseq()?.sequence ?? 0 }));
  }

  #learn(response: SipResponse | undefined): SessionDescription {
    const read = parseSdp(response?.body ?? '');
    const media = read.ok ? read.value.media[0] : undefined;
    if (!read.ok || media === undefined) throw new Error('no description');
    this.peer.meet({ session: read.value, media });
    return read.value;
  }

  /** Packets each side hears in a second in which bob talks and the WIC sends 50. */
  heard(): { readonly wic: number; readonly bob: number } {
    const before = { wic: this.peer.heard.length, bob: this.bob.received };
    for (let i = 0; i < 50; i++) {
      this.bed.kernel.schedule(i * 20_000, 'raw-1', () =>
        this.peer.transport.sendRtp(packet(this.#sequence++)),
      );
    }
    this.bed.pause(1.2);
    return { wic: this.peer.heard.length - before.wic, bob: this.bob.received - before.bob };
  }

  #sequence = 1;

  get lastModify(): string {
    return this.#modifies.at(-1) ?? '';
  }

  /** Commands that the eP-CSCF has sent the gateway so far. */
  get modifies(): number {
    return this.#modifies.length;
  }

  get #modifies(): string[] {
    const sent = this.bed.kernel.trace?.of('message.sent') ?? [];
    return sent.flatMap(({ entity, body: { message } }) =>
      entity === 'ep-cscf' && /Modify/.test(message.text ?? '') ? [message.text ?? ''] : [],
    );
  }

  end(): void {
    this.bob.hangUp();
    this.peer.transport.close();
    this.bed.until(() => this.bob.state === 'ended');
    expect(this.bed.world.eimsAgw.contexts).toEqual([]);
  }
}

/** G.711 of 20 ms. */
function packet(sequence: number): Uint8Array {
  const bytes = new Uint8Array(172);
  new DataView(bytes.buffer).setUint16(2, sequence);
  new DataView(bytes.buffer).setUint32(4, sequence * 160);
  bytes[0] = 0x80;
  bytes[11] = 9;
  return bytes;
}

const attributeOf = (session: SessionDescription, name: string): string =>
  session.media[0]?.attributes.find((one) => one.name === name)?.value ?? '';

describe('a change of the session by the WIC (24371-9)', () => {
  it.each(['INVITE', 'UPDATE'] as const)(
    '%s that restarts ICE is answered with new credentials of the gateway, and media go on',
    (method) => {
      const call = new RawCall();
      const before = attributeOf(call.answer, 'ice-ufrag');
      const fingerprint = attributeOf(call.answer, 'fingerprint');
      const invites = call.bed.sip('ep-cscf', 'message.sent', 'INVITE').length;
      call.peer.transport.restart();
      expect(call.change(method, call.describe('sendrecv')).status).toBe(200);
      expect(attributeOf(call.answer, 'ice-ufrag')).not.toBe(before);
      expect(attributeOf(call.answer, 'fingerprint')).toBe(fingerprint);
      expect(call.answer.origin?.sessionVersion).toBeGreaterThan(0);
      call.bed.pause(1);
      const { wic, bob } = call.heard();
      expect([wic, bob].every((packets) => packets >= 48)).toBe(true);
      // the core need not know
      expect(call.bed.sip('ep-cscf', 'message.sent', 'INVITE')).toHaveLength(invites);
      const realised = new Set(call.bed.kernel.trace?.of('requirement').flatMap(({ body }) => body.ids));
      expect([...realised]).toEqual(expect.arrayContaining(['24371-9-01', '24371-9-02', '24371-9-03']));
      call.end();
    },
  );

  it('hold and resume go on to the core, and the gate of the gateway follows (24371-9-06)', () => {
    const call = new RawCall();
    expect(call.heard().wic).toBeGreaterThanOrEqual(48);
    expect(call.change('INVITE', call.describe('sendonly')).status).toBe(200);
    expect(call.answer.media[0]?.attributes.some(({ name }) => name === 'recvonly')).toBe(true);
    const held = call.heard();
    expect(held.wic).toBe(0);
    expect(held.bob).toBeGreaterThanOrEqual(48);
    const invites = call.bed.sip('ep-cscf', 'message.sent', 'INVITE');
    expect(invites.at(-1)).toContain('a=sendonly');
    expect(call.lastModify).toMatch(
      /ip\/access[\s\S]*Mode = ReceiveOnly[\s\S]*ip\/core[\s\S]*Mode = SendOnly/,
    );
    expect(call.change('INVITE', call.describe('inactive')).status).toBe(200);
    expect(call.heard()).toEqual({ wic: 0, bob: 0 });
    expect(call.change('INVITE', call.describe('sendrecv')).status).toBe(200);
    const resumed = call.heard();
    expect([resumed.wic, resumed.bob].every((packets) => packets >= 45)).toBe(true);
    call.end();
  });

  it('what is not bridged gets 488, and the session goes on as it was', () => {
    const call = new RawCall();
    const other = call.describe('sendrecv').replace(/(a=fingerprint:sha-256 )../, '$100');
    expect(call.change('INVITE', other).status).toBe(488);
    expect(call.change('INVITE', call.describe('sendrecv').replace(/SAVPF 0/, 'SAVPF 8')).status).toBe(488);
    expect(call.change('INVITE', 'nonsense').status).toBe(488);
    expect(call.change('INVITE', '').status).toBe(488);
    const { modifies } = call;
    expect(call.change('UPDATE', '').status).toBe(200);
    expect(call.modifies).toBe(modifies);
    expect(call.heard().bob).toBeGreaterThanOrEqual(48);
    call.end();
  });
});

describe('a change of the session by the core', () => {
  const describeUe = (version: number, direction: string, port = 43_000): Uint8Array =>
    new TextEncoder().encode(
      [
        'v=0',
        `o=- 7 ${version} IN IP6 2001:db8:c::77`,
        's=-',
        't=0 0',
        `m=audio ${port} RTP/AVP 0`,
        'c=IN IP6 2001:db8:c::77',
        `a=${direction}`,
        '',
      ].join('\r\n'),
    );

  /** A call to alice from a user agent in the core, over the Path she is registered with. */
  function calledFromCore() {
    const bed = new SystemBed();
    bed.alice.open();
    bed.until(() => bed.alice.wic.registered);
    bed.pause(1);
    const host = bed.network.addHost({ name: 'caller', role: 'UE', addresses: { core: '2001:db8:c::77' } });
    const ua = new SipUserAgent(host, {
      endpoint: (user) => new SipEndpoint(host, { user, sentBy: '[2001:db8:c::77]' }),
      contact: '<sip:caller@[2001:db8:c::77]>',
      realm: 'core',
    });
    (ua.endpoint as SipEndpoint).listenUdp('core');
    const heard: Record<number, number> = {};
    const sockets = [43_000, 43_010].map((port) =>
      host.udp('core', port, () => {
        heard[port] = (heard[port] ?? 0) + 1;
      }),
    );
    const [register = ''] = bed.sip('ep-cscf', 'message.sent', 'REGISTER');
    const path = /^Path: (.*)\r$/m.exec(register)?.[1] ?? '';
    const contact = /^Contact: <([^>]*)>/m.exec(register)?.[1] ?? '';
    const request = ua.createRequest(
      'INVITE',
      contact,
      { from: 'sip:caller@home1.net', to: ALICE.impu },
      { sdp: describeUe(0, 'sendrecv'), headers: [['Route', path]] },
    );
    let state = '';
    const session = startInvite(ua, {
      request,
      hop: { realm: 'core', to: { ip: '2001:db8:a::1', port: 5060 } },
      on: {
        accepted: () => {
          state = 'up';
        },
        rejected: (status) => {
          state = String(status);
        },
        ended: () => {
          state = 'ended';
        },
      },
    });
    bed.until(() => state !== '');
    expect(state).toBe('up');
    bed.pause(1);
    const change = (sdp: Uint8Array): { status: number; text: string } => {
      let result: { status: number; text: string } | undefined;
      session.sendRequest(
        'INVITE',
        { sdp },
        {
          done: (status, response) => {
            result = { status, text: new TextDecoder().decode(response?.body) };
          },
        },
      );
      bed.until(() => result !== undefined);
      bed.pause(0.5);
      return result as { status: number; text: string };
    };
    const [alice] = [...bed.alice.phone.calls] as [PhoneCall];
    return { bed, session, heard, sockets, change, alice, state: () => state };
  }

  it('hold and resume go on to the WIC, whose media stop at the gate meanwhile', () => {
    const { bed, heard, change, alice, session } = calledFromCore();
    expect(heard[43_000]).toBeGreaterThan(40);
    const held = change(describeUe(1, 'sendonly'));
    expect(held.status).toBe(200);
    expect(held.text).toContain('a=recvonly');
    expect(alice.state).toBe('up');
    const before = heard[43_000];
    bed.pause(1);
    expect(heard[43_000]).toBe(before);
    expect(change(describeUe(2, 'sendrecv')).text).toContain('a=sendrecv');
    bed.pause(1);
    expect(heard[43_000]).toBeGreaterThan((before ?? 0) + 40);
    const offers = bed.sip('ep-cscf', 'message.sent', 'INVITE');
    expect(offers.map((text) => /^a=(send\w+)\r$/m.exec(text)?.[1])).toEqual([
      'sendrecv',
      'sendonly',
      'sendrecv',
    ]);
    session.bye();
    bed.until(() => bed.world.leftovers().length === 0);
    expect(bed.remains()).toEqual([]);
  });

  it('another address is learnt by the gateway alone', () => {
    const { bed, heard, change, session } = calledFromCore();
    const invites = bed.sip('ep-cscf', 'message.sent', 'INVITE').length;
    const moved = change(describeUe(1, 'sendrecv', 43_010));
    expect(moved.status).toBe(200);
    bed.pause(1);
    expect(heard[43_010]).toBeGreaterThan(40);
    expect(bed.sip('ep-cscf', 'message.sent', 'INVITE')).toHaveLength(invites);
    session.bye();
    bed.until(() => bed.world.leftovers().length === 0);
    expect(bed.remains()).toEqual([]);
  });
});
