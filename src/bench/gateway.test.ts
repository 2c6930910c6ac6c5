import { expect, it } from 'vitest';
import { gatewayPackets, iceDtlsSetupMs, securePackets } from './index.js';

// a test of the measurements; `npm run bench` holds the floors where nothing else takes the processor
it('measures packets through the gateway, plain and protected, well above a call’s fifty a second', () => {
  expect(gatewayPackets()).toBeGreaterThan(50_000);
  expect(securePackets()).toBeGreaterThan(15_000);
}, 120_000);

it('measures set-ups of ICE and DTLS', () => {
  const ms = iceDtlsSetupMs();
  expect(ms).toBeGreaterThan(0.1);
  expect(ms).toBeLessThan(50);
}, 120_000);
