/**
 * Where nodes stand: a complete binary tree in one array, the root at 0, the children of i at 2i+1 and 2i+2, the leaves
 * reversed at the end, as @openzeppelin/merkle-tree lays out its own.
 *
 * The deepest level that is full has 2^depth nodes. Read from its end, it begins with the leaves that stand on it (the
 * last ones by index), and goes on with the parents of the leaves below (the first ones, two by two): its *slots*.
 */
export interface Layout {
  readonly size: number;
  /** Of the deepest full level; the root's is 0. */
  readonly depth: number;
  /** How many of its slots are leaves; the others are parents of two. */
  readonly leafSlots: number;
}

export function layoutOf(size: number): Layout {
  requireSize(size);
  const depth = levelOf(size - 1);
  return { size, depth, leafSlots: 2 ** (depth + 1) - size };
}

/** The level that a position stands on; the root's is 0. */
export function levelOf(position: number): number {
  const level = Math.floor(Math.log2(position + 1));
  // Just below a large power of two the logarithm is rounded up.
  return 2 ** level > position + 1 ? level - 1 : level;
}

export function leafPosition(index: number, size: number): number {
  requireIndex(index, size);
  return 2 * size - 2 - index;
}

export function parentOf(position: number): number {
  return (position - 1) >> 1;
}

export function siblingOf(position: number): number {
  return position % 2 === 1 ? position + 1 : position - 1;
}

/** The most leaves of a tree here: an array of its nodes still has an address. */
const MAX_LEAVES = 2 ** 26;

function requireSize(size: number): void {
  if (size === 0) throw new RangeError('a tree has at least one leaf');
  if (!Number.isInteger(size) || size < 0 || size > MAX_LEAVES) {
    throw new RangeError(`a tree has from 1 to ${MAX_LEAVES} leaves, not ${size}`);
  }
}

function requireIndex(index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
}
