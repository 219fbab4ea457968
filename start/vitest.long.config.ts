import { defineConfig } from 'vitest/config';

/** The long suites: one after another, each for as long as NONGTIN_LONG_SECONDS says. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['**/*.long.test.ts'],
    exclude: ['**/node_modules/**', 'data/**'],
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    retry: 0,
  },
});
