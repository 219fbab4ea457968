import { rootFromProof } from '@nongtin/contracts/encoding';

/**
 * The same tree as the encoding's buildTree, without its leaves: only the nodes down to a level of at most 4,096 are
 * kept, a lower part is computed again when a proof needs it, from leaves that are derived on demand. So a batch
 * takes 256 KiB at most, and building it takes no more memory than that, whatever the number of stamps.
 *
 * Positions are those of one flat array: the root at 0, the children of i at 2i+1 and 2i+2, leaf number i of n at
 * position 2n-2-i. The upper part is the array's beginning.
 */
export type LeafOf = (index: number) => Uint8Array;

const HASH = 32;
const MAX_LEVEL_DEPTH = 12;

/** The upper part: its nodes one after the other, 32 bytes each. The root is the first. */
export function buildUpper(size: number, leafOf: LeafOf): Uint8Array {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new RangeError(`a tree has at least one leaf, not ${size}`);
  const count = upperCount(size);
  const upper = new Uint8Array(count * HASH);
  for (let position = count - 1; position >= 0; position -= 1) {
    const children = 2 * position + 1;
    const node =
      children < count
        ? pair(nodeOf(upper, children), nodeOf(upper, children + 1))
        : below(position, size, leafOf);
    upper.set(node, position * HASH);
  }
  return upper;
}

export function rootOf(upper: Uint8Array): Uint8Array {
  return upper.slice(0, HASH);
}

/** The siblings from leaf `index` up to the root. */
export function proofFrom(upper: Uint8Array, size: number, index: number, leafOf: LeafOf): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const kept = upper.length / HASH;
  const proof: Uint8Array[] = [];
  for (let position = 2 * size - 2 - index; position > 0; position = Math.floor((position - 1) / 2)) {
    const sibling = position % 2 === 1 ? position + 1 : position - 1;
    proof.push(sibling < kept ? nodeOf(upper, sibling).slice() : below(sibling, size, leafOf));
  }
  return proof;
}

/** Nodes from the root to the deepest full level that is not over 4,096 wide. */
function upperCount(size: number): number {
  let depth = 0;
  while (depth < MAX_LEVEL_DEPTH && 2 ** (depth + 1) <= size) depth += 1;
  return 2 ** (depth + 1) - 1;
}

/** A node computed from its leaves. */
function below(position: number, size: number, leafOf: LeafOf): Uint8Array {
  if (position >= size - 1) return leafOf(2 * size - 2 - position);
  return pair(below(2 * position + 1, size, leafOf), below(2 * position + 2, size, leafOf));
}

/** One step of a proof is exactly the hash of a sorted pair. */
function pair(a: Uint8Array, b: Uint8Array): Uint8Array {
  return rootFromProof(a, [b]);
}

function nodeOf(upper: Uint8Array, position: number): Uint8Array {
  return upper.subarray(position * HASH, (position + 1) * HASH);
}
