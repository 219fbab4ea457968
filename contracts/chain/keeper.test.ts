import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@nongtin/service';
import { Contract, id, JsonRpcProvider, Wallet } from 'ethers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AnchorReading, readAnchor } from '../encoding/index.ts';
import { blockNumber } from './blocks.ts';
import { savedStates } from './chain-state.ts';
import { type ChainConfig, readConfig } from './config.ts';
import { anchorRegistryAbi, readAnchorerKey, readDeployment } from './index.ts';
import { jsonRpc } from './json-rpc.ts';
import { ChainKeeper } from './keeper.ts';

let dataDir: string;
let config: ChainConfig;
let said: string[];
let cleanUp: (() => Promise<unknown>)[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'nongtin-keeper-'));
  config = readConfig({ NONGTIN_DATA_DIR: dataDir, NONGTIN_RPC_PORT: `${await freePort()}` });
  said = [];
  cleanUp = [];
});

afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  rmSync(dataDir, { recursive: true, force: true });
});

const rpcUrl = () => `http://127.0.0.1:${config.port}`;
const rpc = (method: string, params: readonly unknown[] = []) => jsonRpc(rpcUrl())(method, params);

async function startKeeper(changes: Partial<ChainConfig> = {}): Promise<ChainKeeper> {
  const say = (first: unknown, second?: string) => {
    said.push(typeof first === 'string' ? first : `${second}`);
  };
  const keeper = new ChainKeeper({ ...config, ...changes }, { info: say, warn: say, error: say });
  await keeper.start();
  cleanUp.push(() => keeper.stop());
  return keeper;
}

async function until<T>(what: string, find: () => Promise<T | undefined>, withinMs = 10_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(20)) {
    const found = await find().catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new Error(`not within ${withinMs} ms: ${what}; said: ${said.join(' | ')}`);
}

function deployment() {
  const found = readDeployment(dataDir);
  if (found === undefined) throw new Error('no deployment');
  return found;
}

async function anchor(root: string): Promise<void> {
  const options = { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1 };
  const provider = new JsonRpcProvider(rpcUrl(), config.chainId, options);
  const wallet = new Wallet(readAnchorerKey(dataDir) ?? '', provider);
  const registry = new Contract(deployment().anchorRegistry, anchorRegistryAbi, wallet);
  await (await registry.getFunction('anchor').send(root, 1)).wait();
  provider.destroy();
}

const reading = (root: string, blockTag: 'latest' | 'finalized' = 'finalized'): Promise<AnchorReading> =>
  readAnchor(rpc, { chainId: config.chainId, contract: deployment().anchorRegistry, root, blockTag });

const anchored = (root: string) => async () => ((await reading(root)).kind === 'anchored' ? true : undefined);

function anvilPid(): number {
  return Number(JSON.parse(readFileSync(join(config.folder, 'anvil.pid'), 'utf8')).anvil.split(' ')[1]);
}

const saved = (root: string) => async () =>
  readFileSync(join(config.folder, 'state.json'), 'utf8').includes(root.slice(2)) ? true : undefined;

test('what is anchored becomes final by itself, and no block is mined when nothing happens', async () => {
  await startKeeper();
  await anchor(id('a'));
  await until('final', anchored(id('a')));
  await until('saved', saved(id('a')));
  const before = await blockNumber(rpc);
  await delay(1_000);
  expect(await blockNumber(rpc)).toBe(before);
});

test('a second start goes on with the same chain and the same contracts', async () => {
  const keeper = await startKeeper();
  const first = deployment();
  await anchor(id('a'));
  await keeper.stop();
  await startKeeper();
  expect(deployment()).toEqual(first);
  expect((await reading(id('a'))).kind).toBe('anchored');
});

test('kill -9 of anvil: back with the contracts and the roots within two seconds', async () => {
  await startKeeper();
  const first = deployment();
  await anchor(id('a'));
  await until('saved', saved(id('a')));
  const killed = anvilPid();
  kill(killed, 'SIGKILL');
  await until('another anvil', async () => (anvilPid() !== killed ? true : undefined), 2_000);
  await until('the root', anchored(id('a')), 2_000);
  expect(deployment()).toEqual(first);
  await anchor(id('b'));
  await until('final', anchored(id('b')));
});

test('a state cut in half: the state before it is used, and a sentence says so', async () => {
  const keeper = await startKeeper();
  await anchor(id('a'));
  await until('saved', saved(id('a')));
  await anchor(id('b'));
  await until('saved', saved(id('b')));
  await keeper.stop();
  const path = join(config.folder, 'state.json');
  writeFileSync(path, readFileSync(path).subarray(0, 5_000));
  await startKeeper();
  expect((await reading(id('a'))).kind).toBe('anchored');
  expect(said.join()).toContain(`${path} is damaged`);
});

