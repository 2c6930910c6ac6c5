import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PhoneCall } from '../models/phone/index.js';
import type { Settings } from '../src/explore/index.js';
import { formatTape, type TapeEntry } from '../src/kernel/index.js';
import { SecureTransport, type TransportCounters } from '../src/stack/webrtc/index.js';
import type { Endpoint } from '../src/trace/index.js';
import { isRtcp } from '../src/wire/rtp/index.js';
import {
  attribute,
  parseStun,
  type StunAttribute,
  serializeStun,
  shortTermKey,
} from '../src/wire/stun/index.js';
import { type CallPair, MediaBed, type SentPacket } from './fixtures/media-bed.js';
import { MediaWatch } from './fixtures/media-watch.js';

/** Another seed and more runs find other tapes: IMSLAB_MEDIA_SEED and IMSLAB_MEDIA_RUNS. */
const SEED = Number(process.env.IMSLAB_MEDIA_SEED ?? 24371);
const RUNS = Number(process.env.IMSLAB_MEDIA_RUNS ?? 40);

let watch: MediaWatch;
beforeEach(() => {
  watch = new MediaWatch();
});
afterEach(() => watch.stop());

const FAULTS = ['drop', 'duplicate', 'delay', 'reorder', 'corrupt'] as const;
/** Packets of a direction: about 12 until there are keys, then speech. */
const PACKETS = 40;

interface Fault {
  readonly pair: number;
  readonly link: string;
  readonly index: number;
  readonly choice: (typeof FAULTS)[number];
}

const fault: fc.Arbitrary<Fault> = fc.record({
  pair: fc.nat(1),
  link: fc.constantFrom('wic>eims-agw', 'eims-agw>wic', 'eims-agw>ue', 'ue>eims-agw'),
  index: fc.nat(PACKETS),
  choice: fc.constantFrom(...FAULTS),
});

const faults = fc.uniqueArray(fault, {
  maxLength: 12,
  selector: ({ pair, link, index }) => `${pair} ${link} ${index}`,
});

/** Hosts have a number where there are several. */
const linkOf = (link: string, pair: number, pairs: number): string =>
  pairs === 1 ? link : link.replace(/wic|ue/, (host) => `${host}-${pair + 1}`);

const tapeOf = (those: readonly Fault[], pairs: number): TapeEntry[] =>
  those
    .filter(({ pair }) => pair < pairs)
    .map(({ pair, link, index, choice }) => ({ point: linkOf(link, pair, pairs), index, choice }));

/** Whether a fault of the tape changes plain media on their way, which nothing but the checksum of UDP would notice (RFC 768). */
const spoilsCore = (tape: readonly TapeEntry[]): boolean =>
  tape.some(({ point, choice }) => choice === 'corrupt' && /ue/.test(point));

/** What bears on media on the access: agents, ports, roles, profiles, and whether speech is transcoded. */
const settings: fc.Arbitrary<Settings> = fc
  .record({
    ice: fc.constantFrom('lite', 'full'),
    rtcpMux: fc.constantFrom('accept', 'decline'),
    dtlsRole: fc.constantFrom('passive', 'active'),
    srtpProfiles: fc.constantFrom('SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'),
    codecs: fc.constantFrom('opus PCMU', 'PCMU'),
  })
  .map(({ ice, rtcpMux, dtlsRole, srtpProfiles, codecs }) => ({
    'eims-agw': { ice },
    'ep-cscf': { rtcpMux, dtlsRole },
    wic: { srtpProfiles, codecs },
  }));

/** What one side has heard that the other has not said. */
function unsaid(hearer: PhoneCall, speaker: PhoneCall, damaged: boolean): string[] {
  const { sources, unrecognised } = hearer.heard;
  const voice = speaker.voice;
  return [
    ...sources.flatMap(({ stream, pitchHz, runs }) => {
      if (stream !== voice?.stream || pitchHz !== voice.pitchHz)
        return [`a voice of ${stream}, not of ${voice?.stream}`];
      const last = Math.max(...runs.map(({ to }) => to));
      // frames count from zero
      return last < speaker.sent ? [] : [`frame ${last} of ${speaker.sent}`];
    }),
    ...(damaged || unrecognised === 0 ? [] : [`${unrecognised} frames of nobody`]),
  ];
}

