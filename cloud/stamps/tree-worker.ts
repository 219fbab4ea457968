import { parentPort, workerData } from 'node:worker_threads';
import { topBuilder } from '@nongtin/contracts/encoding';
import { type LeafSeed, withLeavesOf } from './leaf-deriver.ts';

/** What tree-builder.ts gives each of its workers. */
export interface TreeWork {
  readonly seed: LeafSeed;
  readonly count: number;
  /** Shared: the tree's top, of which the workers fill in the sections. */
  readonly nodes: Uint8Array;
  /** Shared: the first section that nobody has taken yet. */
  readonly next: Int32Array;
}

/** Some 8,000 stamps, 20 ms: the last to finish keeps the others waiting no longer. */
const SECTIONS_AT_ONCE = 32;

const { seed, count, nodes, next } = workerData as TreeWork;
const top = topBuilder(count, () => nodes);
withLeavesOf(seed, (leavesOf) => {
  for (;;) {
    const from = Atomics.add(next, 0, SECTIONS_AT_ONCE);
    if (from >= top.sections) return;
    top.fill(from, Math.min(from + SECTIONS_AT_ONCE, top.sections), leavesOf);
  }
});
seed.macKey.fill(0);
seed.saltKey.fill(0);
parentPort?.postMessage('done');
