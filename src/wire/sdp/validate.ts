import type { Finding } from '../parsed.js';
import { attribute, attributes } from './attributes.js';
import { parseCandidate } from './candidate.js';
import {
  choosePort,
  type MediaDescription,
  noPort,
  type Section,
  type SessionDescription,
} from './description.js';
import { inOrder, linesOf, rankOf } from './lines.js';
import { connectionOf, fingerprints, groups, mid, setup } from './readers.js';
import { isRtp, rtpMaps } from './rtp-maps.js';
import { sessionLines } from './serialize.js';

type Report = (what: string, where: string, rule: string) => void;

const token = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;
/** An `o=` line whose session version is too large for a number, which is why it stayed text. */
const longOrigin = /^\S+ \d+ \d{16,} \S+ \S+ \S+$/;
const iceChars = /^[A-Za-z0-9+/]+$/;

/**
 * Judges a session description: lines, their order and what must be there (RFC 8866 5, 9), and the form of the attributes
 * this project uses. H.248 descriptors, which leave lines out and use `$`, are not for it.
 *
 * @returns the findings, none for a correct description
 */
export function validateSdp(sdp: SessionDescription): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (what, where, rule) => findings.push({ what, where, rule });
  validateSession(sdp, report);
  const mids = new Set<string>();
  sdp.media.forEach((media, index) => {
    const at = `m=${media.media} (${index})`;
    const inMedia: Report = (what, where, rule) => report(what, where === '' ? at : `${at} ${where}`, rule);
    validateMedia(sdp, media, inMedia);
    const id = mid(media);
    if (id === undefined) return;
    if (!token.test(id)) inMedia('the tag is no token', 'a=mid', 'RFC 5888 4');
    if (mids.has(id)) inMedia(`${id} is used twice`, 'a=mid', 'RFC 5888 4');
    mids.add(id);
  });
  for (const group of groups(sdp)) {
    for (const id of group.mids) {
      if (!mids.has(id)) report(`no media description has the tag ${id}`, 'a=group', 'RFC 5888 5');
    }
  }
  return findings;
}

function validateSession(sdp: SessionDescription, report: Report): void {
  if (sdp.version === undefined) report('the line is missing', 'v=', 'RFC 8866 5.1');
  else if (sdp.version !== 0) report(`version ${sdp.version} is not 0`, 'v=', 'RFC 8866 5.1');
  const other = (type: string) => sdp.otherLines.some((line) => line.type === type);
  if (sdp.origin === undefined && !other('o')) report('the line is missing', 'o=', 'RFC 8866 5.2');
  if (sdp.origin !== undefined && !/^\d+$/.test(sdp.origin.sessionId)) {
    report('the session id is no number', 'o=', 'RFC 8866 5.2');
  }
  if (sdp.name === undefined) report('the line is missing', 's=', 'RFC 8866 5.3');
  else if (sdp.name === '') report('the name is empty', 's=', 'RFC 8866 5.3');
  if (sdp.timing.length === 0 && !other('t')) report('the line is missing', 't=', 'RFC 8866 5.9');
  validateSection(sdp, 'octbiuepzrk', report, sdp);
}

function validateMedia(sdp: SessionDescription, media: MediaDescription, report: Report): void {
  if (!token.test(media.media)) report('the media type is no token', '', 'RFC 8866 5.14');
  if (media.port > 65535 || media.port === choosePort || media.port === noPort) {
    report('the port is not in 0..65535', '', 'RFC 8866 5.14');
  }
  if (!media.proto.split('/').every((part) => token.test(part)))
    report('the proto is ill-formed', '', 'RFC 8866 9');
  if (media.formats.length === 0) report('no format', '', 'RFC 8866 5.14');
  if (!media.formats.every((format) => token.test(format))) report('a format is no token', '', 'RFC 8866 9');
  if (connectionOf(sdp, media) === undefined && !media.otherLines.some((line) => line.type === 'c')) {
    report('neither here nor in the session', 'c=', 'RFC 8866 5.7');
  }
  validateSection(media, 'icbk', report);
  if (isRtp(media)) validatePayloadTypes(media, report);
  validateSecurity(sdp, media, report);
}

/** The types of lines that may stand once and have been read into a field: another of them is one too many. */
function fieldsOf(session: SessionDescription): string {
  const { version, origin, connection } = session;
  return `s${version === undefined ? '' : 'v'}${origin === undefined ? '' : 'o'}${connection === undefined ? '' : 'c'}`;
}