test('two states that are JSON but no chain: a new chain, the same addresses, and a sentence for each', async () => {
  const keeper = await startKeeper();
  const first = deployment();
  await anchor(id('a'));
  await keeper.stop();
  for (const name of ['state.json', 'state.previous.json']) {
    writeFileSync(join(config.folder, name), '{"block":1,"accounts":2}');
  }
  await startKeeper();
  expect(deployment()).toMatchObject({ anchorRegistry: first.anchorRegistry, codeHashes: first.codeHashes });
  expect(deployment().succeeds).toBeUndefined();
  expect((await reading(id('a'), 'latest')).kind).toBe('missing');
  expect(said.filter((sentence) => sentence.includes('is damaged'))).toHaveLength(2);
});

test('deployed again at other addresses, it is written down whose place the contracts take, over a restart too', async () => {
  const keeper = await startKeeper();
  const { chainId, ...first } = deployment();
  await keeper.stop();
  // As after contracts of other sources, and the loss of the chain they were on.
  const other = { anchorRegistry: `0x${'a1'.repeat(20)}`, cooperativeRegistry: `0x${'b2'.repeat(20)}` };
  const before = {
    chainId: 9,
    anchorRegistry: `0x${'c3'.repeat(20)}`,
    cooperativeRegistry: `0x${'d4'.repeat(20)}`,
  };
  const lost = { chainId, ...first, ...other, succeeds: [before] };
  writeFileSync(join(config.folder, 'deployment.json'), JSON.stringify(lost));
  const succeeds = [{ chainId, ...other }, before];
  const again = await startKeeper();
  expect(deployment().succeeds).toEqual(succeeds);
  await again.stop();
  await startKeeper();
  expect(deployment().succeeds).toEqual(succeeds);
});

test('a state that takes long to load is not taken for a damaged one', async () => {
  const keeper = await startKeeper();
  await anchor(id('a'));
  await keeper.stop();
  const before = readdirSync(config.folder);
  // No time at all: with any, anvil may answer on a machine whose other processes are held up.
  await expect(startKeeper({ readyWithinMs: 0 })).rejects.toThrow('anvil gave no answer within 0 s');
  expect(readdirSync(config.folder)).toEqual(before);
  await startKeeper();
  expect((await reading(id('a'))).kind).toBe('anchored');
  expect(said.join()).not.toContain('is damaged');
});

test('a state moved aside does not overwrite one that was moved aside before', async () => {
  const state = join(config.folder, 'state.json');
  mkdirSync(config.folder);
  for (const text of ['first', 'second', 'third']) {
    writeFileSync(state, text);
    savedStates(config.folder, () => {});
  }
  const texts = readdirSync(config.folder).map((name) => readFileSync(join(config.folder, name), 'utf8'));
  expect(texts.toSorted()).toEqual(['first', 'second', 'third']);
});

test('a port in use is told with its variable, before any anvil is started', async () => {
  const server = createServer().listen(config.port, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(async () => server.close());
  await expect(startKeeper()).rejects.toThrow(
    `Port ${config.port} is already in use: stop the program that holds it, or choose another one with NONGTIN_RPC_PORT=….`,
  );
});

test('after kill -9 of the service its anvil is ended, and the chain goes on', {
  timeout: 60_000,
}, async () => {
  const service = await startProcess();
  const first = deployment();
  await anchor(id('a'));
  const orphan = anvilPid();
  service.kill('SIGKILL');
  await once(service, 'exit');
  await anchor(id('on the orphan'));
  await startKeeper();
  await until('the orphan is gone', async () => (isAlive(orphan) ? undefined : true));
  expect(said.join()).toContain(`Ended an anvil (process ${orphan})`);
  expect(deployment()).toEqual(first);
  expect((await reading(id('on the orphan'))).kind).toBe('anchored');
});

test('a second service on the same folder is refused, and leaves the first one alone', async () => {
  await startProcess();
  const first = anvilPid();
  const other = await freePort();
  await expect(startKeeper({ port: other })).rejects.toThrow(/Process \d+ is already running the chain in/);
  expect(anvilPid()).toBe(first);
  expect(await blockNumber(rpc)).toBeGreaterThan(0);
});

test('stopped by a signal, the service saves the last block and leaves no anvil behind', async () => {
  const service = await startProcess();
  const anvil = anvilPid();
  await anchor(id('the last'));
  service.kill('SIGTERM');
  const [code] = await once(service, 'exit');
  expect(code).toBe(0);
  expect(isAlive(anvil)).toBe(false);
  expect(await saved(id('the last'))()).toBe(true);
});

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch {
    return false;
  }
}

async function startProcess(): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const env = { NONGTIN_DATA_DIR: dataDir, NONGTIN_RPC_PORT: `${config.port}`, NONGTIN_LOG: 'json' };
  const child = spawn(execPath, [main], { env, stdio: 'ignore' });
  cleanUp.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  await until('a chain', async () => readDeployment(dataDir));
  return child;
}
