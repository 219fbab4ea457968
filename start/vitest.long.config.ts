import { defineConfig } from 'vitest/config';

/** The long suites, each for as long as NONGTIN_LONG_SECONDS says: one after another, short slices of them two at a time. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['**/*.long.test.ts'],
    exclude: ['**/node_modules/**', 'data/**'],
    maxWorkers: process.env.NONGTIN_LONG_SECONDS === undefined ? 1 : 2,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    retry: 0,
  },
});
