import { describe, expect, it } from 'vitest';
import { runScenario, type Settings } from '../src/explore/index.js';
import type { Trace } from '../src/trace/index.js';
import { demux } from '../src/wire/rtp/index.js';
import { attributes, candidates, parseSdp } from '../src/wire/sdp/index.js';
import { imsUeToWic } from './call/ims-ue-to-wic.js';
import { wicToImsUe } from './call/wic-to-ims-ue.js';
import { srtpFlows } from './fixtures/srtp-flows.js';

type Policy = Settings[string];

/** A call with some of the WIC's options set, in which everything that was said is heard. */
function run(wic: Policy, scenario = wicToImsUe): Trace {
  const { violations, error, trace } = runScenario(scenario, { settings: { wic } });
  expect({ violations, error }).toEqual({ violations: [], error: undefined });
  expect(trace?.of('unexpected')).toEqual([]);
  return trace as Trace;
}

/** The first audio line that the WIC describes. */
function lineOf(trace: Trace) {
  for (const { entity, body } of trace.of('message.sent')) {
    const { text = '', protocol } = body.message;
    const at = text.indexOf('\r\n\r\nv=0');
    const read = entity === 'wic' && protocol === 'SIP' && at > 0 ? parseSdp(text.slice(at + 4)) : undefined;
    const line = read?.ok ? read.value.media[0] : undefined;
    if (line !== undefined) return line;
  }
  throw new Error('the WIC has described nothing');
}

/** Ports of the WIC from which SRTP and SRTCP went. */
function mediaPorts(trace: Trace): number[] {
  const ports = trace
    .of('packet.sent')
    .map(({ body }) => body.packet)
    .filter(({ from, protocol, data }) => from === 'wic' && protocol === 'udp' && demux(data[0]) === 'rtp')
    .map(({ src }) => src.port);
  return [...new Set(ports)].sort();
}

describe('what is set of the media of a WIC', () => {
  it.each(['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'])(
    'srtpProfiles: %s protects all of it',
    (profile) => {
      const flows = srtpFlows(run({ srtpProfiles: profile }));
      expect(flows.map((flow) => flow.profile)).toEqual([profile, profile]);
    },
  );

  it('rtcpMux: one port, two to fall back to, or two', () => {
    const said = (rtcpMux: string) => {
      const trace = run({ rtcpMux });
      const line = lineOf(trace);
      const words = ['rtcp-mux', 'rtcp-mux-only', 'rtcp'].filter((name) => attributes(line, name).length > 0);
      return [words, candidates(line).length, mediaPorts(trace).length];
    };
    expect(said('require')).toEqual([['rtcp-mux', 'rtcp-mux-only'], 1, 1]);
    expect(said('offer')).toEqual([['rtcp-mux', 'rtcp'], 2, 1]);
    expect(said('no')).toEqual([['rtcp'], 2, 2]);
  });

  it('ice and iceNomination: a WIC of RFC 5245 does not say ice2, nor is aggressive towards who does', () => {
    const checks = (trace: Trace): number =>
      trace
        .of('packet.sent')
        .filter(({ body }) => body.packet.from === 'wic' && demux(body.packet.data[0]) === 'stun').length;
    const newer = run({});
    const older = run({ ice: 'rfc5245', iceNomination: 'aggressive' });
    expect([newer, older].map((trace) => attributes(lineOf(trace), 'ice-options'))).toEqual([['ice2'], []]);
    // one to find the way, one to nominate it (RFC 8445 8.1.1)
    expect([newer, older].map(checks)).toEqual([2, 2]);
  });

  it('iceTcp: candidates of the kinds that it names, of which UDP is chosen', () => {
    const kinds = (iceTcp: string) => {
      const trace = run({ iceTcp, rtcpMux: 'require' });
      return candidates(lineOf(trace)).map(({ transport, tcpType }) =>
        `${transport} ${tcpType ?? ''}`.trim(),
      );
    };
    expect(kinds('none')).toEqual(['udp']);
    expect(kinds('active')).toEqual(['udp', 'tcp active']);
    expect(kinds('all')).toEqual(['udp', 'tcp active', 'tcp passive', 'tcp so']);
  });

  it('dtlsSetup, dtlsCurves, dtlsTimeoutMs: calls come up with either role and curve, and a browser’s timer', () => {
    for (const dtlsSetup of ['active', 'passive']) {
      expect(attributes(lineOf(run({ dtlsSetup }, imsUeToWic)), 'setup')).toEqual([dtlsSetup]);
    }
    for (const dtlsCurves of ['x25519', 'secp256r1']) run({ dtlsCurves, dtlsTimeoutMs: 50 });
  });

  it('codecs: each gets through, changed or not, frame by frame', () => {
    run({ codecs: 'AMR telephone-event' });
    for (const codecs of ['opus', 'AMR-WB', 'PCMA']) {
      for (const scenario of [wicToImsUe, imsUeToWic]) run({ codecs: `${codecs} telephone-event` }, scenario);
    }
  });
});
