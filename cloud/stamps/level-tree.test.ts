import { createHash } from 'node:crypto';
import { buildTree, rootFromProof } from '@nongtin/contracts/encoding';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildUpper, proofFrom, rootOf } from './level-tree.ts';

const leafOf = (index: number) => new Uint8Array(createHash('sha256').update(String(index)).digest());
const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => leafOf(index));

describe('the tree of which only the top is kept', () => {
  it('has the root and the proofs of the whole tree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (size, pick) => {
        const upper = buildUpper(size, leafOf);
        const whole = buildTree(leavesOf(size));
        expect(rootOf(upper)).toEqual(whole.root);
        const index = pick % size;
        expect(proofFrom(upper, size, index, leafOf)).toEqual(whole.proofOf(index));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps at most 256 KiB, and proves leaves below what it keeps', () => {
    for (const size of [4_095, 4_096, 8_191, 20_001]) {
      const upper = buildUpper(size, leafOf);
      expect(upper.length).toBeLessThanOrEqual(256 * 1024);
      expect(rootOf(upper)).toEqual(buildTree(leavesOf(size)).root);
      for (const index of [0, 1, Math.floor(size / 2), size - 1]) {
        const proof = proofFrom(upper, size, index, leafOf);
        expect(rootFromProof(leafOf(index), proof)).toEqual(rootOf(upper));
      }
    }
  });

  it('refuses a tree of nothing and a leaf it does not have', () => {
    expect(() => buildUpper(0, leafOf)).toThrow(RangeError);
    const upper = buildUpper(3, leafOf);
    expect(() => proofFrom(upper, 3, 3, leafOf)).toThrow(RangeError);
    expect(() => proofFrom(upper, 3, -1, leafOf)).toThrow(RangeError);
  });
});
