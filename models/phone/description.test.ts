import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answeringSetup, type LocalTransport } from '../../src/stack/webrtc/index.js';
import {
  checkAnswer,
  groups,
  hasAttribute,
  type MediaDescription,
  parseSdp,
  setup,
  validateSdp,
} from '../../src/wire/sdp/index.js';
import { chooseLine, destinationOf, type LocalEnd, makeAnswer, makeOffer } from './description.js';
import { plainProfile, webRtcProfile } from './index.js';

const FOLDER = 'src/wire/sdp/fixtures/chromium';
const author = { sessionId: '42' };
const local = { ip: '198.51.100.5', port: 50_000 };
const candidate = {
  foundation: '1',
  component: 1,
  transport: 'udp',
  priority: 2_130_706_431,
  address: local,
  type: 'host',
} as const;
const endWith = (said: Pick<LocalTransport, 'setup' | 'rtcpMux'>): LocalEnd => ({
  local,
  transport: {
    ufrag: 'ufra',
    pwd: 'p'.repeat(22),
    candidates: [candidate],
    defaults: [candidate],
    lite: false,
    options: ['ice2'],
    fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') },
    ...said,
  },
});

function read(text: string) {
  const parsed = parseSdp(new TextEncoder().encode(text));
  if (!parsed.ok) throw new Error(parsed.error.what);
  return parsed.value;
}

const offers = readdirSync(FOLDER, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('offer.sdp'))
  .map((name) => ({ name, offer: read(readFileSync(`${FOLDER}/${name}`, 'utf8')) }));

describe('an answer of a phone', () => {
  it.each(offers)(
    'fits $name, takes one line of it and refuses the others, and bundles nothing',
    ({ offer }) => {
      const choice = chooseLine(offer, webRtcProfile('access'));
      if (choice === undefined) {
        const servable = offer.media.some(
          ({ media, proto }) => media === 'audio' && proto === 'UDP/TLS/RTP/SAVPF',
        );
        const described =
          /a=fingerprint/.test(JSON.stringify(offer.media)) || hasAttribute(offer, 'fingerprint');
        expect(servable && described && offer.media.some((line) => hasAttribute(line, 'ice-pwd'))).toBe(
          false,
        );
        return;
      }
      const line = offer.media[choice.index] as MediaDescription;
      const answer = makeAnswer(
        offer,
        choice,
        author,
        endWith({
          setup: answeringSetup(setup(offer, line)),
          rtcpMux: choice.mux ? 'require' : 'none',
        }),
        0,
      );
      expect(checkAnswer(offer, answer)).toEqual([]);
      expect(validateSdp(answer)).toEqual([]);
      expect(groups(answer)).toEqual([]);
      expect(answer.media.map(({ port }) => port)).toEqual(
        offer.media.map((_, index) => (index === choice.index ? 50_000 : 0)),
      );
    },
  );

  it('was made for most of those offers', () => {
    const taken = offers.filter(({ offer }) => chooseLine(offer, webRtcProfile('access')) !== undefined);
    expect(taken.length).toBeGreaterThan(offers.length / 2);
  });
});

describe('an offer of a phone', () => {
  it('has nothing that a validator objects to, with either profile and either family of addresses', () => {
    const plain = makeOffer(plainProfile('core', ['PCMU', 'PCMA', 'AMR-WB', 'telephone-event']), author, {
      local: { ip: '2001:db8:c::30', port: 41_000 },
    });
    expect(validateSdp(plain)).toEqual([]);
    expect(plain.media[0]?.proto).toBe('RTP/AVP');
    expect(plain.media[0]?.connection?.addrType).toBe('IP6');
    expect(
      validateSdp(
        makeOffer(webRtcProfile('access'), author, endWith({ setup: 'actpass', rtcpMux: 'require' })),
      ),
    ).toEqual([]);
  });
});

describe('the far end of a plain line', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';
  const audio = 'm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n';
  const farEnd = (lines: string) => {
    const description = read(`${head}${lines}`);
    const line = description.media[0];
    return line && destinationOf(description, line);
  };
  const at = (port: number, ip = '192.0.2.7') => ({ ip, port });

  it('has RTCP on the next port, where a=rtcp says, or on the same with a=rtcp-mux', () => {
    expect(farEnd(audio)).toEqual({ rtp: at(4000), rtcp: at(4001) });
    expect(farEnd(`${audio}a=rtcp:5000\r\n`)).toEqual({ rtp: at(4000), rtcp: at(5000) });
    expect(farEnd(`${audio}a=rtcp:5000 IN IP4 192.0.2.8\r\n`)?.rtcp).toEqual(at(5000, '192.0.2.8'));
    expect(farEnd(`${audio}a=rtcp-mux\r\n`)).toEqual({ rtp: at(4000), rtcp: at(4000) });
  });

  it('is nowhere on hold of old, on the discard port and without an address', () => {
    expect(farEnd('m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n')).toBeUndefined();
    expect(farEnd('m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\n')).toBeUndefined();
    expect(farEnd('m=audio 4000 RTP/AVP 0\r\n')).toBeUndefined();
  });
});
