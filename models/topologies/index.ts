/** Populations of hosts: which entities there are, where they are, and who knows whom. */
export { settable } from './settable.js';
export { SIGNING_SEED, user, type WebAccess, type WebAccessSize, webAccess } from './web-access.js';
export { WicUser, type WicUserConfig, type WicUserPolicy, wicUserPolicy } from './wic-user.js';
