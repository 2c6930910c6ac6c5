import { Kernel } from '../kernel/index.js';
import { parseSip, serializeSip } from '../wire/sip/index.js';
import { rate } from './measure.js';

const INVITE = `INVITE sip:user2_public1@home1.net SIP/2.0
Via: SIP/2.0/TCP ep1.visited1.net;branch=z9hG4bKmw7q0w1x2
Max-Forwards: 69
From: <sip:user1_public1@home1.net>;tag=4fa3kx0pq2
To: <sip:user2_public1@home1.net>
Call-ID: 8c21f0b7aa@ep1.visited1.net
CSeq: 1 INVITE
Contact: <sip:ep1.visited1.net>
Route: <sip:orig-3@scscf1.home1.net:5060;lr>
P-Asserted-Identity: <sip:user1_public1@home1.net>
P-Charging-Vector: icid-value="ab7kx19qpz";orig-ioi="Type 1visited1.net"
P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel
Supported: 100rel
Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, OPTIONS, NOTIFY
Content-Type: application/sdp
Content-Length: 154

v=0
o=- 1 1 IN IP6 2001:db8:a::10
s=-
t=0 0
m=audio 30000 RTP/AVP 0 126
c=IN IP6 2001:db8:a::10
a=rtpmap:126 telephone-event/8000
a=sendrecv
a=ptime:20
`;

/** SIP messages parsed, looked into as a proxy does, and serialised a second. */
export function sipMessages(): number {
  const bytes = new TextEncoder().encode(INVITE.replaceAll('\n', '\r\n'));
  return rate(() => {
    for (let i = 0; i < 1000; i++) {
      const read = parseSip(bytes);
      if (!read.ok) throw new Error(read.error.what);
      const message = read.value;
      message.via();
      message.cseq();
      message.fromTag();
      message.headers.removeFirst('Route');
      message.headers.prepend('Via', 'SIP/2.0/UDP scscf1.home1.net;branch=z9hG4bKx');
      serializeSip(message);
    }
  }, 1000);
}

/** Events a second through the kernel's queue, with a thousand timers pending. */
export function kernelEvents(): number {
  const events = 100_000;
  return rate(() => {
    const kernel = new Kernel();
    let left = events;
    const again = (): void => {
      if (left-- > 0) kernel.schedule((left * 7919) % 10_007, 'bench', again);
    };
    for (let i = 0; i < 1000; i++) kernel.schedule(i, 'bench', again);
    kernel.run({ events: 2 * events });
  }, events);
}
