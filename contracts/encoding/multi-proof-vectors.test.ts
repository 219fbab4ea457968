import { readFileSync } from 'node:fs';
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import { id } from 'ethers';
import { expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.ts';
import { rootFromMultiProof } from './multi-proof.ts';
import { buildTree } from './tree.ts';

/** Golden multi-proofs, computed by @openzeppelin/merkle-tree. The file never changes, as vectors.test.ts says of its own. */
const FILE = '../vectors/multi-proofs-v1.json';

const CARTONS: readonly { readonly size: number; readonly indices: readonly number[] }[] = [
  { size: 1, indices: [0] },
  { size: 2, indices: [1] },
  { size: 3, indices: [0, 2] },
  { size: 5, indices: [0, 1, 2, 3, 4] },
  { size: 8, indices: [2, 3, 7] },
  { size: 100, indices: [24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35] },
  { size: 100, indices: [70, 71, 72, 73] },
  { size: 300, indices: [0, 43, 44, 87, 88, 255, 256, 299] },
];

const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => id(`leaf ${index} of ${size}`));

const golden: {
  multiProofs: {
    size: number;
    root: string;
    indices: number[];
    leaves: string[];
    proof: string[];
    proofFlags: boolean[];
  }[];
} = JSON.parse(readFileSync(new URL(FILE, import.meta.url), 'utf8'));

test('the golden multi-proofs are what @openzeppelin/merkle-tree computes', async () => {
  const multiProofs = CARTONS.map(({ size, indices }) => {
    const tree = SimpleMerkleTree.of(leavesOf(size), { sortLeaves: false });
    return { size, root: tree.root, indices, ...tree.getMultiProof([...indices]) };
  });
  const vectors = {
    format: 'nongtin-multi-proofs/1',
    comment: 'leaf i of a tree of n: keccak256 of the text "leaf i of n"',
    multiProofs,
  };
  await expect(`${JSON.stringify(vectors, null, 1)}\n`).toMatchFileSnapshot(FILE);
});

test('our multi-proofs are the golden ones, and lead to the golden roots', () => {
  for (const { size, root, indices, ...theirs } of golden.multiProofs) {
    const tree = buildTree(leavesOf(size).map((leaf) => fromHex(leaf)));
    const ours = tree.multiProofOf(indices);
    expect({ ...ours, leaves: ours.leaves.map(toHex), proof: ours.proof.map(toHex) }).toEqual(theirs);
    expect(toHex(rootFromMultiProof(ours))).toBe(root);
  }
});
