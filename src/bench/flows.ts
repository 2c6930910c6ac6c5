import { user, type WebAccess, webAccess } from '../../models/topologies/index.js';
import { Kernel } from '../kernel/index.js';
import { Network } from '../network/index.js';

const TOPOLOGY = webAccess({ wics: 1, ues: 1 });
const CALLED = user(2).impu;

/** How long people talk, in microseconds, and the packets that makes each way: one every 20 ms (RFC 3551 4.5). */
const TALK_US = 1_000_000;
const PACKETS = 50;

/** Most virtual time that one stage of the flow may take, in microseconds. */
const STAGE_US = 60_000_000;

/** How long the subscriptions that follow a registration may take, in microseconds of virtual time. */
const SUBSCRIPTION_US = 500_000;

let flows = 0;

/**
 * One whole flow, no two of a process with the same seed: a WIC logs in on the web and registers, a phone registers, the WIC calls the phone, they talk for a
 * second, the WIC hangs up.
 *
 * @returns the kernel at the end of it
 */
export function wholeFlow(trace: boolean): Kernel {
  const kernel = new Kernel({ trace, seed: ++flows });
  const network = new Network(kernel, TOPOLOGY.network);
  const world = TOPOLOGY.build(kernel, network, {});
  const [wic] = world.wics;
  const [ue] = world.ues;
  if (wic === undefined || ue === undefined) throw new Error('a user is missing');
  wic.open();
  ue.register();
  reach(world, 'both are registered', () => wic.wic.registered && ue.registered);
  pass(world, SUBSCRIPTION_US);
  const call = wic.call(CALLED);
  reach(world, 'the call is up', () => call.state === 'up');
  const [called] = ue.phone.calls;
  if (called === undefined) throw new Error('the phone has no call');
  reach(world, 'the phone knows it', () => called.state === 'up');
  pass(world, TALK_US);
  call.hangUp();
  reach(world, 'the call is over', () => call.state === 'ended' && called.state === 'ended');
  for (const { received } of [call, called])
    if (received < PACKETS - 10) throw new Error(`only ${received} packets were heard`);
  world.close();
  return kernel;
}

/** SIP messages that one whole flow takes. */
export function sipMessagesOfFlow(): number {
  let messages = 0;
  for (const { body } of wholeFlow(true).trace?.events ?? [])
    if (body.kind === 'message.sent' && body.message.protocol === 'SIP') messages++;
  return messages;
}

function reach({ kernel }: WebAccess, what: string, holds: () => boolean): void {
  const outcome = kernel.run({ untilUs: kernel.now + STAGE_US }, holds);
  if (outcome.status !== 'paused') throw new Error(`${what}: ${outcome.status} ${outcome.failure?.reason}`);
}

function pass({ kernel }: WebAccess, us: number): void {
  const outcome = kernel.run({ untilUs: kernel.now + us });
  if (outcome.status === 'failed') throw new Error(outcome.failure?.reason);
}
