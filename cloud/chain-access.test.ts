import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChainFiles, openChainAccess } from './chain-access.ts';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-access-'));
const wallet = Wallet.createRandom();
const deployment = {
  ...{ chainId: 137, anchorRegistry: `0x${'1'.repeat(40)}`, cooperativeRegistry: `0x${'2'.repeat(40)}` },
  ...{
    deployedAtBlock: 5,
    codeHashes: { anchorRegistry: `0x${'3'.repeat(64)}`, cooperativeRegistry: `0x${'4'.repeat(64)}` },
  },
};
const files: ChainFiles = {
  deployment: join(folder, '137.json'),
  anchorerKeystore: join(folder, 'anchorer.json'),
  cooperativeKeystore: undefined,
  passphraseFile: join(folder, 'passphrase'),
};
const open = (chainFiles: ChainFiles | undefined) => openChainAccess({ dataDir: folder, chainFiles });

beforeAll(() => {
  writeFileSync(files.deployment, JSON.stringify({ ...deployment, alliance: wallet.address }));
  const keystore = encryptKeystoreJsonSync(
    { address: wallet.address, privateKey: wallet.privateKey },
    'mật khẩu',
    { scrypt: { N: 1024, r: 8, p: 1 } },
  );
  writeFileSync(files.anchorerKeystore ?? '', keystore);
  writeFileSync(files.passphraseFile ?? '', 'mật khẩu\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what the cloud knows of a chain', () => {
  it('comes from the files that were named: where the contracts stand, and the keys of keystores', async () => {
    const access = await open(files);
    expect(access.deployment()).toMatchObject(deployment);
    expect(access.anchorerKey()).toBe(wallet.privateKey);
    expect(access.cooperativeKey()).toBeUndefined();
  });

  it('is nothing yet while the embedded chain has not deployed', async () => {
    const access = await open(undefined);
    expect([access.deployment(), access.anchorerKey(), access.cooperativeKey()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is refused with what is wrong, and without what is secret', async () => {
    writeFileSync(join(folder, 'wrong'), 'something else');
    await expect(open({ ...files, passphraseFile: join(folder, 'wrong') })).rejects.toThrow(
      'The passphrase does not open',
    );
    await expect(open({ ...files, deployment: join(folder, 'none.json') })).rejects.toThrow('chain deploy');
    await expect(open({ ...files, anchorerKeystore: files.deployment })).rejects.toThrow('is no keystore');
  });

  it('is asked for whole: a key without its chain, or without its passphrase, is no use', () => {
    const key = { NONGTIN_ANCHORER_KEYSTORE: 'a.json' };
    expect(() => readConfig(key)).toThrow('NONGTIN_DEPLOYMENT');
    expect(() => readConfig({ ...key, NONGTIN_DEPLOYMENT: '137.json' })).toThrow(
      'NONGTIN_KEYSTORE_PASSPHRASE_FILE',
    );
    expect(readConfig({ NONGTIN_DEPLOYMENT: '/x/137.json' }).chainFiles).toMatchObject({
      deployment: '/x/137.json',
    });
    expect(readConfig({}).chainFiles).toBeUndefined();
  });
});
