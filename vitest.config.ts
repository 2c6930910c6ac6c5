import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'models/**/*.test.ts', 'scenarios/**/*.test.ts'],
    testTimeout: 60_000,
  },
});
