import { policyWith } from '../../models/common/index.js';
import { EimsAgw, eimsAgwPolicy } from '../../models/eims-agw/index.js';
import { Kernel } from '../kernel/index.js';
import { Network } from '../network/index.js';
import { MegacoEndpoint } from '../stack/megaco/index.js';
import { type Command, makeAction, streamsOf } from '../wire/megaco/index.js';
import { parseSdp } from '../wire/sdp/index.js';
import { rate } from './measure.js';

const PACKETS = 20_000;

/** RTP packets a second through the gateway's pipeline, from plain RTP to plain RTP, links included. */
export function gatewayPackets(): number {
  const kernel = new Kernel();
  const network = new Network(kernel);
  const controller = network.addHost({
    name: 'ep-cscf',
    role: 'eP-CSCF',
    addresses: { core: '2001:db8::1' },
  });
  const gateway = network.addHost({
    name: 'eims-agw',
    role: 'eIMS-AGW',
    addresses: { access: '192.0.2.10', core: '2001:db8::10' },
  });
  const left = network.addHost({ name: 'left', role: 'UE', addresses: { access: '192.0.2.20' } });
  const right = network.addHost({ name: 'right', role: 'UE', addresses: { core: '2001:db8::20' } });
  new EimsAgw(gateway, policyWith(eimsAgwPolicy));
  const megaco = new MegacoEndpoint(controller, { realm: 'core' });
  let port = 0;
  megaco.request(
    { ip: '2001:db8::10', port: 2944 },
    [makeAction('$', [add('access', 'IP4', '192.0.2.20'), add('core', 'IP6', '2001:db8::20')])],
    (result) => {
      const command = 'actions' in result ? result.actions[0]?.commands[0] : undefined;
      const local = command === undefined ? undefined : parseSdp(streamsOf(command)[0]?.local ?? '');
      port = local?.ok === true ? (local.value.media[0]?.port ?? 0) : 0;
    },
  );
  kernel.run({}, () => port > 0);
  let heard = 0;
  right.udp('core', 41000, () => {
    heard++;
  });
  const socket = left.udp('access', 41000, () => {});
  const packet = new Uint8Array(172);
  packet[0] = 0x80;
  const to = { ip: '192.0.2.10', port };
  const perSecond = rate(() => {
    heard = 0;
    for (let i = 0; i < PACKETS; i++) kernel.schedule(i, 'left', () => socket.send(packet, to));
    kernel.run({}, () => heard === PACKETS);
  }, PACKETS);
  megaco.close();
  return perSecond;
}

function add(realm: string, addressType: string, address: string): Command {
  const local = `v=0\r\nc=IN ${addressType} $\r\nm=audio $ RTP/AVP 0\r\n`;
  const remote = `v=0\r\nc=IN ${addressType} ${address}\r\nm=audio 41000 RTP/AVP 0\r\n`;
  const localControl = { mode: 'SendReceive', properties: [] } as const;
  const stream = { id: 1, localControl, local, remote, raw: [] };
  return {
    name: 'Add',
    terminationId: `ip/${realm}/$`,
    descriptors: [{ kind: 'Media', streams: [stream], raw: [] }],
  };
}