const ACCESS = ['access', 'home'];

/** What of the media can be read on an access. */
function readable(bed: MediaBed): string[] {
  const packets = bed.sent().filter(({ realm, protocol }) => ACCESS.includes(realm) && protocol === 'udp');
  const all = Buffer.concat(packets.flatMap(({ data }) => [data, BOUNDARY]));
  const secrets = new Set(
    [...watch.secrets(), ...corePayloads(bed)].map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  return [...secrets].filter((secret) => secret.length >= 8 && all.includes(secret, 0, 'latin1'));
}

const BOUNDARY = new Uint8Array(32).fill(0xa5);

/** Payloads of plain RTP, behind a header without extensions. */
function corePayloads(bed: MediaBed): Uint8Array[] {
  return bed
    .sent()
    .filter(
      ({ realm, protocol, data }) => realm === 'core' && protocol === 'udp' && (data[0] ?? 0) >> 6 === 2,
    )
    .flatMap(({ data }) => (isRtcp(data[1]) ? [] : [data.subarray(12)]));
}

/** RTP and RTCP on an access that no end has made under its keys. */
function unprotected(bed: MediaBed, forged: ReadonlySet<Uint8Array> = new Set()): number {
  return (
    bed
      .sent()
      .filter(
        ({ realm, protocol, data }) => ACCESS.includes(realm) && protocol === 'udp' && !forged.has(data),
      )
      // a translator passes on what was damaged before it
      .filter(({ from }) => from !== 'nat')
      .filter(({ data }) => (data[0] ?? 0) >= 128 && (data[0] ?? 0) < 192)
      .filter(({ data }) => !watch.sealed.has(Buffer.from(data).toString('hex'))).length
  );
}

/** Both ends of a call have come to the same end. */
const up = ({ wic, ue }: CallPair): boolean => wic.state === 'up' && ue()?.state === 'up';
const over = ({ wic, ue }: CallPair): boolean => wic.state === 'ended' && (ue() ?? wic).state === 'ended';

/** Fails with the tape in words. */
function judged(tape: readonly TapeEntry[], play: () => void): void {
  try {
    play();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`tape ${formatTape([...tape])}\n${what}`);
  }
}

