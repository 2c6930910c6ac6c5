import type { Finding } from '../parsed.js';
import type { MediaDescription, SessionDescription } from './description.js';
import { type Direction, direction, groups, mid, rtcpMux, setup } from './readers.js';
import { isRtp, rtpMaps } from './rtp-maps.js';

type Report = (what: string, where: string, rule: string) => void;

/** What may answer a direction (RFC 3264 6.1). */
const answersTo: Readonly<Record<Direction, readonly Direction[]>> = {
  sendrecv: ['sendrecv', 'sendonly', 'recvonly', 'inactive'],
  sendonly: ['recvonly', 'inactive'],
  recvonly: ['sendonly', 'inactive'],
  inactive: ['inactive'],
};

/**
 * Checks an answer against its offer (RFC 3264 6): the `m=` lines, their media types, protos, formats and directions, rejected
 * streams, and the agreements made in attributes (`mid`, `setup`, `rtcp-mux`, `BUNDLE`).
 *
 * @returns the findings, none where the answer fits the offer
 */
export function checkAnswer(offer: SessionDescription, answer: SessionDescription): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (what, where, rule) => findings.push({ what, where, rule });
  if (offer.media.length !== answer.media.length) {
    report(`${answer.media.length} media descriptions for ${offer.media.length}`, 'm=', 'RFC 3264 6');
  }
  if (writeTiming(offer) !== writeTiming(answer)) report('differs from the offer', 't=', 'RFC 3264 6');
  checkBundle(offer, answer, report);
  offer.media.forEach((offered, index) => {
    const answered = answer.media[index];
    if (answered === undefined) return;
    const at = `m=${offered.media} (${index})`;
    const inMedia: Report = (what, where, rule) => report(what, where === '' ? at : `${at} ${where}`, rule);
    checkMedia(offer, offered, answer, answered, inMedia);
  });
  return findings;
}

function checkMedia(
  offer: SessionDescription,
  offered: MediaDescription,
  answer: SessionDescription,
  answered: MediaDescription,
  report: Report,
): void {
  if (answered.media !== offered.media) report(`answered with ${answered.media}`, '', 'RFC 3264 6.1');
  if (answered.proto !== offered.proto) {
    report(`${answered.proto} answers ${offered.proto}`, '', 'RFC 3264 6');
  }
  const id = mid(offered);
  if (id !== undefined && id !== (mid(answered) ?? id))
    report(`${id} has become another`, 'a=mid', 'RFC 5888 9.1');
  if (answered.port === 0) return;
  // An m= line of port 0 that asks to be bundled is not a rejected one (RFC 8843 6).
  if (offered.port === 0 && !offered.attributes.some(({ name }) => name === 'bundle-only')) {
    report('an m= line offered with port 0 is answered with another', '', 'RFC 3264 6');
    return;
  }
  const from = direction(offer, offered);
  const to = direction(answer, answered);
  if (!answersTo[from].includes(to)) report(`${to} answers ${from}`, `a=${to}`, 'RFC 3264 6.1');
  if (!haveCommonFormat(offered, answered)) report('no format of the offer', '', 'RFC 3264 6.1');
  checkSetup(setup(offer, offered), setup(answer, answered), report);
  if (rtcpMux(answered) && !rtcpMux(offered)) report('not offered', 'a=rtcp-mux', 'RFC 5761 5.1.1');
}

/** RTP formats are the same when their codecs are: the payload types may differ in each direction (RFC 3264 5.1, 6.1). */
function haveCommonFormat(offered: MediaDescription, answered: MediaDescription): boolean {
  if (!isRtp(offered) || !isRtp(answered)) {
    return answered.formats.some((format) => offered.formats.includes(format));
  }
  const codecs = (media: MediaDescription) =>
    rtpMaps(media).map(({ encoding, clockRate, channels = 1 }) =>
      `${encoding}/${clockRate}/${channels}`.toLowerCase(),
    );
  const known = new Set(codecs(offered));
  return codecs(answered).some((codec) => known.has(codec));
}

/** RFC 4145 4.1, taken over for DTLS by RFC 8842 5.3. */
function checkSetup(offered: string | undefined, answered: string | undefined, report: Report): void {
  if (offered === undefined || answered === undefined) return;
  const fits =
    (offered === 'actpass' && answered !== 'actpass') ||
    (offered === 'active' && (answered === 'passive' || answered === 'holdconn')) ||
    (offered === 'passive' && (answered === 'active' || answered === 'holdconn')) ||
    (offered === 'holdconn' && answered === 'holdconn');
  if (!fits) report(`${answered} answers ${offered}`, 'a=setup', 'RFC 4145 4.1');
}

function checkBundle(offer: SessionDescription, answer: SessionDescription, report: Report): void {
  const offered = new Set(
    groups(offer).flatMap(({ semantics, mids }) => mids.map((id) => `${semantics} ${id}`)),
  );
  for (const { semantics, mids } of groups(answer)) {
    for (const id of mids) {
      if (!offered.has(`${semantics} ${id}`))
        report(`${id} was not offered in ${semantics}`, 'a=group', 'RFC 5888 9.2');
    }
  }
}

function writeTiming(sdp: SessionDescription): string {
  return sdp.timing.map(({ start, stop }) => `${start} ${stop}`).join();
}
