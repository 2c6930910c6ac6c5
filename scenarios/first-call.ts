import { user, webAccess } from '../models/topologies/index.js';

/** Alice at a WIC, bob at an ordinary IMS phone, and everything between them. */
export const aliceAndBob = webAccess({ wics: 1, ues: 1 });

/** Alice alone. */
export const aliceAlone = webAccess({ wics: 1, ues: 0 });

export const ALICE = user(1);
export const BOB = user(2);
