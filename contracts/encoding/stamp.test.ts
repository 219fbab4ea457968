import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { leafHash } from './leaf.ts';
import { stampLeaf, stampWord } from './stamp.ts';

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const stamp = fc.record({
  batchNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  index: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  serial: fc.string({ unit: printable, minLength: 20, maxLength: 20 }),
});

test('a stamp word reads back to its one stamp', () => {
  fc.assert(
    fc.property(stamp, (one) => {
      const word = stampWord(one);
      const view = new DataView(word.buffer);
      expect({
        batchNumber: view.getBigUint64(0),
        index: view.getUint32(8),
        serial: new TextDecoder().decode(word.subarray(12)),
      }).toEqual(one);
    }),
  );
});

test('a stamp that does not fit its word is refused, not cut', () => {
  const good = { batchNumber: 1n, index: 0, serial: 'K3V9TQ2M7XPD4HW8NC5B' };
  expect(() => stampWord({ ...good, batchNumber: 2n ** 64n })).toThrow('64 bits');
  expect(() => stampWord({ ...good, batchNumber: -1n })).toThrow('64 bits');
  expect(() => stampWord({ ...good, index: 2 ** 32 })).toThrow('32 bits');
  for (const serial of [
    '',
    'K3V9TQ2M7XPD4HW8NC5',
    'K3V9TQ2M7XPD4HW8NC5BX',
    'K3V9TQ2M7XPD4HW8NC5Đ',
    'K3V9 Q2M7XPD4HW8NC5B',
  ]) {
    expect(() => stampWord({ ...good, serial })).toThrow('20 printable ASCII');
  }
});

test('each part of a leaf changes the leaf', () => {
  const base = { cooperativeId: byte(1), kind: 'lot', salt: byte(2), digest: byte(3) } as const;
  const leaves = [
    base,
    { ...base, cooperativeId: byte(9) },
    { ...base, kind: 'stamp_batch' as const },
    { ...base, salt: byte(9) },
    { ...base, digest: byte(9) },
  ].map((leaf) => toHex(leafHash(leaf)));
  expect(new Set(leaves).size).toBe(leaves.length);
  expect(() => leafHash({ ...base, salt: new Uint8Array(16) })).toThrow('the salt has 16 bytes, not 32');
});

test('a stamp leaf is no leaf of another kind with the same bytes', () => {
  const one = { batchNumber: 1n, index: 0, serial: 'K3V9TQ2M7XPD4HW8NC5B' };
  const other = leafHash({ cooperativeId: byte(1), kind: 'lot', salt: byte(2), digest: stampWord(one) });
  expect(toHex(stampLeaf(one, byte(1), byte(2)))).not.toBe(toHex(other));
});

function byte(value: number): Uint8Array {
  return new Uint8Array(32).fill(value);
}
