import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCloud, type TestCloud } from './testing/cloud.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.remove());

it('gives the cooperative of the demo a signing key, once, and shows nobody its secret', async () => {
  const keysOf = async () => (await cloud.call('auditor', 'GET', '/api/signing-keys')).body.keys;
  const [key, ...others] = await keysOf();
  expect(others).toEqual([]);
  expect(key).toMatchObject({ held: 'here', retiredAtMs: null });
  expect(Object.keys(key).join()).not.toMatch(/secret/);
  await cloud.restart();
  expect(await keysOf()).toEqual([key]);
});

it('turns the key of its secrets over when a manager says so', async () => {
  expect((await cloud.call('technician', 'POST', '/api/stamp-keys/rotate')).status).toBe(403);
  const turned = await cloud.call('manager', 'POST', '/api/stamp-keys/rotate');
  expect([turned.status, turned.body.leftUnderOlderKeys]).toEqual([200, 0]);
  await cloud.restart();
  expect((await cloud.call('manager', 'GET', '/api/stamp-keys')).body).toEqual({ leftUnderOlderKeys: 0 });
  expect((await cloud.call('manager', 'POST', '/api/stamp-keys/rewrap')).status).toBe(200);
  expect(existsSync(join(cloud.dataDir, 'cloud', 'stamps.key'))).toBe(true);
});

it('says in /readyz that the database is older than its keys, until the key store that belongs to it is back', async () => {
  const file = join(cloud.dataDir, 'cloud', 'stamps.key');
  const belonging = readFileSync(file);
  const secretsState = async () =>
    (await cloud.call(undefined, 'GET', '/readyz')).body.dependencies.secrets as string;
  writeFileSync(file, `${'ab'.repeat(32)}\n`);
  await cloud.restart();
  await expect.poll(secretsState).toMatch(/^unreadable: .*key store that belongs to this database/);
  writeFileSync(file, belonging);
  await cloud.restart();
  expect(await secretsState()).toBe('ok');
});

it('lets anybody say a PIN, and only managers have PINs, recall and void', async () => {
  const pin = await cloud.call(undefined, 'POST', `/api/verify/08936000000011/${'0'.repeat(20)}/activate`, {
    pin: '12345678',
  });
  expect([pin.status, pin.body.error.code]).toEqual([403, 'refused']);
  const refused = async (path: string, body: object) =>
    (await cloud.call('technician', 'POST', path, body)).status;
  expect(await refused('/api/pin-exports', { batchNumber: 1, from: 0, to: 0, reason: 'x' })).toBe(403);
  const span = { from: 0, to: 0, reason: 'x' };
  expect(await refused('/api/stamp-batches/1/withdraw', { ...span, state: 'voided' })).toBe(403);
  expect(await refused('/api/lots/L1/recall', { reason: 'x' })).toBe(403);
  // There is no such batch; but technicians may say what they packed.
  expect(await refused('/api/stamp-batches/1/life', { ...span, state: 'applied' })).toBe(404);
});

it('says which words a field takes, and that a reason is empty', async () => {
  const told = async (body: object) =>
    (await cloud.call('technician', 'POST', '/api/stamp-batches/1/life', { from: 0, to: 0, ...body })).body
      .error;
  expect(await told({ state: 'lost', reason: 'x' })).toMatchObject({
    ...{ kind: 'your_input', code: 'invalid' },
    message: expect.stringMatching(/^body\/state must be one of: printed, applied, spoiled/),
  });
  const empty = await told({ state: 'printed', reason: ' ' });
  expect(empty.message).toBe('body/reason is empty: write it in words.');
});
