// How a service of ours runs on Node; plain JavaScript, because start.mjs runs before anything is installed.
import { join } from 'node:path';

/**
 * A young generation of 2 MiB instead of 16 for each thread: a gateway is a small board's only program, and what it
 * allocates dies at once.
 */
export const serviceFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'];

/**
 * From the second start on Node takes our TypeScript from here as it was compiled, and its type stripper (16 MiB in the
 * first thread, 10 in each other) stays away.
 * @param {string} root
 */
export function serviceEnvironment(root) {
  return { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'nongtin-compiled') };
}
