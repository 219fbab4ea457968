import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { compareBytes, requireLength } from './bytes.ts';

/**
 * A Merkle tree of 32-byte leaves in the given order, laid out as @openzeppelin/merkle-tree lays out its own with
 * `sortLeaves: false`: a complete binary tree in one array, the root at 0, the children of i at 2i+1 and 2i+2, the
 * leaves reversed at the end. An inner node is keccak256 of its two children, the smaller first, which is what
 * OpenZeppelin's MerkleProof.verify expects.
 *
 * One flat array (64 bytes a leaf), because a batch may have a million leaves.
 */
export interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
  /** The siblings from the leaf up to the root. */
  proofOf(index: number): Uint8Array[];
}

const HASH = 32;

export function buildTree(leaves: readonly Uint8Array[]): Tree {
  const size = leaves.length;
  if (size === 0) throw new RangeError('a tree has at least one leaf');
  const nodes = new Uint8Array((2 * size - 1) * HASH);
  leaves.forEach((leaf, index) => {
    requireLength(leaf, HASH, 'a leaf');
    nodes.set(leaf, leafPosition(index, size) * HASH);
  });
  for (let i = size - 2; i >= 0; i--) {
    nodes.set(hashPair(nodeAt(nodes, 2 * i + 1), nodeAt(nodes, 2 * i + 2)), i * HASH);
  }
  return {
    size,
    root: nodes.slice(0, HASH),
    proofOf: (index) => siblings(nodes, size, index),
  };
}

/** The root that a leaf and its proof lead to. Compare it; a proof alone proves nothing. */
export function rootFromProof(leaf: Uint8Array, proof: readonly Uint8Array[]): Uint8Array {
  requireLength(leaf, HASH, 'a leaf');
  return proof.reduce((node, sibling) => {
    requireLength(sibling, HASH, 'a sibling');
    return hashPair(node, sibling);
  }, leaf);
}

/** How many siblings lead from leaf `index` of a tree of `size` leaves to its root. */
export function proofLength(index: number, size: number): number {
  requireIndex(index, size);
  return Math.floor(Math.log2(leafPosition(index, size) + 1));
}

function siblings(nodes: Uint8Array, size: number, index: number): Uint8Array[] {
  requireIndex(index, size);
  const proof: Uint8Array[] = [];
  for (let i = leafPosition(index, size); i > 0; i = Math.floor((i - 1) / 2)) {
    const sibling = i % 2 === 1 ? i + 1 : i - 1;
    proof.push(nodes.slice(sibling * HASH, (sibling + 1) * HASH));
  }
  return proof;
}

function hashPair(a: Uint8Array, b: Uint8Array): Uint8Array {
  return keccak_256(compareBytes(a, b) <= 0 ? concatBytes(a, b) : concatBytes(b, a));
}

function nodeAt(nodes: Uint8Array, position: number): Uint8Array {
  return nodes.subarray(position * HASH, (position + 1) * HASH);
}

function leafPosition(index: number, size: number): number {
  return 2 * size - 2 - index;
}

function requireIndex(index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
}
