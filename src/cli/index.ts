/** The `imslab` command: list, run, show, model, coverage. */
export type { Output } from './commands.js';
export { execute, makeProgram } from './program.js';
