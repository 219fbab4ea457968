import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { afterEach, describe, expect, it } from 'vitest';
import { batchKeys, keyStoreOf, openFileKeyStore, stampSalt } from './keys.ts';

const folders: string[] = [];
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'nongtin-keys-'));
  folders.push(path);
  return path;
};
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

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

describe('the key store', () => {
  it('gives back what it wrapped, and never twice the same text', async () => {
    const store = keyStoreOf(randomBytes(32));
    const secret = new Uint8Array(randomBytes(32));
    const wrapped = await store.wrap(secret, '7');
    expect(await store.unwrap(wrapped, '7')).toEqual(secret);
    expect(await store.wrap(secret, '7')).not.toBe(wrapped);
    expect(wrapped).not.toContain(Buffer.from(secret).toString('base64url'));
  });

  it('refuses an altered text, another batch and another key', async () => {
    const store = keyStoreOf(randomBytes(32));
    const wrapped = await store.wrap(randomBytes(32), '7');
    await expect(store.unwrap(wrapped, '8')).rejects.toThrow();
    await expect(keyStoreOf(randomBytes(32)).unwrap(wrapped, '7')).rejects.toThrow();
    const altered = wrapped.slice(0, 20) + (wrapped[20] === 'A' ? 'B' : 'A') + wrapped.slice(21);
    await expect(store.unwrap(altered, '7')).rejects.toThrow();
    await expect(store.unwrap('rubbish', '7')).rejects.toThrow();
  });

  it('makes its key file once, for its owner only, and opens it again', async () => {
    const path = join(folder(), 'cloud', 'keys', 'stamp-master.key');
    const wrapped = await openFileKeyStore(path).wrap(new Uint8Array(32).fill(9), '1');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const key = readFileSync(path, 'utf8');
    expect(await openFileKeyStore(path).unwrap(wrapped, '1')).toEqual(new Uint8Array(32).fill(9));
    expect(readFileSync(path, 'utf8')).toBe(key);
  });

  it('does not overwrite a damaged key file: one sentence says what to do', () => {
    const path = join(folder(), 'stamp-master.key');
    writeFileSync(path, '12ab');
    expect(() => openFileKeyStore(path)).toThrow(StartProblem);
    expect(readFileSync(path, 'utf8')).toBe('12ab');
  });
});
