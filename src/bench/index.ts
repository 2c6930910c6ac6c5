/**
 * What `npm run bench` measures: whole flows a second, codecs, the gateway, the kernel, the memory of a registered WIC.
 * `main.ts` prints it as one JSON object and fails when a floor is missed; others may use what measures.
 */
export { kernelEvents, sipMessages } from './codecs.js';
export { sipMessagesOfFlow, wholeFlow } from './flows.js';
export { gatewayPackets, iceDtlsSetupMs, securePackets } from './gateway.js';
export { cpuSeconds, rate, retainedBytes } from './measure.js';
export { bytesPerRegisteredWic } from './memory.js';
export { type TimeShare, timeShare } from './time-share.js';