/** Lines that no field holds, their order, and the attributes of one section. `types` are those that RFC 8866 9 has there. */
function validateSection(
  section: Section,
  types: string,
  report: Report,
  session?: SessionDescription,
): void {
  const lines = inOrder(session === undefined ? linesOf(section, []) : sessionLines(session), section.order);
  const ranks = lines.map(({ type }) => rankOf(type));
  if (ranks.some((rank, index) => rank < (ranks[index - 1] ?? 0))) {
    report('the lines are not in order', '', 'RFC 8866 9');
  }
  const read = session === undefined ? '' : fieldsOf(session);
  const once = new Set<string>();
  for (const { type, value } of section.otherLines) {
    const where = `${type}=`;
    const repeated = once.has(type) ? 'iuk'.includes(type) : read.includes(type);
    if (repeated) report('the line occurs twice', where, 'RFC 8866 9');
    else if (!types.includes(type)) report('no such line belongs here', where, 'RFC 8866 5');
    else if ('octb'.includes(type)) {
      const furtherConnection = type === 'c' && section.connection !== undefined;
      const form = type === 'o' ? longOrigin : furtherConnection ? /^\S+ \S+ \S+$/ : undefined;
      if (form?.test(value) !== true) report('the line cannot be read', where, 'RFC 8866 9');
    } else if (value === '') report('the line is empty', where, 'RFC 8866 9');
    once.add(type);
  }
  let directions = 0;
  for (const { name, value } of section.attributes) {
    if (!token.test(name)) report(`the attribute name ${name} is no token`, 'a=', 'RFC 8866 9');
    if (value === '') report('the value is empty', `a=${name}`, 'RFC 8866 9');
    if (value !== undefined && /[\0\r\n]/.test(value))
      report('a control character', `a=${name}`, 'RFC 8866 9');
    if (/^(sendrecv|sendonly|recvonly|inactive)$/.test(name)) directions += 1;
  }
  if (directions > 1) report('more than one direction', 'a=', 'RFC 8866 6.7');
  for (const value of attributes(section, 'candidate')) {
    const candidate = parseCandidate(value);
    const usable =
      candidate !== undefined &&
      candidate.component >= 1 &&
      candidate.component <= 256 &&
      candidate.port <= 65535 &&
      candidate.priority >= 1 &&
      candidate.priority < 2 ** 31 &&
      candidate.foundation.length <= 32 &&
      iceChars.test(candidate.foundation);
    if (!usable) report('the candidate is ill-formed', 'a=candidate', 'RFC 8839 5.1');
  }
  for (const value of attributes(section, 'fingerprint')) validateFingerprint(value, report);
  credentials(section, 'ice-ufrag', 4, report);
  credentials(section, 'ice-pwd', 22, report);
}

function credentials(section: Section, name: string, least: number, report: Report): void {
  const value = attribute(section, name);
  if (value === undefined) return;
  if (value.length < least || value.length > 256 || !iceChars.test(value)) {
    report(`not ${least} to 256 ICE characters`, `a=${name}`, 'RFC 8839 5.4');
  }
}

const hashBytes: Readonly<Record<string, number>> = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
};

function validateFingerprint(value: string, report: Report): void {
  const [, algorithm = '', digits = ''] = /^(\S+) ([0-9A-F]{2}(?::[0-9A-F]{2})*)$/.exec(value) ?? [];
  const name = algorithm.toLowerCase();
  const bytes = Object.hasOwn(hashBytes, name) ? hashBytes[name] : undefined;
  if (digits === '') report('the fingerprint is ill-formed', 'a=fingerprint', 'RFC 8122 5');
  else if (name === 'md5' || name === 'md2') {
    report(`${name} must not be used`, 'a=fingerprint', 'RFC 8122 5');
  } else if (bytes !== undefined && digits.length !== 3 * bytes - 1) {
    report(`the length is not that of ${name}`, 'a=fingerprint', 'RFC 8122 5');
  }
}

/** RFC 8866 6.6: a dynamic payload type needs an rtpmap. */
function validatePayloadTypes(media: MediaDescription, report: Report): void {
  const known = new Set(rtpMaps(media).map(({ payloadType }) => `${payloadType}`));
  for (const format of media.formats) {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) {
      report(`${format} is no payload type`, '', 'RFC 3551 6');
    } else if (!known.has(format) && media.port !== 0) {
      report(`payload type ${format} is not mapped`, 'a=rtpmap', 'RFC 8866 6.6');
    }
  }
}

function validateSecurity(sdp: SessionDescription, media: MediaDescription, report: Report): void {
  const ufrag = attribute(media, 'ice-ufrag') ?? attribute(sdp, 'ice-ufrag');
  const pwd = attribute(media, 'ice-pwd') ?? attribute(sdp, 'ice-pwd');
  if ((ufrag === undefined) !== (pwd === undefined)) {
    report('ice-ufrag and ice-pwd come together', 'a=ice-ufrag', 'RFC 8839 5.4');
  }
  const stated = attribute(media, 'setup') ?? attribute(sdp, 'setup');
  if (stated !== undefined && setup(sdp, media) === undefined) {
    report(`${stated} is no role`, 'a=setup', 'RFC 4145 4');
  }
  if (!/(^|\/)(DTLS|TLS)(\/|$)/.test(media.proto) || media.port === 0) return;
  if (fingerprints(sdp, media).length === 0) report('the line is missing', 'a=fingerprint', 'RFC 8122 5');
  if (media.proto.includes('DTLS') && stated === undefined) {
    report('the line is missing', 'a=setup', 'RFC 8842 5');
  }
}
