import { StartProblem } from '@nongtin/service';
import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

it('runs without any variable', () => {
  expect(readConfig({})).toMatchObject({
    ...{ httpPort: 8080, uplinkPort: 1884, host: '0.0.0.0', demo: true, databaseUrl: undefined },
    ...{ rpcUrls: ['http://127.0.0.1:8545'], rpcQuorum: 1, publicUrl: 'http://localhost:8080' },
  });
});

it.each([
  [{ NONGTIN_CLOUD_PORT: '80a' }, /NONGTIN_CLOUD_PORT=80a is no port/],
  [{ NONGTIN_UPLINK_PORT: '65536' }, /NONGTIN_UPLINK_PORT/],
  [{ NONGTIN_DEMO: 'yes' }, /neither on nor off/],
  [{ NONGTIN_PUBLIC_URL: 'farm' }, /NONGTIN_PUBLIC_URL is no address/],
  [
    { NONGTIN_TRUSTED_PROXIES: '10.0.0.1, proxy.example' },
    /proxy\.example is neither an address nor a network/,
  ],
  [{ NONGTIN_TRUSTED_PROXIES: '10.0.0.0/33' }, /neither an address nor a network/],
  [{ NONGTIN_NATS_URL: 'nats://a:4222' }, /NONGTIN_NATS_URL needs a PostgreSQL server.*NONGTIN_DATABASE_URL/],
  [{ NONGTIN_NATS_URL: 'mqtt://a:4222' }, /NONGTIN_NATS_URL is no address/],
  [{ NONGTIN_UPLINK_PUBLIC_URL: 'https://a' }, /NONGTIN_UPLINK_PUBLIC_URL is no address/],
  [{ NONGTIN_UPLINK_PUBLIC_URL: 'mqtts://me:secret@a' }, /NONGTIN_UPLINK_PUBLIC_URL is mqtts:\/\/HOST:PORT/],
  [{ NONGTIN_ARCHIVE: '/somewhere' }, /NONGTIN_ARCHIVE needs a PostgreSQL server/],
  [{ NONGTIN_ARCHIVE: 'https://s3.example/b', NONGTIN_DATABASE_URL: 'postgres://a/b' }, /AWS_ACCESS_KEY_ID/],
])('refuses %j with one sentence', (env, sentence) => {
  expect(() => readConfig(env)).toThrow(StartProblem);
  expect(() => readConfig(env)).toThrow(sentence);
});

it('never repeats an address, which may hold a password', () => {
  expect(() => readConfig({ NONGTIN_DATABASE_URL: 'mysql://a:secret@b/c' })).toThrow(/^(?!.*secret)/s);
});

it('asks several endpoints of the chain, more than half of which must agree unless told otherwise', () => {
  const three = { NONGTIN_RPC_URL: 'https://a.example, https://b.example,https://c.example/key' };
  expect(readConfig(three)).toMatchObject({
    rpcUrls: ['https://a.example', 'https://b.example', 'https://c.example/key'],
    rpcQuorum: 2,
  });
  expect(readConfig({ ...three, NONGTIN_RPC_QUORUM: '3' }).rpcQuorum).toBe(3);
  expect(() => readConfig({ ...three, NONGTIN_RPC_QUORUM: '4' })).toThrow(
    'NONGTIN_RPC_QUORUM=4 is more than the 3 endpoints of NONGTIN_RPC_URL.',
  );
});

it('pays for anchors within limits that people set, and refuses what is no whole number', () => {
  const env = { NONGTIN_GAS_MAX_GWEI: '3', NONGTIN_GAS_DAY_BUDGET_WEI: '1000000000000000000000' };
  const { fees, trees } = readConfig({ ...env, NONGTIN_ANCHOR_SECONDS: '600', NONGTIN_ANCHOR_LEAVES: '50' });
  expect(fees.maxFeePerGasWei).toBe(3_000_000_000n);
  expect(fees.dayBudgetWei).toBe(10n ** 21n);
  expect(trees).toEqual({ everySeconds: 600, atLeaves: 50 });
  expect(() => readConfig({ NONGTIN_GAS_MAX_GWEI: '0.5' })).toThrow(
    'NONGTIN_GAS_MAX_GWEI=0.5 is no whole number above zero',
  );
});

it('shows buyers a chain on this machine, and no other unless told to', () => {
  expect(readConfig({}).publicRpcUrls).toEqual(['http://127.0.0.1:8545']);
  const keyed = { NONGTIN_RPC_URL: 'https://chain.example/v3/key' };
  expect(readConfig(keyed).publicRpcUrls).toEqual([]);
  const both = { ...keyed, NONGTIN_PUBLIC_RPC_URLS: 'https://a.example, https://b.example' };
  expect(readConfig(both).publicRpcUrls).toEqual(['https://a.example', 'https://b.example']);
});

it('keeps entries in an archive beside NATS, in a folder unless told otherwise', () => {
  const env = { NONGTIN_NATS_URL: 'nats://a:4222, nats://b:4222', NONGTIN_DATABASE_URL: 'postgres://a/b' };
  const { nats, archive } = readConfig({ ...env, NONGTIN_DATA_DIR: '/srv/data' });
  expect(nats).toEqual({
    ...{ servers: ['nats://a:4222', 'nats://b:4222'], keys: '/srv/data/cloud/nats/keys', ingest: true },
  });
  expect(archive).toEqual({ folder: '/srv/data/cloud/archive' });
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
  expect(readConfig({ ...env, ...keys, NONGTIN_ARCHIVE: 'https://s3.example/farm/entries' }).archive).toEqual(
    {
      ...{ url: 'https://s3.example/farm/entries', region: 'us-east-1', keyId: 'id', secret: 'secret' },
    },
  );
  expect(readConfig({}).archive).toBeUndefined();
});

it('reads where the key of stamps lies, and refuses half a key service', () => {
  expect(readConfig({}).stampKeys).toEqual({ passphraseFile: undefined, transit: undefined });
  const NONGTIN_STAMP_KMS_URL = 'https://vault.example.vn:8200';
  expect(
    readConfig({
      ...{ NONGTIN_STAMP_KMS_URL, NONGTIN_STAMP_KMS_TOKEN_FILE: '/run/token' },
      NONGTIN_STAMP_KEY_PASSPHRASE_FILE: '/run/passphrase',
    }).stampKeys,
  ).toEqual({
    passphraseFile: '/run/passphrase',
    transit: { url: NONGTIN_STAMP_KMS_URL, key: 'nongtin-stamps', tokenFile: '/run/token' },
  });
  expect(() => readConfig({ NONGTIN_STAMP_KMS_URL })).toThrow(/NONGTIN_STAMP_KMS_TOKEN_FILE/);
});

it('believes no proxy unless told which', () => {
  expect(readConfig({}).trustedProxies).toEqual([]);
  const given = { NONGTIN_TRUSTED_PROXIES: '127.0.0.1, 10.1.0.0/16,2001:db8::/32' };
  expect(readConfig(given).trustedProxies).toEqual(['127.0.0.1', '10.1.0.0/16', '2001:db8::/32']);
});
