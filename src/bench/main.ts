import { kernelEvents, sipMessages } from './codecs.js';
import { sipMessagesOfFlow, wholeFlow } from './flows.js';
import { gatewayPackets, iceDtlsSetupMs, securePackets } from './gateway.js';
import { rate } from './measure.js';
import { bytesPerRegisteredWic } from './memory.js';
import { timeShare } from './time-share.js';

/*
 * V8 sees that the objects of a run live as long as the run and begins to make them in its old space, where they stay until the
 * next full collection, which costs an eighth of the speed. `npm run bench` asks it not to, and for room for several runs in the
 * young space; who runs campaigns should do the same.
 */

/** What was measured, the least or most that it has to be, and whether it is. */
interface Row {
  readonly value: number;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly holds?: boolean;
}

const FLOWS_PROFILED = 100;

/** Least whole flows, ICE and DTLS-SRTP included; with a trace half as many. */
const FLOWS_PER_SECOND = 60;

/** A whole flow runs through so much code that the engine is still compiling it after seconds. */
const WARM_UP_S = 8;

/** Most that the bytes of one WIC may differ between a thousand and ten thousand of them. */
const LINEAR_WITHIN = 0.25;

function row(value: number, unit: string, atLeast?: number): Row {
  const rounded = Math.round(value);
  return atLeast === undefined
    ? { value: rounded, unit }
    : { value: rounded, unit, atLeast, holds: rounded >= atLeast };
}

function memoryRow(value: number, atMost: number): Row {
  return { value: Math.round(value), unit: 'bytes', atMost: Math.round(atMost), holds: value <= atMost };
}

function timeRow(value: number, atMost: number): Row {
  return { value: Math.round(value * 100) / 100, unit: 'ms', atMost, holds: value <= atMost };
}

// flows before memory: a heap that has held ten thousand WICs makes them slower by a quarter
const flowRate = rate(() => wholeFlow(false), 1, 4, WARM_UP_S);
const tracedRate = rate(() => wholeFlow(true), 1, 4, WARM_UP_S);
const small = bytesPerRegisteredWic(1_000);
const large = bytesPerRegisteredWic(10_000);

const rows: Record<string, Row> = {
  wholeFlowsPerSecond: row(flowRate, 'flows/s', FLOWS_PER_SECOND),
  wholeFlowsPerSecondTraced: row(tracedRate, 'flows/s', FLOWS_PER_SECOND / 2),
  sipMessagesParsedAndSerialisedPerSecond: row(sipMessages(), 'messages/s'),
  sipMessagesThroughSystemPerSecond: row(flowRate * sipMessagesOfFlow(), 'messages/s'),
  rtpPacketsThroughGatewayPerSecond: row(gatewayPackets(), 'packets/s', 150_000),
  srtpPacketsThroughGatewayPerSecond: row(securePackets(), 'packets/s', 40_000),
  iceDtlsSetupMs: timeRow(iceDtlsSetupMs(), 3),
  kernelEventsPerSecond: row(kernelEvents(), 'events/s'),
  bytesPerRegisteredWicAt1000: memoryRow(small, 40_000),
  bytesPerRegisteredWicAt10000: memoryRow(large, Math.min(40_000, small * (1 + LINEAR_WITHIN))),
};

const share = timeShare(() => {
  for (let i = 0; i < FLOWS_PROFILED; i++) wholeFlow(false);
});
const holds = Object.values(rows).every((one) => one.holds !== false);
const { node, v8 } = process.versions;
console.log(JSON.stringify({ node, v8, rows, timeShare: { unit: '%', ...share }, holds }, undefined, 2));
if (!holds) process.exitCode = 1;
