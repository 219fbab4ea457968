import { Worker } from 'node:worker_threads';
import { type BatchSeed, deriveStamps } from './derive.ts';
import { buildUpper } from './level-tree.ts';

/** About 60 ms of work: what requests may wait for when a tree is built between them. */
const INLINE_STAMPS = 2_000;

/** Builds the upper part of a batch's tree. One after the other, so that a crowd of batches takes one core. */
export type TreeBuilder = (seed: BatchSeed, count: number) => Promise<Uint8Array>;

export function createTreeBuilder(): TreeBuilder {
  let last: Promise<unknown> = Promise.resolve();
  return (seed, count) => {
    if (count <= INLINE_STAMPS) return Promise.resolve(buildUpper(count, deriveStamps(seed).leafAt));
    const built = last.then(() => buildInWorker(seed, count));
    last = built.catch(() => undefined);
    return built;
  };
}

function buildInWorker(seed: BatchSeed, count: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./tree-worker.ts', import.meta.url), { workerData: { seed, count } });
    worker.once('message', (upper: Uint8Array) => resolve(upper));
    worker.once('error', reject);
    // After a message this changes nothing: a promise is settled once.
    worker.once('exit', (code) => reject(new Error(`the tree's worker ended with code ${code}`)));
  });
}
