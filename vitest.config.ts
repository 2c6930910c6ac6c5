import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // the build that users get: XState's development build warns when an action starts another machine
    alias: [
      {
        find: /^xstate$/,
        replacement: fileURLToPath(new URL('node_modules/xstate/dist/xstate.esm.js', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'models/**/*.test.ts', 'scenarios/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
