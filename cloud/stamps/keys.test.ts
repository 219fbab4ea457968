import { describe, expect, it } from 'vitest';
import { batchKeys, stampSalt } from './keys.ts';

describe('keys of a batch', () => {
  it('are apart by use, the same each time, and another for another secret', () => {
    const keys = batchKeys(new Uint8Array(32).fill(1));
    expect(new Set([keys.mac, keys.salt, keys.pin].map((key) => Buffer.from(key).toString('hex'))).size).toBe(
      3,
    );
    expect(batchKeys(new Uint8Array(32).fill(1))).toEqual(keys);
    expect(batchKeys(new Uint8Array(32).fill(2)).mac).not.toEqual(keys.mac);
    expect(Buffer.from(keys.mac).toString('hex')).toMatchInlineSnapshot(
      `"c4320336d7f2e79989b69237f3bb5296cc7bc7560f03956c2fed52ceb978b1f8"`,
    );
    expect(Buffer.from(stampSalt(keys.salt, 1)).toString('hex')).toMatchInlineSnapshot(
      `"63cde1607045a419054c12649e73e74804148134f945a2ea984f5d1fcdaaa47a"`,
    );
  });

  it('give every stamp its own salt', () => {
    const { salt } = batchKeys(new Uint8Array(32).fill(1));
    const salts = Array.from({ length: 500 }, (_, i) => Buffer.from(stampSalt(salt, i)).toString('hex'));
    expect(new Set(salts).size).toBe(500);
  });
});
