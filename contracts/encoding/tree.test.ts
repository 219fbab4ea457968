import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, toHex } from './bytes.ts';
import { buildTree, proofLength, rootFromProof } from './tree.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const leaves = fc.array(hash, { minLength: 1, maxLength: 70 });

test('every tree has the root that OpenZeppelin gives it, and OpenZeppelin accepts every proof', () => {
  fc.assert(
    fc.property(leaves, (list) => {
      const tree = buildTree(list);
      const theirs = SimpleMerkleTree.of(list, { sortLeaves: false });
      expect(toHex(tree.root)).toBe(theirs.root);
      list.forEach((leaf, index) => {
        const proof = tree.proofOf(index);
        expect(proof).toHaveLength(proofLength(index, list.length));
        expect(SimpleMerkleTree.verify(theirs.root, leaf, proof.map(toHex))).toBe(true);
        expect(equalBytes(rootFromProof(leaf, proof), tree.root)).toBe(true);
      });
    }),
    { numRuns: 60 },
  );
});

test('a leaf or a proof with one bit changed does not lead to the root', () => {
  fc.assert(
    fc.property(leaves, fc.nat(), fc.nat(), (list, pick, bit) => {
      const tree = buildTree(list);
      const index = pick % list.length;
      const chain = [list[index] ?? new Uint8Array(32), ...tree.proofOf(index)];
      const position = bit % (chain.length * 256);
      const changed = chain.map((item, at) => (at === position >> 8 ? flipBit(item, position & 255) : item));
      const [leaf = new Uint8Array(32), ...proof] = changed;
      expect(equalBytes(rootFromProof(leaf, proof), tree.root)).toBe(false);
    }),
  );
});

test('a shorter proof does not lead to the root', () => {
  const list = Array.from({ length: 9 }, (_, index) => new Uint8Array(32).fill(index));
  const tree = buildTree(list);
  for (const [index, leaf] of list.entries()) {
    expect(equalBytes(rootFromProof(leaf, tree.proofOf(index).slice(0, -1)), tree.root)).toBe(false);
  }
});

test('what is no tree, no leaf or no index is refused', () => {
  expect(() => buildTree([])).toThrow('at least one leaf');
  expect(() => buildTree([new Uint8Array(31)])).toThrow('31 bytes, not 32');
  const tree = buildTree([new Uint8Array(32), new Uint8Array(32)]);
  for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => tree.proofOf(index)).toThrow('has no leaf');
  expect(() => rootFromProof(new Uint8Array(32), [new Uint8Array(64)])).toThrow('64 bytes, not 32');
});

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test('a place has its depth in a tree of any size that a number holds', () => {
  for (let power = 1; power <= 52; power++) {
    const size = 2 ** power;
    expect([proofLength(0, size), proofLength(size - 1, size)], `2^${power}`).toEqual([power, power]);
    expect(proofLength(size - 2, size - 1), `2^${power} - 1`).toBe(power - 1);
    expect(proofLength(0, size - 1), `2^${power} - 1`).toBe(size - 1 === 1 ? 0 : power);
  }
});
