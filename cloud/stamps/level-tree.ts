import { openTop, type Tree, topBuilder } from '@nongtin/contracts/encoding';
import type { DerivedStamps } from './derive.ts';

/**
 * The stamps' tree, of which a batch's row keeps the top (contracts/encoding/tree-top.ts): 4 MB for ten million stamps. Lower
 * parts are computed again from leaves that are derived anew.
 */
export function buildUpper(size: number, stamps: DerivedStamps): Uint8Array {
  const top = topBuilder(size);
  stamps.withLeaves((leavesOf) => top.fill(0, top.sections, leavesOf));
  return top.finish();
}

export function rootOf(upper: Uint8Array): Uint8Array {
  return upper.slice(0, 32);
}

/** `work` with the tree of a batch, which is good for as long as `work` lasts. */
export function withTree<T>(
  upper: Uint8Array,
  size: number,
  stamps: DerivedStamps,
  work: (tree: Tree) => T,
): T {
  return stamps.withLeaves((leavesOf) => work(openTop(upper, size, leavesOf)));
}
