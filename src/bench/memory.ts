import { type WebAccess, webAccess } from '../../models/topologies/index.js';
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
 * WICs of the run before the measured one. The first run in a process leaves behind what no later one adds to, about 7 MB
 * of compiled code with what the engine has learnt about it, and up to 5 MB in caches that have a bound (signatures,
 * verdicts on tokens, header values read, the curve's tables). That is what the program takes, however many WICs there
 * are; divided by their number it would count 12 kB to each of a thousand and 1 kB to each of ten thousand. So many WICs
 * fill the caches.
 */
const WARM_UP_WICS = 600;

/**
 * Bytes that a registered, idle WIC takes in the whole system: its host with the user, the WIC and the phone, and at the
 * eP-CSCF, the S-CSCF and the HSS its registration, its subscriptions, and its WebSocket with TLS and TCP below.
 *
 * @param wics how many there are
 */
export function bytesPerRegisteredWic(wics: number): number {
  warmUp();
  let world: WebAccess | undefined;
  const bytes = retainedBytes(() => {
    world = registeredWics(wics);
    return world;
  });
  world?.close();
  return bytes / wics;
}

/** In a function of its own, since the world has to be gone when memory is measured. */
function warmUp(): void {
  registeredWics(WARM_UP_WICS).close();
}

/** A system with so many WICs, all of them registered and at rest. */
function registeredWics(wics: number): WebAccess {
  const topology = webAccess({ wics, ues: 0 });
  const kernel = new Kernel();
  const world = topology.build(kernel, new Network(kernel, topology.network), {});
  world.wics.forEach((wic, i) => {
    kernel.schedule(i * OPENED_EVERY_US, wic.host.name, () => wic.open());
  });
  const outcome = kernel.run({
    events: Number.MAX_SAFE_INTEGER,
    untilUs: wics * OPENED_EVERY_US + SETTLE_US,
  });
  if (outcome.status === 'failed') throw new Error(outcome.failure?.reason);
  const registered = world.wics.filter(({ wic }) => wic.registered).length;
  if (registered !== wics) throw new Error(`only ${registered} of ${wics} WICs are registered`);
  return world;
}
