// How a service of ours runs on Node; plain JavaScript, because start.mjs runs before anything is installed.
import { join } from 'node:path';

const quiet = '--disable-warning=ExperimentalWarning';

/**
 * A young generation of 2 MiB instead of 16 for each thread: what a service allocates dies at once.
 */
export const serviceFlags = [quiet, '--max-semi-space-size=2'];

/**
 * A gateway is a small board's only program. Without Node's own snapshot it loads only those of Node's modules that it
 * uses. docs/decisions/0014 has what each of these is worth.
 */
export const gatewayFlags = [
  quiet,
  // 1 MiB, and 8 while much comes (edge/thrift.ts).
  '--max-semi-space-size=8',
  '--semi-space-growth-factor=1',
  // Several threads that collect 1 MiB would each spread what stays over pages of their own.
  '--no-parallel-scavenge',
  // Else nothing young is collected while V8 marks what is old, and megabytes of it, dead long ago, grow old with the rest.
  '--no-separate-gc-phases',
  '--no-node-snapshot',
];

/**
 * @param {string} root
 */
export function serviceEnvironment(root) {
  return {
    // From the second start on Node takes our TypeScript from here as it was compiled, and its type stripper (16 MiB in
    // the first thread, 10 in each other) stays away.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'nongtin-compiled'),
    // glibc: one heap for all threads, and what is freed goes back to the system instead of leaving holes.
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '8000',
    MALLOC_TRIM_THRESHOLD_: '131072',
  };
}
