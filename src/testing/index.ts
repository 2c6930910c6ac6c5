/** What tests share. Nothing outside tests imports it. Others use `requireProgram`. */
export { requireProgram } from './programs.js';
