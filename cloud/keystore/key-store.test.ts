import { createCipheriv } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { afterEach, describe, expect, it } from 'vitest';
import { openFileKeyStore } from './key-file.ts';
import { keyStoreSuite, startFakeTransit } from './key-store.suite.ts';
import { openKeyStore } from './open.ts';
import { openSealedKeyStore } from './sealed-file.ts';
import { transitKeyStore } from './transit.ts';

const folders: string[] = [];
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'nongtin-keys-'));
  folders.push(path);
  return path;
};
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});
const cheap = { N: 2 ** 10, r: 8, p: 1 };
const secret = new Uint8Array(32).fill(9);

function fileWith(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

keyStoreSuite('a key file', async () => {
  const path = join(folder(), 'stamps.key');
  const again = () => openFileKeyStore(path);
  return { store: again(), again, remove: async () => {} };
});

keyStoreSuite('a passphrase', async () => {
  const path = join(folder(), 'stamps.keyring.json');
  const passphraseFile = fileWith('passphrase', 'sáu từ ngẫu nhiên là đủ\n');
  const again = () => openSealedKeyStore({ path, passphraseFile, cost: cheap });
  return { store: again(), again, remove: async () => {} };
});

keyStoreSuite('a key service', async () => {
  const service = await startFakeTransit('stamps');
  const tokenFile = fileWith('token', 'hvs.secret\n');
  const again = () => transitKeyStore({ url: service.url, key: 'stamps', tokenFile });
  return { store: again(), again, remove: () => service.close() };
});

describe('the key file', () => {
  it('is made once, for its owner only, and opened again', async () => {
    const path = join(folder(), 'cloud', 'keys', 'stamps.key');
    const wrapped = await openFileKeyStore(path).wrap(secret, '1');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const key = readFileSync(path, 'utf8');
    expect(await openFileKeyStore(path).unwrap(wrapped, '1')).toEqual(secret);
    expect(readFileSync(path, 'utf8')).toBe(key);
  });

  it('opens what its one key has wrapped in the form that names no key', async () => {
    const path = fileWith('stamps.key', `${'ab'.repeat(32)}\n`);
    const nonce = Buffer.alloc(12, 1);
    const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32, 0xab), nonce).setAAD(Buffer.from('7'));
    const bytes = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    const wrapped = `1.${bytes.toString('base64url')}`;
    const store = openFileKeyStore(path);
    await store.rotate();
    expect(await store.unwrap(wrapped, '7')).toEqual(secret);
    expect(wrapped.startsWith(await store.newestPrefix())).toBe(false);
  });

  it('is not overwritten when it is damaged: one sentence says what to do', () => {
    const path = fileWith('stamps.key', '12ab');
    expect(() => openFileKeyStore(path)).toThrow(StartProblem);
    expect(readFileSync(path, 'utf8')).toBe('12ab');
  });
});

describe('the file under a passphrase', () => {
  const passphrase = (text: string) => fileWith('passphrase', text);
  const good = 'six random words make one';

  it('opens for its passphrase alone, and for nobody who changes how it is derived', () => {
    const path = join(folder(), 'ring.json');
    openSealedKeyStore({ path, passphraseFile: passphrase(good), cost: cheap });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const open = (text: string) => () => openSealedKeyStore({ path, passphraseFile: passphrase(text) });
    expect(open(good)).not.toThrow();
    expect(open('another six random words')).toThrow(/does not open .*ring\.json/);
    const file = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...file, kdf: { ...file.kdf, N: 2 ** 11 } }));
    expect(open(good)).toThrow(/does not open/);
    // A gigabyte and a half for a file that somebody has put there.
    writeFileSync(path, JSON.stringify({ ...file, kdf: { ...file.kdf, N: 2 ** 21 } }));
    expect(open(good)).toThrow(/incomplete or not ours/);
  });

  it('takes the first line, whichever editor has saved it', () => {
    const path = join(folder(), 'ring.json');
    openSealedKeyStore({ path, passphraseFile: passphrase(good), cost: cheap });
    for (const text of [`${good}\n`, `${good}\r\n`, `\ufeff${good}\r\nanother line`])
      expect(() => openSealedKeyStore({ path, passphraseFile: passphrase(text) })).not.toThrow();
  });

  it('needs a passphrase that is there and not short, and says neither', () => {
    const path = join(folder(), 'ring.json');
    expect(() => openSealedKeyStore({ path, passphraseFile: join(folder(), 'none') })).toThrow(
      /There is no file .*NONGTIN_STAMP_KEY_PASSPHRASE_FILE/,
    );
    const short = () => openSealedKeyStore({ path, passphraseFile: passphrase('hunter2') });
    expect(short).toThrow(/shorter than 12/);
    expect(short).not.toThrow(/hunter2/);
    expect(existsSync(path)).toBe(false);
  });
});

describe('the key service', () => {
  it('is told apart: silent, unwell, or unwilling; and its token stays unsaid', async () => {
    const service = await startFakeTransit('stamps');
    const tokenFile = fileWith('token', 'hvs.secret\n');
    const store = transitKeyStore({ url: service.url, key: 'stamps', tokenFile });
    const wrapped = await store.wrap(secret, '7');
    expect(service.tokens).toEqual(['hvs.secret']);
    service.fail(503);
    await expect(store.unwrap(wrapped, '7')).rejects.toMatchObject({ kind: 'try_later', statusCode: 503 });
    service.fail(403);
    await expect(store.unwrap(wrapped, '7')).rejects.toMatchObject({
      kind: 'refused',
      message: 'the key service (POST transit/decrypt/stamps) answers 403',
    });
    await service.close();
    await expect(store.unwrap(wrapped, '7')).rejects.toMatchObject({ kind: 'try_later' });
  });
});

describe('another choice of key store', () => {
  it('goes on reading what the one before it has wrapped: clear, passphrase, key service', async () => {
    const place = folder();
    const clear = await openKeyStore({ folder: place, passphraseFile: undefined, transit: undefined });
    const first = await clear.wrap(secret, '1');
    const passphraseFile = fileWith('passphrase', 'six random words make one');
    const under = openKeyStore({ folder: place, passphraseFile, transit: undefined });
    expect(await under.unwrap(first, '1')).toEqual(secret);
    const second = await under.wrap(secret, '2');
    expect(first.startsWith(await under.newestPrefix())).toBe(false);
    // Until everything is wrapped anew the clear key stays, and no longer.
    const plain = join(place, 'stamps.key');
    await under.retireOlder('2.000000000000.');
    expect([existsSync(plain), await under.unwrap(first, '1')]).toEqual([true, secret]);
    expect(() => openKeyStore({ folder: place, passphraseFile: undefined, transit: undefined })).toThrow(
      /is under a passphrase/,
    );
    const service = await startFakeTransit('stamps');
    const tokenFile = fileWith('token', 't');
    const transit = { url: service.url, key: 'stamps', tokenFile };
    const last = openKeyStore({ folder: place, passphraseFile, transit });
    expect(await last.unwrap(first, '1')).toEqual(secret);
    expect(await last.unwrap(second, '2')).toEqual(secret);
    expect((await last.wrap(secret, '3')).startsWith('kms1.vault:v1:')).toBe(true);
    await service.close();
    await under.retireOlder(await under.newestPrefix());
    expect(existsSync(plain)).toBe(false);
    const only = openKeyStore({ folder: place, passphraseFile, transit: undefined });
    expect(await only.unwrap(second, '2')).toEqual(secret);
    await expect(only.unwrap(first, '1')).rejects.toThrow();
  });
});
