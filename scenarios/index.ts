/** The call flows, one file each, in folders named after the clause groups of TS 24.371. */
import type { Scenario } from '../src/explore/index.js';
import { imsUeToWic } from './call/ims-ue-to-wic.js';
import { wicToImsUe } from './call/wic-to-ims-ue.js';
import { deregistration } from './registration/deregistration.js';
import { webAuthentication } from './registration/web-authentication.js';

/** Every scenario, in the order of the specification. */
export const scenarios: readonly Scenario[] = [webAuthentication, deregistration, wicToImsUe, imsUeToWic];
