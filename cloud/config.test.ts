import { StartProblem } from '@nongtin/service';
import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

it('runs without any variable', () => {
  expect(readConfig({})).toMatchObject({
    ...{ httpPort: 8080, uplinkPort: 1884, host: '0.0.0.0', demo: true, databaseUrl: undefined },
    ...{ rpcUrl: 'http://127.0.0.1:8545', publicUrl: 'http://localhost:8080' },
  });
});

it.each([
  [{ NONGTIN_CLOUD_PORT: '80a' }, /NONGTIN_CLOUD_PORT=80a is no port/],
  [{ NONGTIN_UPLINK_PORT: '65536' }, /NONGTIN_UPLINK_PORT/],
  [{ NONGTIN_DEMO: 'yes' }, /neither on nor off/],
  [{ NONGTIN_PUBLIC_URL: 'farm' }, /NONGTIN_PUBLIC_URL is no address/],
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
