/** The enhanced IMS access gateway (24371-5.6): media between WIC and core, under the eP-CSCF's control. */
export { contextMachine } from './context.js';
export { EimsAgw } from './eims-agw.js';
export { eimsAgwMachine } from './machine.js';
export { type EimsAgwPolicy, eimsAgwPolicy } from './policy.js';
