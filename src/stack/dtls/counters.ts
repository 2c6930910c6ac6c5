import type { DtlsCounters } from './types.js';

/** Counters before anything has come in or gone out. */
export function noCounts(): DtlsCounters {
  return {
    recordsSent: 0,
    recordsReceived: 0,
    flightsRepeated: 0,
    truncated: 0,
    oversized: 0,
    unknown: 0,
    unknownEpoch: 0,
    badMac: 0,
    replayed: 0,
    badFragment: 0,
    unexpected: 0,
    earlyData: 0,
  };
}
