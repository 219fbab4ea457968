import { defineConfig } from 'vitest/config';
import { LongestFirst } from './start/longest-first.ts';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts', 'data/**'],
    // Two cores on the machines we aim at, and suites that wait for real servers much of their time: give them time, not retries.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
  },
});
