import { equalBytes, fromHex, stampLeaf, toHex } from '@nongtin/contracts/encoding';
import { describe, expect, it } from 'vitest';
import { deriveStamps } from './derive.ts';
import { buildUpper, withTree } from './level-tree.ts';

/** docs/stamps.md, "What a published proof gives away": why each leaf has a salt of its own. */
const cooperativeId = `0x${'c1'.repeat(32)}`;
const stamps = deriveStamps({
  ...{ secret: new Uint8Array(32).fill(3), cooperativeId, gtin14: '08936000000011', batchNumber: 4 },
});
const SIZE = 64;
const upper = buildUpper(SIZE, stamps);

const leafWith = (index: number, serial: string, salt: Uint8Array) =>
  stampLeaf({ batchNumber: 4n, index, serial }, fromHex(cooperativeId, 32), salt);

describe("a stamp's published proof", () => {
  it("holds its neighbour's leaf, which no salt that anybody has ever seen turns into the neighbour's serial", () => {
    const proofs = withTree(upper, SIZE, stamps, (tree) =>
      Array.from({ length: SIZE }, (_, i) => tree.proofOf(i)),
    );
    const revealed = Array.from({ length: SIZE }, (_, index) => stamps.saltAt(index));
    expect(new Set(revealed.map(toHex)).size).toBe(SIZE);
    for (let index = 0; index < SIZE; index += 1) {
      const neighbour = index ^ 1;
      const sibling = proofs[index]?.[0] ?? new Uint8Array();
      // Even the right serial cannot be told from a wrong one, with all other stamps' salts at hand.
      const known = [new Uint8Array(32), ...revealed.filter((_, other) => other !== neighbour)];
      const serial = stamps.serialAt(neighbour);
      expect(known.some((salt) => equalBytes(leafWith(neighbour, serial, salt), sibling))).toBe(false);
      expect(leafWith(neighbour, serial, stamps.saltAt(neighbour)), 'its own salt alone does').toEqual(
        sibling,
      );
    }
  });

  it('would let everybody search for the neighbour if leaves had no salt: one hash a try', () => {
    const noSalt = new Uint8Array(32);
    const serial = stamps.serialAt(9);
    const sibling = leafWith(9, serial, noSalt);
    // 32 tries in place of 2^40: the check character follows from the rest, so only the search is shortened here.
    const guesses = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'].map(
      (last) => serial.slice(0, 18) + last + serial.slice(19),
    );
    expect(guesses.filter((guess) => equalBytes(leafWith(9, guess, noSalt), sibling))).toEqual([serial]);
  });
});
