import type { IceAgentOptions, IceSpecification } from './types.js';

/** The options of an agent that are numbers and choices, complete. */
export interface IceSettings {
  readonly full: boolean;
  readonly specification: IceSpecification;
  readonly aggressive: boolean;
  readonly components: number;
  readonly pacingMs: number;
  readonly mostPairs: number;
  readonly patienceMs: number;
  readonly pacMs: number;
  readonly gatheringMs: number | undefined;
  readonly consent: boolean;
  readonly keepaliveMs: number;
}

/** Ta (RFC 8445 14.2; the least that RFC 5245 16.1 has for RTP), and the least of all. */
const TA_MS = 50;
const TA_5245_MS = 20;
const LEAST_TA_MS = 5;

/** Ta, Rc and Rm of RFC 8489 together: the time of one check (RFC 8863 4). RFC 5245 has no such timer. */
const PAC_MS = 39_500;

/** Tr (RFC 8445 11), which is also the least. */
const TR_MS = 15_000;

/** One RTO: long enough for a better pair whose first check got through (left open by RFC 8445 8.1.1). */
const PATIENCE_MS = 500;

/** RFC 8445 6.1.2.5. */
const MOST_PAIRS = 100;

/** Fills in what an agent was not told. */
export function settingsOf(options: IceAgentOptions): IceSettings {
  const { full = true, specification = 'rfc8445', nomination = 'regular' } = options;
  const isOld = specification === 'rfc5245';
  return {
    full,
    specification,
    aggressive: isOld && nomination === 'aggressive',
    components: options.components ?? 1,
    pacingMs: Math.max(LEAST_TA_MS, options.pacingMs ?? (isOld ? TA_5245_MS : TA_MS)),
    mostPairs: options.mostPairs ?? MOST_PAIRS,
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    pacMs: options.pacMs ?? (isOld ? 0 : PAC_MS),
    gatheringMs: options.gatheringMs,
    consent: options.consent ?? full,
    keepaliveMs: Math.max(TR_MS, options.keepaliveMs ?? TR_MS),
  };
}
