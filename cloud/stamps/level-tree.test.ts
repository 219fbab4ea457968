import { buildTree, rootFromMultiProof, rootFromProof, stampLeaf } from '@nongtin/contracts/encoding';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveStamps } from './derive.ts';
import { buildUpper, rootOf, withTree } from './level-tree.ts';

const cooperative = new Uint8Array(32).fill(0xc1);
const stamps = deriveStamps({
  secret: new Uint8Array(32).fill(9),
  cooperativeId: `0x${'c1'.repeat(32)}`,
  gtin14: '08936000000011',
  batchNumber: 3,
});
const leafAt = (index: number) =>
  stampLeaf({ batchNumber: 3n, index, serial: stamps.serialAt(index) }, cooperative, stamps.saltAt(index));
const leaves = Array.from({ length: 600 }, (_, index) => leafAt(index));

describe('the tree of a batch, of which the top is kept', () => {
  it('has the root, the proofs and the multi-proofs of the whole tree of its stamps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (size, pick) => {
        const upper = buildUpper(size, stamps);
        const whole = buildTree(leaves.slice(0, size));
        expect(rootOf(upper)).toEqual(whole.root);
        const index = pick % size;
        const carton = [...new Set([index, Math.min(index + 1, size - 1), Math.min(index + 2, size - 1)])];
        withTree(upper, size, stamps, (tree) => {
          expect(tree.proofOf(index)).toEqual(whole.proofOf(index));
          expect(tree.multiProofOf(carton)).toEqual(whole.multiProofOf(carton));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('keeps half a byte a stamp at most, and proves stamps and cartons below what it keeps', () => {
    for (const size of [4_095, 4_096, 8_193, 20_001]) {
      const upper = buildUpper(size, stamps);
      expect(upper.length).toBeLessThanOrEqual(size / 2);
      for (const index of [0, 1, Math.floor(size / 2), size - 1]) {
        const proof = withTree(upper, size, stamps, (tree) => tree.proofOf(index));
        expect(rootFromProof(leafAt(index), proof)).toEqual(rootOf(upper));
      }
      const carton = Array.from({ length: 24 }, (_, i) => Math.floor(size / 3) + i);
      const proof = withTree(upper, size, stamps, (tree) => tree.multiProofOf(carton));
      expect(proof.leaves).toEqual(carton.map(leafAt));
      expect(rootFromMultiProof(proof)).toEqual(rootOf(upper));
    }
  });

  it('refuses a tree of nothing and a leaf it does not have', () => {
    expect(() => buildUpper(0, stamps)).toThrow(RangeError);
    const upper = buildUpper(3, stamps);
    for (const index of [3, -1]) {
      expect(() => withTree(upper, 3, stamps, (tree) => tree.proofOf(index))).toThrow(RangeError);
    }
  });
});
