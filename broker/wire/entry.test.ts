import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryHash, GENESIS_HASH } from './index.ts';
import vectors from './vectors.json' with { type: 'json' };

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'));

describe('the hash of a journal entry', () => {
  // Published: signatures and anchors rest on them. They never change; a new format gets a new file.
  it.each(vectors.entries)(
    'is the one of the vector file for entry $number',
    ({ hash, payload, ...header }) => {
      expect(entryHash(header, payload)).toBe(hash);
    },
  );

  it('keeps the vector file as it was published', () => {
    const digest = createHash('sha256').update(JSON.stringify(vectors)).digest('hex');
    expect(digest).toBe('7a418c0e7fc04f578c50de4a58fbdd8b2687888efbccb50811007bacdda68cdd');
  });

  it('is the SHA-256 of number, previous hash, boot id and payload', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        hex(32),
        hex(16),
        fc.string({ unit: 'grapheme' }),
        (number, previousHash, bootId, payload) => {
          const head = Buffer.alloc(8);
          head.writeBigUInt64BE(BigInt(number));
          const expected = createHash('sha256')
            .update(head)
            .update(previousHash, 'hex')
            .update(bootId, 'hex')
            .update(payload, 'utf8')
            .digest('hex');
          expect(entryHash({ number, previousHash, bootId }, payload)).toBe(expected);
        },
      ),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('does not exist for the number %d', (number) => {
    expect(() => entryHash({ number, previousHash: GENESIS_HASH, bootId: '0'.repeat(32) }, '')).toThrow(
      RangeError,
    );
  });

  it('does not exist for a chain link or a boot id of another length', () => {
    expect(() => entryHash({ number: 1, previousHash: '00', bootId: '0'.repeat(32) }, '')).toThrow(
      RangeError,
    );
    expect(() => entryHash({ number: 1, previousHash: GENESIS_HASH, bootId: '00' }, '')).toThrow(RangeError);
  });
});
