import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { topBuilder } from '@nongtin/contracts/encoding';
import { type BatchSeed, type DerivedStamps, deriveStamps } from './derive.ts';
import type { LeafSeed } from './leaf-deriver.ts';
import { buildUpper } from './level-tree.ts';
import type { TreeWork } from './tree-worker.ts';

/** About 40 ms of work: what requests may wait for when a tree is built between them. */
const INLINE_STAMPS = 20_000;
const MAX_WORKERS = 2;

/** Builds the upper part of a batch's tree. One after the other, so that a crowd of batches takes two cores at most. */
export type TreeBuilder = (seed: BatchSeed, count: number) => Promise<Uint8Array>;

/** The service ended, or a worker did, before the tree was built: the batch is not issued and may be ordered again. */
export class TreeNotBuilt extends Error {
  readonly statusCode = 503;
  readonly code = 'tree_not_built';
  constructor(why: string) {
    super(`${why} before the stamps' tree was built; no batch was issued: order it again.`);
  }
}

export interface TreeBuilderOptions {
  /** Ends what is being built, and whatever is asked for afterwards. */
  readonly signal?: AbortSignal;
  /** The worker's program, for tests. */
  readonly worker?: URL;
}

export function createTreeBuilder(options: TreeBuilderOptions = {}): TreeBuilder {
  let last: Promise<unknown> = Promise.resolve();
  let lastSmall: Promise<unknown> = Promise.resolve();
  return async (seed, count) => {
    if (count <= INLINE_STAMPS) {
      // Others have their turn between two of them.
      const built = lastSmall
        .then(() => new Promise((resolve) => setImmediate(resolve)))
        .then(() => withStamps(seed, async (stamps) => buildUpper(count, stamps)));
      lastSmall = built.catch(() => undefined);
      return built;
    }
    const built = last.then(() =>
      withStamps(seed, ({ leafSeed }) => buildInWorkers(leafSeed, count, options)),
    );
    last = built.catch(() => undefined);
    return built;
  };
}

/** The keys are made for this one tree, and zeroed with it. */
async function withStamps<T>(seed: BatchSeed, work: (stamps: DerivedStamps) => Promise<T>): Promise<T> {
  const stamps = deriveStamps(seed);
  try {
    return await work(stamps);
  } finally {
    stamps.leafSeed.macKey.fill(0);
    stamps.leafSeed.saltKey.fill(0);
  }
}

/** Each worker takes some sections at a time, until none is left, and writes their roots into memory that all share. */
async function buildInWorkers(
  seed: LeafSeed,
  count: number,
  { signal, worker = new URL('./tree-worker.ts', import.meta.url) }: TreeBuilderOptions,
): Promise<Uint8Array> {
  if (signal?.aborted) throw new TreeNotBuilt('The service stopped');
  const top = topBuilder(count, (bytes) => new Uint8Array(new SharedArrayBuffer(bytes)));
  const next = new Int32Array(new SharedArrayBuffer(4));
  const work: TreeWork = { seed, count, nodes: top.nodes, next };
  const workers = Array.from(
    { length: Math.min(MAX_WORKERS, availableParallelism()) },
    () => new Worker(worker, { workerData: work }),
  );
  try {
    await Promise.all(workers.map((one) => ended(one, signal)));
  } finally {
    await Promise.all(workers.map((one) => one.terminate()));
  }
  return Uint8Array.from(top.finish());
}

/** Settles when the worker has nothing left to do. */
function ended(worker: Worker, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const notBuilt = (why: string) => reject(new TreeNotBuilt(why));
    const stop = () => notBuilt('The service stopped');
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    let isDone = false;
    worker.once('message', () => {
      isDone = true;
    });
    worker.once('error', (error) => notBuilt(`A worker failed (${error.message})`));
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      if (isDone) resolve();
      else notBuilt(`A worker ended with code ${code}`);
    });
  });
}
