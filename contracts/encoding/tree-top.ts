import { requireLength } from './bytes.ts';
import { HASHER_NODES, NODE_BYTES, pairHasher } from './pair-hasher.ts';
import { hashUp, type Tree, treeFrom } from './tree.ts';
import { type Layout, layoutOf, levelOf } from './tree-layout.ts';

/**
 * The same tree as buildTree's, of which only the top is kept: the levels down to its *sections*, each the root of up to 256
 * leaves. A proof computes the one section again that it goes through. So ten million leaves keep 4 MB, and building
 * takes no more memory than that, because the leaves are asked for range by range.
 *
 * The top is the beginning of the array that tree-layout.ts describes.
 */

/**
 * Leaves `from` … `from + count - 1`, 32 bytes each, one after the other; the same each time. What it answers is read before
 * it is called again. `count` is at most half of HASHER_NODES, and 256 for a top that was built here.
 */
export type LeavesOf = (from: number, count: number) => Uint8Array;

export interface TopBuilder {
  /** Where sections are written; may be memory that several threads share, each filling its part. */
  readonly nodes: Uint8Array;
  readonly sections: number;
  /** Sections `from` … `to - 1`. */
  fill(from: number, to: number, leavesOf: LeavesOf): void;
  /** What lies above the sections, when all are filled; the nodes, 32 bytes each, the root first. */
  finish(): Uint8Array;
}

/** 2^7 slots, up to 256 leaves: 0.3 ms for a proof; half as many would double what is kept. */
const SECTION_LEVELS = 7;

/** `allocate`: for nodes that threads share. */
export function topBuilder(
  size: number,
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): TopBuilder {
  const layout = layoutOf(size);
  const depth = Math.max(0, layout.depth - SECTION_LEVELS);
  const sections = 2 ** depth;
  const nodes = allocate((2 * sections - 1) * NODE_BYTES);
  requireLength(nodes, (2 * sections - 1) * NODE_BYTES, 'the top of the tree');
  return {
    ...{ nodes, sections },
    fill: (from, to, leavesOf) => {
      const hasher = pairHasher();
      for (let section = from; section < to; section++) {
        let width = fillSlots(layout, depth, section, leavesOf);
        for (; width > 1; width /= 2) hasher.hashPairs(width / 2);
        nodes.set(hasher.nodes.subarray(0, NODE_BYTES), (2 * sections - 2 - section) * NODE_BYTES);
      }
    },
    finish: () => {
      hashUp(nodes, sections - 1);
      return nodes;
    },
  };
}

/** A tree from its kept top; of any depth, so that tops kept by earlier versions stay good. */
export function openTop(top: Uint8Array, size: number, leavesOf: LeavesOf): Tree {
  const layout = layoutOf(size);
  const kept = top.length / NODE_BYTES;
  const depth = Math.log2(kept + 1) - 1;
  if (!Number.isInteger(depth) || depth < 0 || depth > layout.depth) {
    throw new RangeError(`${top.length} bytes are not the top of a tree of ${size} leaves`);
  }
  let opened: { readonly section: number; readonly levels: readonly Uint8Array[] } | undefined;
  return treeFrom(size, (position) => {
    if (position < kept) return top.slice(position * NODE_BYTES, (position + 1) * NODE_BYTES);
    const level = levelOf(position);
    if (level > layout.depth) return leavesOf(2 * size - 2 - position, 1).slice();
    const fromEnd = 2 ** (level + 1) - 2 - position;
    const width = 2 ** (level - depth);
    const section = Math.floor(fromEnd / width);
    // The nodes of one proof lie in one section, those of a carton in one or two, one after the other.
    if (opened?.section !== section) {
      opened = { section, levels: sectionLevels(layout, depth, section, leavesOf) };
    }
    const nodes = opened.levels[layout.depth - level] ?? new Uint8Array();
    const start = (fromEnd % width) * NODE_BYTES;
    return nodes.slice(start, start + NODE_BYTES);
  });
}

/** A section's levels, the slots first, each read from its end. */
function sectionLevels(layout: Layout, depth: number, section: number, leavesOf: LeavesOf): Uint8Array[] {
  const hasher = pairHasher();
  const levels: Uint8Array[] = [];
  for (let width = fillSlots(layout, depth, section, leavesOf); ; width /= 2) {
    levels.push(hasher.nodes.slice(0, width * NODE_BYTES));
    if (width === 1) return levels;
    hasher.hashPairs(width / 2);
  }
}

/** A section's slots as the hasher's first nodes; how many they are. */
function fillSlots(layout: Layout, depth: number, section: number, leavesOf: LeavesOf): number {
  const { size, leafSlots } = layout;
  const width = 2 ** (layout.depth - depth);
  if (2 * width > HASHER_NODES) {
    throw new RangeError(`a section of ${width} slots is too large: keep more of the tree's top`);
  }
  const { nodes, hashPairs } = pairHasher();
  const start = section * width;
  const leaves = Math.min(width, Math.max(0, leafSlots - start));
  const pairs = width - leaves;
  if (pairs > 0) {
    const firstPair = start + leaves - leafSlots;
    nodes.set(checked(leavesOf(2 * firstPair, 2 * pairs), 2 * pairs));
    hashPairs(pairs);
    nodes.copyWithin(leaves * NODE_BYTES, 0, pairs * NODE_BYTES);
  }
  if (leaves > 0) nodes.set(checked(leavesOf(size - leafSlots + start, leaves), leaves));
  return width;
}

function checked(leaves: Uint8Array, count: number): Uint8Array {
  requireLength(leaves, count * NODE_BYTES, `what should be ${count} leaves`);
  return leaves;
}
