#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { execute } from './program.js';

const manifest = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // a reader that has seen enough, such as head
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = execute(
  process.argv.slice(2),
  {
    write: (text) => process.stdout.write(text),
    color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  },
  version,
  (text) => process.stderr.write(text),
);
