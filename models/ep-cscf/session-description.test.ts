import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  attribute,
  checkAnswer,
  direction,
  type MediaDescription,
  makeAttribute,
  parseSdp,
  removeAttributes,
  type SessionDescription,
  serializeSdp,
  setDirection,
  validateSdp,
} from '../../src/wire/sdp/index.js';
import {
  type AccessReservation,
  accessAnswer,
  accessOffer,
  coreAnswer,
  coreOffer,
  isCarried,
  type TranslationPolicy,
} from './session-description.js';

const policy: TranslationPolicy = {
  coreProfile: 'RTP/AVP',
  rtcpMux: true,
  coreCodecs: ['opus', 'pcmu', 'pcma', 'amr', 'amr-wb', 'telephone-event'],
  addedToCore: [],
  addedToWic: [],
};

const access = (offer: SessionDescription, lite = true): AccessReservation => ({
  lines: reserved(offer, 'access'),
  lite,
});

const fixtures = new URL('../../src/wire/sdp/fixtures/chromium/', import.meta.url);
const read = (text: string): SessionDescription => {
  const result = parseSdp(text);
  if (!result.ok) throw new Error(result.error.what);
  return result.value;
};
const chromium = (name: string): SessionDescription => read(readFileSync(new URL(name, fixtures), 'utf8'));

/** What a gateway would have reserved for each carried line. */
function reserved(offer: SessionDescription, realm: 'access' | 'core'): MediaDescription[] {
  const ip = realm === 'access' ? '192.0.2.10' : '2001:db8:a::10';
  return offer.media.filter(isCarried).map((line, index) => ({
    ...line,
    port: (realm === 'access' ? 20000 : 30000) + 2 * index,
    connection: { netType: 'IN', addrType: realm === 'access' ? 'IP4' : 'IP6', address: ip },
    attributes:
      realm === 'core'
        ? []
        : [
            makeAttribute('ice-ufrag', 'agwA'),
            makeAttribute('ice-pwd', 'Wm3Jc9DfX5uGt0KaQe7ViB'),
            makeAttribute('candidate', `1 1 UDP 2130706431 ${ip} ${20000 + 2 * index} typ host`),
            makeAttribute('fingerprint', `sha-256 ${Array(32).fill('AB').join(':')}`),
            makeAttribute('setup', 'passive'),
            makeAttribute('rtcp-mux'),
          ],
  }));
}

const EDGE =
  /^a=(candidate|ice-|fingerprint|setup|group|mid|msid|ssrc|extmap|rtcp-mux|rtcp:|rtcp-rsize|bundle-only|tls-id)/m;

const offers = readdirSync(fixtures).filter(
  (name) => name.endsWith('offer.sdp') && !name.includes('datachannel-only'),
);

describe('towards the core', () => {
  it.each(offers)('no WebRTC line of %s gets past the access edge', (name) => {
    const offer = chromium(name);
    const sent = coreOffer(offer, reserved(offer, 'core'), policy, () => {});
    const text = serializeSdp(sent);
    expect(text).not.toMatch(EDGE);
    expect(sent.media).toHaveLength(offer.media.length);
    expect(validateSdp(sent)).toEqual([]);
    for (const line of sent.media.filter(({ port }) => port > 0)) {
      expect(line.proto).toBe('RTP/AVP');
      expect(line.connection?.address).toBe('2001:db8:a::10');
    }
  });

  it('realises removal of BUNDLE only where there was BUNDLE (24371-5D.4-03)', () => {
    const seen: string[] = [];
    const offer = chromium('audio-only.offer.sdp');
    coreOffer(offer, reserved(offer, 'core'), policy, (id) => seen.push(id));
    expect(seen).toContain('24371-5D.4-03');
    const without = { ...offer, attributes: offer.attributes.filter(({ name }) => name !== 'group') };
    const second: string[] = [];
    coreOffer(without, reserved(offer, 'core'), policy, (id) => second.push(id));
    expect(second).not.toContain('24371-5D.4-03');
  });

  it('leaves a browser’s unknown codecs out and keeps its order of preference (24371-7.4.2-12)', () => {
    const offer = chromium('audio-only.offer.sdp');
    const sent = coreOffer(offer, reserved(offer, 'core'), policy, () => {});
    expect(sent.media[0]?.formats).toEqual(['111', '0', '8', '110', '126']);
  });
});

describe('towards the WIC', () => {
  /** The core takes the first codec of every line, and the direction that fits. */
  const coreReply = (offer: SessionDescription): SessionDescription => {
    const sent = coreOffer(offer, reserved(offer, 'core'), policy, () => {});
    const mirror = {
      sendrecv: 'sendrecv',
      sendonly: 'recvonly',
      recvonly: 'sendonly',
      inactive: 'inactive',
    } as const;
    const media = sent.media.map((line) => {
      if (line.port === 0) return line;
      const format = line.formats[0] as string;
      const attributes = line.attributes.filter(
        ({ name, value }) => name === 'rtpmap' && value?.startsWith(`${format} `),
      );
      const answered = { ...line, port: 41000, formats: [format], attributes };
      return setDirection(answered, mirror[direction(sent, line)]);
    });
    return { ...sent, media };
  };

  it.each(offers)('the answer to %s is an answer by RFC 3264, without BUNDLE, from the gateway', (name) => {
    const offer = chromium(name);
    const answer = accessAnswer(offer, coreReply(offer), access(offer), () => {});
    expect(checkAnswer(offer, answer)).toEqual([]);
    expect(validateSdp(answer)).toEqual([]);
    const text = serializeSdp(answer);
    expect(text).not.toContain('BUNDLE');
    expect(text).toContain('a=ice-lite');
    answer.media.forEach((line, index) => {
      expect(attribute(line, 'mid')).toBe(attribute(offer.media[index] as MediaDescription, 'mid'));
      if (line.port > 0) expect(attribute(line, 'setup')).toBe('passive');
    });
  });

  it('an answer without rtcp-mux follows from a reservation without', () => {
    const offer = chromium('audio-only.offer.sdp');
    const { lines } = access(offer);
    const declined = lines.map((line) => removeAttributes(line, ['rtcp-mux']));
    const text = serializeSdp(
      accessAnswer(offer, coreReply(offer), { lines: declined, lite: false }, () => {}),
    );
    expect(text).not.toContain('rtcp-mux');
    expect(text).not.toContain('ice-lite');
  });

  it('a plain IMS offer becomes a WebRTC offer, and the answer a plain one again (24371-7.4.3)', () => {
    const plain = read(
      'v=0\r\no=- 91 1 IN IP6 2001:db8:c::30\r\ns=-\r\nt=0 0\r\nm=audio 41000 RTP/AVP 0 126\r\nc=IN IP6 2001:db8:c::30\r\na=rtpmap:126 telephone-event/8000\r\n',
    );
    const offer = accessOffer(plain, access(plain), policy, () => {});
    expect(offer.media[0]?.proto).toBe('UDP/TLS/RTP/SAVPF');
    expect(serializeSdp(offer)).toMatch(/a=mid:0\r\n/);
    expect(serializeSdp(offer)).toMatch(/a=ice-ufrag:agwA/);
    const wic = chromium('audio-only.answer.sdp');
    const back = coreAnswer(plain, wic, reserved(plain, 'core'), () => {});
    expect(back.media[0]?.proto).toBe('RTP/AVP');
    expect(serializeSdp(back)).not.toMatch(EDGE);
  });
});
