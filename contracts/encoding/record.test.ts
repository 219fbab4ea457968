import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { recordDigest } from './record.ts';

test('the digest is the SHA-256 of the canonical JSON', () => {
  // printf '{"a":1,"b":{"c":"xoài","d":[true,null,0.1]}}' | sha256sum
  const digest = '0xafd2a592dc91e96e49d4f1c36dfd62955931e82f326488d38dfb9c51ff72827f';
  expect(toHex(recordDigest({ b: { d: [true, null, 0.1], c: 'xoài' }, a: 1 }))).toBe(digest);
});

test('neither the order of keys nor an absent field changes a digest', () => {
  const digest = toHex(recordDigest({ lotNumber: 'L1', quantityKg: 1200 }));
  expect(toHex(recordDigest({ quantityKg: 1.2e3, netWeightGrams: undefined, lotNumber: 'L1' }))).toBe(digest);
});

test('what canonical JSON cannot say is refused', () => {
  expect(() => recordDigest({ quantityKg: Number.NaN })).toThrow('NaN');
  expect(() => recordDigest({ quantityKg: Number.POSITIVE_INFINITY })).toThrow('Infinity');
  expect(() => recordDigest({ name: '\ud83c' })).toThrow('surrogate');
});
