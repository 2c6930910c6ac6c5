import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Where a program stands that a test wants as a judge. When it is not installed the test says so on standard output and
 * has nothing to do, unless the environment variable `IMSLAB_REQUIRE_TOOLS` is set to something: then its absence fails the test.
 *
 * @param name - the program's file name, such as `tshark`.
 * @returns its path, or `undefined` when the test is to be skipped.
 * @throws Error when the program is missing and `IMSLAB_REQUIRE_TOOLS` is set.
 *
 * @example
 * it.skipIf(tshark === undefined)('tshark agrees', () => { ... })
 */
export function requireProgram(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, name);
    if (isExecutable(path)) return path;
  }
  if (process.env.IMSLAB_REQUIRE_TOOLS) {
    throw new Error(`${name} is not installed, and IMSLAB_REQUIRE_TOOLS is set`);
  }
  console.log(`skipped: ${name} not installed`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
