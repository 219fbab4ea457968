import { requireLength } from './bytes.ts';
import { type MultiProof, multiProofFrom } from './multi-proof.ts';
import { HASHER_NODES, hashPair, NODE_BYTES, pairHasher } from './pair-hasher.ts';
import { layoutOf, leafPosition, levelOf, parentOf, siblingOf } from './tree-layout.ts';

/**
 * A Merkle tree of 32-byte leaves in the given order, laid out as @openzeppelin/merkle-tree lays out its own with
 * `sortLeaves: false` (tree-layout.ts). An inner node is keccak256 of its two children, the smaller first, which is what
 * OpenZeppelin's MerkleProof.verify expects.
 */
export interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
  /** The siblings from the leaf up to the root. */
  proofOf(index: number): Uint8Array[];
  /** One proof for these leaves together; indices in any order, each once. */
  multiProofOf(indices: readonly number[]): MultiProof;
}

/**
 * The whole tree, in one flat array: 64 bytes a leaf. `leaves`: one after the other in one array, or an array of them.
 */
export function buildTree(leaves: readonly Uint8Array[] | Uint8Array): Tree {
  const size = leaves instanceof Uint8Array ? leaves.length / NODE_BYTES : leaves.length;
  if (!Number.isInteger(size)) throw new RangeError(`${leaves.length} bytes are no leaves of ${NODE_BYTES}`);
  layoutOf(size);
  const nodes = new Uint8Array((2 * size - 1) * NODE_BYTES);
  if (leaves instanceof Uint8Array) reverseInto(nodes, leaves);
  else {
    for (const [index, leaf] of leaves.entries()) {
      requireLength(leaf, NODE_BYTES, 'a leaf');
      nodes.set(leaf, leafPosition(index, size) * NODE_BYTES);
    }
  }
  hashUp(nodes, size - 1);
  return treeFrom(size, (position) => nodes.slice(position * NODE_BYTES, (position + 1) * NODE_BYTES));
}

/** A tree whose nodes somebody can tell, by position. Each answer is the caller's own. */
export function treeFrom(size: number, nodeAt: (position: number) => Uint8Array): Tree {
  return {
    size,
    root: nodeAt(0),
    proofOf: (index) => {
      const proof: Uint8Array[] = [];
      for (let i = leafPosition(index, size); i > 0; i = parentOf(i)) proof.push(nodeAt(siblingOf(i)));
      return proof;
    },
    multiProofOf: (indices) => multiProofFrom(nodeAt, size, indices),
  };
}

/** The root that a leaf and its proof lead to. Compare it; a proof alone proves nothing. */
export function rootFromProof(leaf: Uint8Array, proof: readonly Uint8Array[]): Uint8Array {
  requireLength(leaf, NODE_BYTES, 'a leaf');
  return proof.reduce((node, sibling) => {
    requireLength(sibling, NODE_BYTES, 'a sibling');
    return hashPair(node, sibling);
  }, leaf);
}

/** How many siblings lead from leaf `index` of a tree of `size` leaves to its root. */
export function proofLength(index: number, size: number): number {
  return levelOf(leafPosition(index, size));
}

/** Fills the nodes before position `end` from those that follow. */
export function hashUp(nodes: Uint8Array, end: number): void {
  const hasher = pairHasher();
  let start = end;
  for (let stop = end; stop > 0; stop = start) {
    // As many parents as there is room for, and as have both children already.
    start = Math.max(stop - HASHER_NODES / 2, Math.ceil((stop - 1) / 2));
    hasher.nodes.set(nodes.subarray((2 * start + 1) * NODE_BYTES, (2 * stop + 1) * NODE_BYTES));
    hasher.hashPairs(stop - start);
    nodes.set(hasher.nodes.subarray(0, (stop - start) * NODE_BYTES), start * NODE_BYTES);
  }
}

/** The leaves in reversed order at the end of the nodes; by words of 4 bytes, because a million small copies take longer. */
function reverseInto(nodes: Uint8Array, leaves: Uint8Array): void {
  const words = NODE_BYTES / 4;
  const aligned = leaves.byteOffset % 4 === 0 ? leaves : leaves.slice();
  const from = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  const to = new Uint32Array(nodes.buffer);
  for (let read = 0, write = to.length - words; read < from.length; read += words, write -= words) {
    for (let word = 0; word < words; word++) to[write + word] = from[read + word] ?? 0;
  }
}