describe('with any tape on the media links', () => {
  it('of one call: only the peer is heard, nothing can be read on the access, and nothing stays', () => {
    const directions = fc.constantFrom<'wic' | 'ue'>('wic', 'ue');
    let talked = 0;
    const property = fc.property(faults, directions, settings, fc.boolean(), (those, caller, set, natted) => {
      // faults strike before the translator, as seen from the gateway
      const tape = tapeOf(those, 1).map((entry) =>
        natted ? { ...entry, point: entry.point.replace('wic', 'nat') } : entry,
      );
      judged(tape, () => {
        watch.stop();
        watch = new MediaWatch();
        const bed = new MediaBed({ tape, settings: set, ...(natted ? { nat: {} } : {}) });
        bed.register();
        const call = bed.begin(0, caller);
        bed.until('the call is up or over on both sides', () => up(call) || over(call));
        bed.pause(500);
        const { wic } = call;
        const ue = call.ue();
        if (ue !== undefined) {
          const damaged = spoilsCore(tape);
          expect([unsaid(wic, ue, damaged), unsaid(ue, wic, damaged)]).toEqual([[], []]);
        }
        if (wic.received > 0) talked++;
        expect(watch.wronglyOpened()).toEqual([]);
        expect(readable(bed)).toEqual([]);
        expect(unprotected(bed)).toBe(0);
        wic.hangUp();
        bed.until('the call is over on both sides', () => over(call));
        expect(bed.remains()).toEqual([]);
      });
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED });
    // else nothing was shown
    expect(talked).toBeGreaterThan(RUNS / 2);
  });

  it('of two calls: none is heard in the other, nor are its packets taken there', () => {
    const moves = fc.array(
      fc.record({
        from: fc.nat(1),
        down: fc.boolean(),
        back: fc.integer({ min: 1, max: 12 }),
        rtcp: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    let crossed = 0;
    const property = fc.property(faults, moves, settings, (those, crossings, set) => {
      const tape = tapeOf(those, 2);
      judged(tape, () => {
        watch.stop();
        watch = new MediaWatch();
        const bed = new MediaBed({ tape, pairs: 2, settings: set });
        bed.register();
        const calls = [bed.begin(0), bed.begin(1)];
        bed.until('the calls are up or over on both sides', () =>
          calls.every((call) => up(call) || over(call)),
        );
        bed.pause(300);
        const forged = new Set<Uint8Array>();
        for (const { from, down, back, rtcp } of crossings) {
          const links = [0, 1].map((pair) => linkOf(down ? 'eims-agw>wic' : 'wic>eims-agw', pair, 2));
          const mine = bed
            .media(links[from] ?? '')
            .filter(({ data }) => !forged.has(data) && rtcp === isRtcp(data[1]));
          const theirs = bed.media(links[1 - from] ?? '').at(-1);
          const taken = mine.at(-back);
          if (taken === undefined || theirs === undefined) continue;
          crossed++;
          // its own packet of the same bytes is not to be mistaken for it
          const copy = taken.data.slice();
          forged.add(copy);
          bed.forge(theirs.from, 'access', theirs.src, theirs.dst, copy);
        }
        bed.pause(200);
        const damaged = spoilsCore(tape);
        for (const { wic, ue } of calls) {
          const far = ue();
          if (far !== undefined)
            expect([unsaid(wic, far, damaged), unsaid(far, wic, damaged)]).toEqual([[], []]);
        }
        const [one, other] = calls.map(({ wic }) => wic.voice?.stream);
        expect(one).not.toBe(other);
        expect(watch.wronglyOpened()).toEqual([]);
        expect(readable(bed)).toEqual([]);
        expect(unprotected(bed, forged)).toBe(0);
        for (const { wic } of calls) wic.hangUp();
        bed.until('the calls are over on both sides', () => calls.every(over));
        expect(bed.remains()).toEqual([]);
      });
    });
    fc.assert(property, { numRuns: Math.ceil(RUNS / 2), seed: SEED });
    expect(crossed).toBeGreaterThan(RUNS / 2);
  });
});

/** Reads the certificate's fingerprint wrongly out of what the peer says, at one host. */
function misread(host: string): () => void {
  const { prototype } = SecureTransport;
  const { setRemote } = prototype;
  prototype.setRemote = function (this: SecureTransport, remote) {
    const { fingerprints } = remote;
    const wrong = fingerprints?.map((one) => ({ ...one, value: Array(32).fill('CD').join(':') }));
    setRemote.call(
      this,
      this.host.name === host && wrong !== undefined ? { ...remote, fingerprints: wrong } : remote,
    );
  };
  return () => {
    prototype.setRemote = setRemote;
  };
}

const NOTIFY = /\b(?:N|Notify) ?= ?ip/;

describe('a fingerprint that is not that of the certificate', () => {
  it.each([
    ['wic', 'wic'],
    ['wic', 'ue'],
    ['eims-agw', 'wic'],
    ['eims-agw', 'ue'],
  ] as const)(
    'as %s has it, where the %s calls: an alert, no media, a Notify, and the end with a Reason',
    (host, caller) => {
      const undo = misread(host);
      try {
        const bed = new MediaBed();
        bed.register();
        const call = bed.begin(0, caller);
        bed.until('it is over', () => over(call), 60);
        const [wicSays, agwSays] = ['wic>eims-agw', 'eims-agw>wic'].map((link) => bed.sent(link));
        const alerts = (host === 'wic' ? wicSays : agwSays)?.filter(({ data }) => data[0] === 21) ?? [];
        // a fatal bad_certificate (RFC 8122 6.2; RFC 5246 7.2.2)
        expect(alerts.map(({ data }) => [...data.subarray(13, 15)])).toEqual([[2, 42]]);
        expect(watch.opened).toEqual([]);
        expect([...bed.media('wic>eims-agw'), ...bed.media('eims-agw>wic')]).toEqual([]);
        expect(
          bed.said('eims-agw', 'H.248', NOTIFY).filter((text) => text.includes('dtls/err')),
        ).toHaveLength(1);
        expect([call.wic.received, call.ue()?.received ?? 0]).toEqual([0, 0]);
        expect(call.wic.endReason).toMatchObject({ by: 'media' });
        // who was called refuses, who called takes the call back and says why (RFC 3326 2)
        if (caller === 'wic')
          expect(bed.said('wic', 'SIP', /^CANCEL [\s\S]*\r\nReason: RELEASE_CAUSE;cause=3;/)).toHaveLength(1);
        else expect(call.ue()?.endReason).toMatchObject({ by: 'remote', status: host === 'wic' ? 480 : 503 });
        expect(bed.remains()).toEqual([]);
      } finally {
        undo();
      }
    },
  );

  it.each(['wic', 'ue'] as const)(
    'where the %s calls, the eP-CSCF takes the call back and says why',
    (caller) => {
      const undo = misread('eims-agw');
      try {
        const bed = new MediaBed();
        bed.register();
        const call = bed.begin(0, caller);
        bed.until('it is over', () => over(call), 60);
        const [cancel = ''] = bed.said('ep-cscf', 'SIP', /^CANCEL /);
        expect(cancel).toContain('\r\nReason: SIP;cause=503;text="DTLS failure"\r\n');
      } finally {
        undo();
      }
    },
  );
});

/** The description of a transport that its host has given, as an eavesdropper of signalling would have it. */
const credentialsOf = (host: string): { readonly ufrag: string; readonly pwd: string } => {
  const { ufrag, pwd } = (watch.of(host).at(-1) as SecureTransport).local;
  return { ufrag, pwd };
};

/** A check as an agent would send it that knows user fragments, nominating at once. */
function checkOf(pwd: string, locals: string, remotes: string, number: number): Uint8Array {
  const attributes: StunAttribute[] = [
    { name: 'USERNAME', text: `${locals}:${remotes}` },
    { name: 'PRIORITY', value: 0x7effffff },
    { name: 'ICE-CONTROLLING', tieBreaker: 'ffffffffffffffff' },
    { name: 'USE-CANDIDATE' },
  ];
  const transactionId = new Uint8Array(12).fill(number);
  return serializeStun(
    { class: 'request', method: 1, transactionId, attributes },
    { integrityKey: shortTermKey(pwd), fingerprint: true },
  );
}

describe('STUN with bad integrity', () => {
  const STRANGER: Endpoint = { ip: '198.51.100.66', port: 4000 };

  /** A call while a stranger sends checks to the gateway from the beginning; what the stranger was answered, and who was selected. */
  function call(pwdOf: (pwd: string) => string): {
    readonly answers: readonly string[];
    readonly selected: string;
    readonly heard: boolean;
  } {
    const bed = new MediaBed();
    const stranger = bed.network.addHost({
      name: 'stranger',
      role: 'WIC',
      addresses: { access: STRANGER.ip },
    });
    const answers: string[] = [];
    const socket = stranger.udp('access', STRANGER.port, (data) => {
      const read = parseStun(data);
      const code = read.ok ? attribute(read.value, 'ERROR-CODE')?.code : undefined;
      answers.push(read.ok ? `${read.value.class} ${code ?? ''}`.trim() : 'no STUN');
    });
    bed.register();
    const pair = bed.begin();
    bed.until('the gateway has a transport', () => watch.of('eims-agw').length > 0);
    const wic = credentialsOf('wic');
    for (let number = 1; number <= 20; number++) {
      const agw = credentialsOf('eims-agw');
      const port = (watch.of('eims-agw')[0] as SecureTransport).local.defaults[0]?.address as Endpoint;
      socket.send(checkOf(pwdOf(agw.pwd), agw.ufrag, wic.ufrag, number), port);
      bed.pause(50);
    }
    bed.until('the call is up', () => up(pair));
    bed.pause(500);
    const [gateway] = watch.of('eims-agw');
    const { ip, port } = gateway?.selected()?.remote.address ?? { ip: 'nobody', port: 0 };
    const heard =
      pair
        .ue()
        ?.heard.sources.map(({ stream }) => stream)
        .join() === String(pair.wic.voice?.stream);
    socket.close();
    pair.wic.hangUp();
    bed.until('it is over', () => over(pair));
    expect(bed.remains()).toEqual([]);
    return { answers, selected: `${ip}:${port}`, heard };
  }

  it('gets 401, never a success, and makes no pair, though the stranger knows both user fragments', () => {
    const property = fc.property(fc.string({ minLength: 1, maxLength: 40 }), (guess) => {
      watch.stop();
      watch = new MediaWatch();
      const { answers, selected, heard } = call((pwd) => (guess === pwd ? `${guess}x` : guess));
      expect(new Set(answers)).toEqual(new Set(['error 401']));
      expect(selected).toBe('198.51.100.5:50000');
      expect(heard).toBe(true);
    });
    fc.assert(property, { numRuns: 3, seed: SEED });
  });

  it('is what keeps the stranger out: with the password the checks succeed', () => {
    expect(call((pwd) => pwd).answers).toContain('success');
  });
});

describe('SRTP and SRTCP', () => {
  const counts = (host: string): TransportCounters => ({
    ...(watch.of(host)[0] as SecureTransport).counters,
  });

  it.each([
    ['eims-agw', 'wic>eims-agw', 'SRTP_AEAD_AES_128_GCM'],
    ['wic', 'eims-agw>wic', 'SRTP_AEAD_AES_128_GCM'],
    ['eims-agw', 'wic>eims-agw', 'SRTP_AES128_CM_HMAC_SHA1_80'],
    ['wic', 'eims-agw>wic', 'SRTP_AES128_CM_HMAC_SHA1_80'],
  ] as const)(
    'at %s on %s, replayed or with a bad tag under %s: dropped and counted',
    (host, link, srtpProfiles) => {
      const bed = new MediaBed({ settings: { wic: { srtpProfiles } } });
      bed.register();
      const call = bed.talk();
      bed.pause(6000);
      const hearer = host === 'wic' ? call.wic : call.ue;
      const before = counts(host);
      const opened = watch.opened.length;
      let replays = 0;
      let damages = 0;
      const packets = [
        ...bed.rtp(link).slice(-40),
        ...bed
          .media(link)
          .filter(({ data }) => isRtcp(data[1]))
          .slice(-2),
      ];
      for (const { from, src, dst, data } of packets) {
        // of an own packet that is still under way this one might be the first
        bed.forge(from, 'access', src, dst, data.slice());
        replays++;
        for (const at of [data.length - 1, 13, 2]) {
          const damaged = data.slice();
          // of an RTP packet this may be another sequence number, which was not seen yet
          damaged[at] = (damaged[at] as number) + 1;
          bed.forge(from, 'access', src, dst, damaged);
          damages++;
        }
      }
      // as many RTP packets, and at least one report
      expect(replays).toBeGreaterThan(40);
      bed.pause(100);
      const { auth, replay, malformed } = counts(host);
      const refused = auth - before.auth + replay - before.replay + malformed - before.malformed;
      expect(refused).toBe(replays + damages);
      expect(replay - before.replay).toBeGreaterThanOrEqual(replays);
      expect(auth - before.auth).toBeGreaterThanOrEqual(40);
      expect(watch.wronglyOpened()).toEqual([]);
      expect(watch.opened.length).toBeGreaterThan(opened);
      expect(hearer.heard).toMatchObject({ duplicates: 0, unrecognised: 0, malformed: 0, lost: 0 });
      expect(bed.end(call)).toEqual([]);
    },
  );
});

describe('truncated, oversized and damaged packets', () => {
  type Doing = 'cut' | 'grow' | 'flip' | 'noise';
  const spoiled = fc.record({
    doing: fc.constantFrom<Doing>('cut', 'grow', 'flip', 'noise'),
    /** Which of the packets there have been. */
    nth: fc.nat(200),
    at: fc.nat(1500),
    noise: fc.uint8Array({ minLength: 0, maxLength: 80 }),
    stranger: fc.boolean(),
  });

  function spoil(
    data: Uint8Array,
    { doing, at, noise }: { doing: Doing; at: number; noise: Uint8Array },
  ): Uint8Array {
    const place = data.length === 0 ? 0 : at % data.length;
    if (doing === 'cut') return data.slice(0, place);
    if (doing === 'noise') return noise;
    const more = data.slice();
    if (doing === 'grow') {
      const grown = new Uint8Array(Math.min(65_507, data.length + at * 40));
      grown.set(data);
      return grown;
    }
    for (const [i, byte] of noise.entries()) more[(place + i) % more.length] = byte;
    return more;
  }

  it('to the media ports of the gateway and the WIC, while the call is made and in it: nothing throws, nothing of it is heard', () => {
    const times = fc.array(
      fc.record({ afterMs: fc.nat(60), packets: fc.array(spoiled, { maxLength: 12 }) }),
      {
        minLength: 10,
        maxLength: 16,
      },
    );
    let sentSpoiled = 0;
    const property = fc.property(times, (rounds) => {
      watch.stop();
      watch = new MediaWatch();
      const bed = new MediaBed();
      bed.register();
      const call = bed.begin();
      bed.until('there are media ports', () => bed.sent('wic>eims-agw').length > 0);
      // as if fragments were put together on the way (RFC 791 3.2)
      for (const [from, to] of [
        ['wic', 'eims-agw'],
        ['eims-agw', 'wic'],
      ] as const) {
        bed.network.link(from, to).configure({ mtu: 65_535 });
      }
      for (const { afterMs, packets } of rounds) {
        bed.pause(afterMs);
        const known: SentPacket[] = [...bed.sent('wic>eims-agw'), ...bed.sent('eims-agw>wic')];
        for (const one of packets) {
          const packet = known[one.nth % known.length] as SentPacket;
          const data = spoil(packet.data, one);
          const src = one.stranger ? { ip: packet.src.ip, port: 4001 } : packet.src;
          bed.forge(packet.from, 'access', src, packet.dst, data);
          sentSpoiled++;
        }
      }
      bed.until('the call is up or over on both sides', () => up(call) || over(call));
      bed.pause(300);
      const ue = call.ue();
      if (ue !== undefined)
        expect([unsaid(call.wic, ue, false), unsaid(ue, call.wic, false)]).toEqual([[], []]);
      expect(watch.wronglyOpened()).toEqual([]);
      call.wic.hangUp();
      bed.until('the call is over on both sides', () => over(call));
      expect(bed.remains()).toEqual([]);
    });
    fc.assert(property, { numRuns: RUNS / 2, seed: SEED });
    expect(sentSpoiled).toBeGreaterThan(RUNS);
  });

  it('to the media port of the core, from a stranger: dropped by the filter, and nothing of it is heard', () => {
    const bed = new MediaBed();
    bed.network.addHost({ name: 'stranger', role: 'UE', addresses: { core: '2001:db8:c::99' } });
    bed.register();
    const call = bed.talk();
    const property = fc.property(spoiled, (one) => {
      const known = bed.rtp('ue>eims-agw');
      const packet = known[one.nth % known.length] as SentPacket;
      const data = one.doing === 'flip' ? packet.data.slice() : spoil(packet.data, one);
      // what is whole comes from another source than the phone
      if (one.doing === 'flip') data[11] = (data[11] as number) ^ 1;
      bed.forge('stranger', 'core', { ip: '2001:db8:c::99', port: packet.src.port }, packet.dst, data);
      bed.pause(3);
      expect(unsaid(call.wic, call.ue, false)).toEqual([]);
      expect(call.wic.heard).toMatchObject({ duplicates: 0, late: 0, malformed: 0, lost: 0 });
    });
    fc.assert(property, { numRuns: 50, seed: SEED });
    expect(bed.rtp('stranger>eims-agw').length).toBeGreaterThan(10);
    expect(bed.rtp('eims-agw>wic').length).toBeLessThanOrEqual(bed.rtp('ue>eims-agw').length);
    expect(bed.end(call)).toEqual([]);
  });
});
