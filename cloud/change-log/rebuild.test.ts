import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { startTestChain, type TestChain } from '@nongtin/contracts/chain';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { harvest, layout, TestGateway } from '../testing/gateway.ts';
import { recordsFolder } from '../testing/records-folder.ts';

const START = Date.UTC(2026, 2, 1, 9);
const gateway = new TestGateway('gw-1');
let chain: TestChain;
let env: Record<string, string>;
let folder: string;
let cloud: TestCloud;

beforeAll(async () => {
  [chain, folder] = await Promise.all([startTestChain(), recordsFolder('nongtin-lost-')]);
  const keystoreOf = (name: string, privateKey: string) => {
    const { address } = new Wallet(privateKey);
    const path = join(folder, `${name}.json`);
    writeFileSync(path, encryptKeystoreJsonSync({ address, privateKey }, 'x', { scrypt: { N: 2 } }));
    return path;
  };
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  env = {
    NONGTIN_RPC_URL: chain.rpcUrl,
    NONGTIN_DEPLOYMENT: write('deployment.json', JSON.stringify(chain.deployment)),
    NONGTIN_ANCHORER_KEYSTORE: keystoreOf('anchorer', chain.anchorerKey),
    NONGTIN_COOPERATIVE_KEYSTORE: keystoreOf('cooperative', chain.keys.demoCooperative),
    NONGTIN_KEYSTORE_PASSPHRASE_FILE: write('passphrase', 'x'),
    NONGTIN_CHANGE_LOG: join(folder, 'stick'),
  };
  cloud = await startCloud(undefined, env);
});
afterAll(async () => {
  await cloud?.remove();
  await chain?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (as: 'manager' | undefined, path: string) => (await cloud.call(as, 'GET', path)).body;
const post = (path: string, body?: object) => cloud.call('manager', 'POST', path, body);

async function rebuild(...args: string[]) {
  const main = join(import.meta.dirname, 'main.ts');
  const all = { PATH: process.env.PATH ?? '', INIT_CWD: folder, ...env, NONGTIN_DATA_DIR: cloud.dataDir };
  return promisify(execFile)(execPath, [main, ...args], { env: all }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
  );
}

async function issue(count: number): Promise<{ batchNumber: number; path: string }> {
  const [lot] = (await get('manager', '/api/lots')).lots;
  const { body } = await post('/api/stamp-batches', { lotNumber: lot.lotNumber, count });
  return { batchNumber: body.batchNumber, path: new URL(body.firstStampUrl).pathname };
}

/** What a buyer is told, by the link /01/GTIN/21/SERIAL. */
async function verdict(path: string) {
  return get(undefined, path.replace(/^\/01\/(\d+)\/21\/(\w+)$/, '/api/verify/$1/$2'));
}

async function proof(path: string) {
  return get(undefined, path.replace(/^\/01\/(\d+)\/21\/(\w+)$/, '/api/proofs/stamps/$1/$2'));
}

async function untilFinal(path: string) {
  const state = async () => {
    await chain.finalize();
    return (await verdict(path)).anchor?.state;
  };
  await expect.poll(state, { timeout: 60_000, interval: 500 }).toBe('final');
  return verdict(path);
}

it('a cloud whose database is lost is made again of its change log, what gateways sent and the chain', async () => {
  const { id: gatewayId, publicKey } = gateway;
  const { body } = await post('/api/gateways', { gatewayId, publicKey });
  gateway.record(layout);
  gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.25, START));
  gateway.record(harvest('h-1', 'a', START, START + 60_000));
  const uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
  await uplink.send(...gateway.journal);
  await uplink.close();
  const harvests = async () => (await get('manager', '/api/harvests')).harvests;
  await expect.poll(async () => (await harvests()).length).toBe(1);
  const [{ gtin14 }] = (await get('manager', '/api/products')).products;
  expect((await post('/api/lots', { harvestId: 'h-1', gtin14 })).status).toBe(201);
  const stamps = await issue(300);
  const before = await untilFinal(stamps.path);
  const bundle = await proof(stamps.path);
  const spoiled = { from: 3, to: 7, state: 'printed', reason: 'in' };
  expect((await post(`/api/stamp-batches/${stamps.batchNumber}/life`, spoiled)).status).toBe(200);
  const life = await get('manager', `/api/stamp-batches/${stamps.batchNumber}/life`);
  const [lots, said] = [await get('manager', '/api/lots'), await harvests()];
  const sent = await chain.rpc('eth_getTransactionCount', [new Wallet(chain.anchorerKey).address, 'latest']);

  // The stick is taken out, and what is made now is on the chain alone when the disk dies.
  await cloud.stop();
  renameSync(join(folder, 'stick'), join(folder, 'taken'));
  mkdirSync(join(folder, 'stick'));
  await cloud.start();
  const lost = await issue(20);
  await untilFinal(lost.path);
  expect((await rebuild('rebuild')).said).toContain('Another cloud process already works');
  await cloud.stop();
  expect((await rebuild('rebuild', 'taken')).said).toContain('The database has account_user already');
  rmSync(join(cloud.dataDir, 'cloud', 'pglite'), { recursive: true });
  rmSync(join(folder, 'stick'), { recursive: true });
  expect(await rebuild('rebuild')).toMatchObject({
    code: 1,
    said: expect.stringContaining('has no change log'),
  });
  renameSync(join(folder, 'taken'), join(folder, 'stick'));
  const { code, said: told } = await rebuild('rebuild');
  expect([code, told]).toEqual([
    0,
    expect.stringMatching(/There again: \d+ people, 1 lots, 1 stamp batches, \d+ trees/),
  ]);
  expect(told).toMatch(/The chain has (\d+) trees, of which \d+ are there again/);
  expect(told).toMatch(/0x[0-9a-f]{64} of 1 records, in block \d+, by 0x/);

  await cloud.start();
  await expect.poll(harvests).toEqual(said);
  expect(await get('manager', '/api/lots')).toEqual(lots);
  expect(await get('manager', `/api/stamp-batches/${stamps.batchNumber}/life`)).toEqual(life);
  expect(await untilFinal(stamps.path)).toEqual(before);
  expect(await proof(stamps.path)).toEqual(bundle);
  expect((await get(undefined, '/readyz')).dependencies.changeLog).toBe('ok');
  const again = await chain.rpc('eth_getTransactionCount', [new Wallet(chain.anchorerKey).address, 'latest']);
  // That of the lost batch; of what was rebuilt nothing was sent twice.
  expect(Number(again) - Number(sent)).toBe(1);
  const next = await issue(5);
  expect(next.batchNumber).toBeGreaterThan(lost.batchNumber);
  await untilFinal(next.path);
  expect(existsSync(join(folder, 'stick', '000001.log'))).toBe(true);
  // And the gateway comes in with its password, and its journal goes on.
  const after = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
  gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.3, START + 120_000));
  expect(await after.send(...gateway.journal.slice(-1))).toEqual({ durableUpTo: gateway.journal.length });
  await after.close();
}, 180_000);

it('the command says how it is used', async () => {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  expect(await rebuild('--help')).toMatchObject({
    code: 0,
    said: expect.stringContaining('cloud rebuild [FOLDER]'),
  });
  expect(await rebuild('mend')).toMatchObject({ code: 2 });
  expect(await rebuild('rebuild', '--from', 'x')).toMatchObject({ code: 2 });
});
