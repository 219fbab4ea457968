import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('a chain alone has defaults, and a variable that is set to nothing counts as not set', () => {
  const defaults = {
    folder: 'data/chain',
    port: 8545,
    chainId: 31_337,
    allowOrigin: 'http://localhost:8080',
  };
  expect(readConfig({})).toEqual(defaults);
  const empty = {
    NONGTIN_DATA_DIR: '',
    NONGTIN_RPC_PORT: '',
    NONGTIN_CLOUD_PORT: ' ',
    NONGTIN_PUBLIC_URL: '',
  };
  expect(readConfig(empty)).toEqual(defaults);
});

test.each([
  [{ NONGTIN_CLOUD_PORT: '9090' }, 'http://localhost:9090'],
  [
    { NONGTIN_PUBLIC_URL: 'https://trace.example/verify', NONGTIN_CLOUD_PORT: '9090' },
    'https://trace.example',
  ],
])('its pages are those of the cloud (%o)', (env, origin) => {
  expect(readConfig(env).allowOrigin).toBe(origin);
});

test.each([{ NONGTIN_CLOUD_PORT: 'eight' }, { NONGTIN_PUBLIC_URL: 'trace.example' }])(
  'no address of the cloud is told (%o)',
  (env) => {
    expect(() => readConfig(env)).toThrow('gives no address of the cloud');
  },
);

test.each(['0', 'eight', '70000', '80.5'])('NONGTIN_RPC_PORT=%s is refused in words', (text) => {
  expect(() => readConfig({ NONGTIN_RPC_PORT: text })).toThrow('NONGTIN_RPC_PORT is');
});
