import { webAccess } from '../../models/topologies/index.js';
import { Kernel } from '../kernel/index.js';
import { Network } from '../network/index.js';
import { retainedBytes } from './measure.js';

/** A WIC is opened every 2 ms, so that the web does not meet them all at once. */
const OPENED_EVERY_US = 2_000;

/**
 * How long the last one may take to register and to have its subscriptions, in microseconds of virtual time; after that
 * server transactions over UDP absorb retransmissions for 32 s yet (RFC 3261 17.2.2, Timer J).
 */
const SETTLE_US = 40_000_000;

/**
 * Bytes that a registered, idle WIC takes in the whole system: at the WIC, the eP-CSCF, the S-CSCF and the HSS, with its
 * subscriptions and its WebSocket, beyond what a host takes whose user has not opened the page.
 *
 * @param wics how many there are
 */
export function bytesPerRegisteredWic(wics: number): number {
  const topology = webAccess({ wics, ues: 0 });
  const kernel = new Kernel();
  const network = new Network(kernel, topology.network);
  const world = topology.build(kernel, network, {});
  const bytes = retainedBytes(() => {
    world.wics.forEach((wic, i) => {
      kernel.schedule(i * OPENED_EVERY_US, wic.host.name, () => wic.open());
    });
    const outcome = kernel.run({
      events: Number.MAX_SAFE_INTEGER,
      untilUs: kernel.now + wics * OPENED_EVERY_US + SETTLE_US,
    });
    if (outcome.status === 'failed') throw new Error(outcome.failure?.reason);
    return world;
  });
  const registered = world.wics.filter(({ wic }) => wic.registered).length;
  if (registered !== wics) throw new Error(`only ${registered} of ${wics} WICs are registered`);
  world.close();
  return bytes / wics;
}
