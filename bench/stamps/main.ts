import { createHash } from 'node:crypto';
import { buildTree, toHex } from '@nongtin/contracts/encoding';
import { deriveStamps } from '../../cloud/stamps/derive.ts';
import { rootOf, withTree } from '../../cloud/stamps/level-tree.ts';
import { createTreeBuilder } from '../../cloud/stamps/tree-builder.ts';
import { peakResidentMiBOf } from '../sides/processes.ts';

/**
 * One measurement in a process of its own, so that its memory is its own: `node bench/stamps/main.ts TASK SIZE`. Prints a
 * line of JSON.
 */
export interface Answer {
  readonly seconds: number;
  /** The most the whole process has held (VmHWM), workers included. */
  readonly peakMiB: number;
  readonly root: string;
  readonly storedBytes?: number;
  /** Milliseconds of each proof, in the order they were made. */
  readonly proofMs?: readonly number[];
}

export type Task = 'batch' | 'proofs' | 'tree' | 'openzeppelin' | 'merkletreejs';

const PROOFS = 10_000;
const WARM_UP = 500;

const tasks: Record<Task, (size: number) => Promise<Omit<Answer, 'peakMiB'>>> = {
  batch: (size) => batch(size, 0),
  proofs: (size) => batch(size, PROOFS),
  tree: async (size) => {
    const leaves = readyLeaves(size);
    return timed(() => toHex(buildTree(leaves).root));
  },
  openzeppelin: async (size) => {
    const { SimpleMerkleTree } = await import('@openzeppelin/merkle-tree');
    // As hex, which is what it keeps: otherwise it would have to be made first.
    const leaves = listOf(readyLeaves(size)).map((leaf) => toHex(leaf));
    return timed(() => SimpleMerkleTree.of(leaves, { sortLeaves: false }).root);
  },
  merkletreejs: async (size) => {
    const [{ MerkleTree }, { keccak_256 }] = await Promise.all([
      import('merkletreejs'),
      import('@noble/hashes/sha3.js'),
    ]);
    const leaves = listOf(readyLeaves(size)).map((leaf) => Buffer.from(leaf));
    const hash = (data: Uint8Array) => Buffer.from(keccak_256(data));
    return timed(() => new MerkleTree(leaves, hash, { sortPairs: true }).getHexRoot());
  },
};

/** From the batch's secret to its root, as the cloud issues one; then random stamps' proofs, as it answers a scan. */
async function batch(size: number, proofs: number): Promise<Omit<Answer, 'peakMiB'>> {
  const seed = {
    secret: createHash('sha256').update('bench').digest(),
    cooperativeId: `0x${'c1'.repeat(32)}`,
    gtin14: '08936000000011',
    batchNumber: 77,
  };
  const build = createTreeBuilder();
  const began = performance.now();
  const upper = await build(seed, size);
  const seconds = (performance.now() - began) / 1_000;
  const stamps = deriveStamps(seed);
  const proofMs = Array.from({ length: proofs === 0 ? 0 : WARM_UP + proofs }, () => {
    const index = Math.floor(Math.random() * size);
    const from = performance.now();
    withTree(upper, size, stamps, (tree) => tree.proofOf(index));
    return performance.now() - from;
  }).slice(WARM_UP);
  return { seconds, root: toHex(rootOf(upper)), storedBytes: upper.length, proofMs };
}

function readyLeaves(size: number): Uint8Array {
  const leaves = new Uint8Array(size * 32);
  for (let i = 0; i < size; i++) leaves.set(createHash('sha256').update(String(i)).digest(), i * 32);
  return leaves;
}

function listOf(leaves: Uint8Array): Uint8Array[] {
  return Array.from({ length: leaves.length / 32 }, (_, i) => leaves.subarray(i * 32, (i + 1) * 32));
}

function timed(build: () => string) {
  const began = performance.now();
  const root = build();
  return { seconds: (performance.now() - began) / 1_000, root };
}

const [task = '', size = ''] = process.argv.slice(2);
const answer: Answer = {
  ...(await tasks[task as Task](Number(size))),
  peakMiB: peakResidentMiBOf(process.pid),
};
console.log(JSON.stringify(answer));
