import type { Finding } from '../parsed.js';
import { FEEDBACK_FORMAT, type RtcpPacket, SDES } from './packet.js';

/**
 * What is wrong with the packets of a datagram.
 *
 * @param reducedSize - whether `a=rtcp-rsize` was agreed, so that feedback may come without a report and SDES (RFC 5506 4.1)
 */
export function validateRtcp(packets: readonly RtcpPacket[], reducedSize = false): Finding[] {
  const findings: Finding[] = [];
  const find = (what: string, where: string, rule: string): void => {
    findings.push({ what, where, rule });
  };
  const [first] = packets;
  if (first === undefined) find('no packet', 'compound', 'RFC 3550 6.1');
  else if (!isReport(first)) {
    if (!reducedSize) find(`begins with ${first.type}, not with SR or RR`, 'compound', 'RFC 3550 6.1');
  } else if (!packets.some(hasCname)) find('no SDES with a CNAME', 'compound', 'RFC 3550 6.1');
  packets.forEach((packet, index) => {
    if (packet.paddingBytes !== undefined && index < packets.length - 1) {
      find('padding before the last packet', packet.type, 'RFC 3550 6.4.1');
    }
    validatePacket(packet, find);
  });
  return findings;
}

function isReport({ type }: RtcpPacket): boolean {
  return type === 'SR' || type === 'RR';
}

function hasCname(packet: RtcpPacket): boolean {
  return (
    packet.type === 'SDES' && packet.chunks.some(({ items }) => items.some(({ type }) => type === SDES.CNAME))
  );
}

function validatePacket(packet: RtcpPacket, find: (what: string, where: string, rule: string) => void): void {
  switch (packet.type) {
    case 'SDES':
      for (const { ssrc, items } of packet.chunks) {
        const cnames = items.filter(({ type }) => type === SDES.CNAME);
        if (cnames.length > 1) find(`${cnames.length} CNAMEs of source ${ssrc}`, 'SDES', 'RFC 3550 6.5.1');
        if (cnames.some(({ value }) => value.length === 0)) {
          find(`empty CNAME of source ${ssrc}`, 'SDES', 'RFC 3550 6.5.1');
        }
      }
      break;
    case 'BYE':
      if (packet.ssrcs.length === 0) find('no source', 'BYE', 'RFC 3550 6.6');
      break;
    case 'NACK':
      if (packet.pairs.length === 0) find('no lost packet', 'NACK', 'RFC 4585 6.2.1');
      break;
    case 'FIR':
      if (packet.requests.length === 0) find('no source', 'FIR', 'RFC 5104 4.3.1');
      if (packet.mediaSsrc !== 0) find('SSRC of media source is not 0', 'FIR', 'RFC 5104 4.3.1.2');
      break;
    case 'PSFB':
      if (packet.format === FEEDBACK_FORMAT.PLI) find('PLI with content', 'PSFB', 'RFC 4585 6.3.1.2');
      if (packet.format === FEEDBACK_FORMAT.FIR) find('FIR with half an entry', 'PSFB', 'RFC 5104 4.3.1.1');
      break;
    default:
  }
}
