/**
 * IPv4, IPv6, UDP and TCP headers without a link layer (capture link type RAW, 101), and IP addresses as text and bytes.
 * Others use the exports below: senders of packets, the capture writer, and whoever compares addresses.
 *
 * Not supported: fragmentation, IPv4 options and IPv6 extension headers on sending; on reading, fragments and extension
 * headers come back as `other`. TCP options beyond the maximum segment size are bytes. No ICMP.
 */
export { canonicalIp, formatIp, type IpAddress, ipFromBytes, parseIp } from './address.js';
export {
  IP_PROTOCOL,
  type IpEndpoint,
  type IpFields,
  internetChecksum,
  pseudoHeaderSum,
  TCP_FLAG,
  type TcpSegmentInit,
  tcpSegment,
  type UdpDatagramInit,
  udpDatagram,
} from './packet.js';
export {
  type IpPacket,
  type OtherTransport,
  parseIpPacket,
  type TcpTransport,
  type UdpTransport,
} from './parse-packet.js';
