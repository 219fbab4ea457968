import { parentPort, workerData } from 'node:worker_threads';
import { type BatchSeed, deriveStamps } from './derive.ts';
import { buildUpper } from './level-tree.ts';

/** Started by tree-builder.ts: builds one batch's tree and hands over its upper part. */
const { seed, count } = workerData as { seed: BatchSeed; count: number };
const upper = buildUpper(count, deriveStamps(seed).leafAt);
parentPort?.postMessage(upper, [upper.buffer as ArrayBuffer]);
