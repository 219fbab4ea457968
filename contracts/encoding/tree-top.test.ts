import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTree, rootFromProof } from './tree.ts';
import { openTop, topBuilder } from './tree-top.ts';

const HASH = 32;

function leavesFor(size: number) {
  const leaves = new Uint8Array(size * HASH);
  for (let i = 0; i < size; i++) leaves.set(createHash('sha256').update(String(i)).digest(), i * HASH);
  return leaves;
}

/** Answers from one buffer that each call overwrites, as a real source does. */
function sourceOf(leaves: Uint8Array) {
  const buffer = new Uint8Array(leaves.length);
  return (from: number, count: number) => {
    const asked = leaves.subarray(from * HASH, (from + count) * HASH);
    buffer.set(asked);
    return buffer.subarray(0, asked.length);
  };
}

function topOf(size: number, leaves: Uint8Array) {
  const builder = topBuilder(size);
  builder.fill(0, builder.sections, sourceOf(leaves));
  return builder.finish();
}

const powers = [1, 2, 4, 128, 256, 512, 1_024];
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 900 }),
  fc.constantFrom(...powers.flatMap((power) => [power, power + 1, Math.max(1, power - 1)])),
);

test('the kept top has the root, the proofs and the multi-proofs of the whole tree', () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (size, picks) => {
      const leaves = leavesFor(size);
      const whole = buildTree(leaves);
      const tree = openTop(topOf(size, leaves), size, sourceOf(leaves));
      expect(tree.root).toEqual(whole.root);
      const indices = [...new Set(picks.map((pick) => pick % size))];
      for (const index of indices) expect(tree.proofOf(index)).toEqual(whole.proofOf(index));
      expect(tree.multiProofOf(indices)).toEqual(whole.multiProofOf(indices));
    }),
    { numRuns: 50 },
  );
});

test('sections may be filled in any order, by several builders that share the nodes', () => {
  const size = 2_345;
  const leaves = leavesFor(size);
  const nodes = new Uint8Array(new SharedArrayBuffer(topBuilder(size).nodes.length));
  const [one, other] = [topBuilder(size, () => nodes), topBuilder(size, () => nodes)];
  const half = one.sections / 2;
  other.fill(half, other.sections, sourceOf(leaves));
  one.fill(0, half, sourceOf(leaves));
  expect(Uint8Array.from(one.finish())).toEqual(topOf(size, leaves));
});

test('a top of any depth is good, down to the last full level: earlier versions kept up to 4,096 sections', () => {
  const size = 700;
  const leaves = leavesFor(size);
  const whole = buildTree(leaves);
  // The whole tree's nodes, found again as an old row would have kept them.
  const nodes = new Map<number, Uint8Array>([[0, whole.root]]);
  for (let index = 0; index < size; index++) {
    let position = 2 * size - 2 - index;
    for (const sibling of whole.proofOf(index)) {
      nodes.set(position % 2 === 1 ? position + 1 : position - 1, sibling);
      position = Math.floor((position - 1) / 2);
    }
  }
  for (let depth = 0; depth <= 9; depth++) {
    const top = new Uint8Array((2 ** (depth + 1) - 1) * HASH);
    for (let position = 0; position < top.length / HASH; position++) {
      top.set(nodes.get(position) ?? [], position * HASH);
    }
    const tree = openTop(top, size, sourceOf(leaves));
    for (const index of [0, 1, 375, 376, 377, size - 1])
      expect(tree.proofOf(index)).toEqual(whole.proofOf(index));
  }
});

test('of a hundred thousand leaves, 32 KB are kept', () => {
  const size = 100_000;
  const leaves = leavesFor(size);
  const top = topOf(size, leaves);
  expect(top.length).toBe(1_023 * HASH);
  const tree = openTop(top, size, sourceOf(leaves));
  expect(tree.root).toEqual(buildTree(leaves).root);
  const leafAt = (index: number) => leaves.subarray(index * HASH, (index + 1) * HASH);
  for (const index of [0, 68_927, 68_928, size - 1]) {
    expect(rootFromProof(leafAt(index), tree.proofOf(index))).toEqual(tree.root);
  }
});

test('what is no tree, no top, no index or not the leaves that were asked for is refused', () => {
  for (const size of [0, -1, 1.5, 2 ** 27, Number.NaN]) expect(() => topBuilder(size)).toThrow(RangeError);
  const leaves = leavesFor(300);
  const top = topOf(300, leaves);
  expect(() => openTop(top.subarray(1), 300, sourceOf(leaves))).toThrow('not the top of a tree of 300');
  expect(() => openTop(new Uint8Array(1_023 * HASH), 300, sourceOf(leaves))).toThrow('not the top');
  expect(() => openTop(top, 300, sourceOf(leaves)).proofOf(300)).toThrow('has no leaf 300');
  const builder = topBuilder(300);
  expect(() => builder.fill(0, 1, () => new Uint8Array(HASH))).toThrow('32 bytes, not');
  const ofMillions = new Uint8Array(HASH);
  expect(() => openTop(ofMillions, 2 ** 24, sourceOf(leaves)).proofOf(1)).toThrow('keep more of');
});
