import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  cooperativeRegistryAbi,
  type Deployment,
  startTestChain,
  type TestChain,
} from '@nongtin/contracts/chain';
import { addressHash, cooperativeKeyId, keyKinds, type ProofBundle } from '@nongtin/contracts/encoding';
import { Contract, encryptKeystoreJsonSync, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import {
  type Anchorer,
  createAnchorer,
  createAnchorStore,
  createEthersChain,
  httpRpc,
} from '../anchoring/index.ts';
import { keyStoreOf } from '../keystore/index.ts';
import { createSigner, ensureKey } from '../signing/index.ts';
import { createStamps } from '../stamps/index.ts';
import { createVerifier } from './index.ts';

const { cooperative, cooperativeId, gtin14, lotNumber } = fixture;
const folder = mkdtempSync(join(tmpdir(), 'nongtin-another-'));
let records: Awaited<ReturnType<typeof openTestRecords>>;
let dying: TestChain;
let living: TestChain;

beforeAll(async () => {
  [records, dying, living] = await Promise.all([
    openTestRecords(),
    startTestChain(71_001),
    startTestChain(71_002),
  ]);
});
afterAll(async () => {
  await Promise.all([dying.stop(), living.stop()]);
  await records.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A command of the tool, as a person runs it: exit code and what it printed. */
async function command(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const main = fileURLToPath(new URL(`../../contracts/${file}`, import.meta.url));
  const options = { cwd: folder, env: { PATH: process.env.PATH ?? '', INIT_CWD: folder, ...env } };
  return promisify(execFile)(execPath, [main, ...args], options).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
}

/** Deployed by the command, in the place of the chain that died; the cooperative admitted, its key registered. */
async function deployThere(chain: TestChain, succeeded: string, signer: `0x${string}`): Promise<Deployment> {
  const alliance = Wallet.createRandom();
  const { address, privateKey } = alliance;
  await chain.rpc('anvil_setBalance', [address, `0x${(10n ** 20n).toString(16)}`]);
  const json = encryptKeystoreJsonSync({ address, privateKey }, 'x', { scrypt: { N: 2 } });
  writeFileSync(join(folder, 'alliance.json'), json);
  writeFileSync(join(folder, 'passphrase'), 'x');
  const anchorer = new Wallet(chain.anchorerKey).address;
  const given = ['--rpc', chain.rpcUrl, '--keystore', 'alliance.json', '--out', 'deployments', '--yes'];
  const { code, stdout } = await command(
    'chain/command/main.ts',
    ['deploy', ...given, '--anchorer', anchorer, '--succeeds', succeeded],
    { NONGTIN_KEYSTORE_PASSPHRASE_FILE: 'passphrase' },
  );
  expect(code, stdout).toBe(0);
  const deployment = JSON.parse(
    readFileSync(join(folder, 'deployments', '71002.json'), 'utf8'),
  ) as Deployment;
  const provider = new JsonRpcProvider(chain.rpcUrl, 71_002, {
    ...{ staticNetwork: true, cacheTimeout: -1, pollingInterval: 25 },
  });
  const registry = new Contract(
    deployment.cooperativeRegistry,
    cooperativeRegistryAbi,
    new Wallet(privateKey, provider),
  );
  const send = async (name: string, ...args: unknown[]) =>
    (await registry.getFunction(name).send(...args)).wait();
  await send('admit', cooperativeId, 'HTX Thử', address);
  await send('setKey', cooperativeId, cooperativeKeyId(signer), keyKinds.cooperative, addressHash(signer));
  provider.destroy();
  return deployment;
}

async function untilFinal(anchorer: Anchorer, chain: TestChain): Promise<void> {
  for (let i = 0; i < 2; i += 1) await anchorer.tick();
  await chain.finalize();
  await anchorer.tick();
  expect(anchorer.status().state).toBe('ok');
}

it('a proof that was kept is genuine on the chain that takes the place of its dead one', async () => {
  const { db } = records;
  const clock = { nowMs: () => 1_790_000_000_000 };
  const keyStore = keyStoreOf(randomBytes(32));
  await ensureKey(db, keyStore, { cooperative, label: 'x', by: 'x', nowMs: 1 });
  const { queueRecord } = createSigner({ db, keyStore, clock });
  const stamps = createStamps({ db, keyStore, clock, queueRecord });
  const issued = await stamps.issueBatch({ lotNumber, count: 5, issuedBy: 'x' });
  if (!issued.ok) throw new Error(issued.problem);
  let [at, deployment] = [dying, dying.deployment];
  const rpc: ReturnType<typeof httpRpc> = (method, params) => httpRpc(at.rpcUrl)(method, params);
  const chain = createEthersChain({ rpc, deployment: () => deployment, anchorerKey: () => at.anchorerKey });
  const store = createAnchorStore(db);
  const anchorer = createAnchorer({ store, chain, clock, logger: silent, tickSeconds: 5 });
  const door = () => ({
    ...{ chainId: deployment.chainId, anchorRegistry: deployment.anchorRegistry as `0x${string}` },
    ...{ rpcUrls: [at.rpcUrl], confirmations: 12 },
  });
  const { verify } = createVerifier({ db, stamps, chain: door, rpc });
  const asked = () => verify(gtin14, issued.firstSerial);

  await untilFinal(anchorer, dying);
  const { bundle: kept } = await asked();
  if (kept === null) throw new Error('there is no proof');
  writeFileSync(join(folder, 'kept.json'), JSON.stringify(kept));
  writeFileSync(join(folder, 'dead.json'), JSON.stringify(dying.deployment));
  await dying.kill();

  at = living;
  deployment = await deployThere(living, 'dead.json', kept.signature?.address ?? '0x');
  // Before the first look there: no device is given a proof that names another chain than the one it is told to ask.
  expect(await asked()).toMatchObject({ answer: 'waiting', bundle: null, chain: { chainId: 71_002 } });
  await untilFinal(anchorer, living);
  const now = await asked();
  expect(now.answer).toBe('genuine');
  const { anchor, ...rest }: ProofBundle = now.bundle ?? kept;
  const { anchor: anchorThen, ...restThen } = kept;
  expect(rest).toEqual(restThen);
  expect([anchor.root, anchor.treeSize]).toEqual([anchorThen.root, anchorThen.treeSize]);
  expect([anchorThen.chainId, anchor.chainId]).toEqual([71_001, 71_002]);

  const { succeeds: _, ...stranger } = deployment;
  writeFileSync(join(folder, 'stranger.json'), JSON.stringify(stranger));
  const check = (trust: string, ...more: string[]) =>
    command('verifier/main.ts', ['kept.json', '--rpc', living.rpcUrl, '--trust', trust, ...more]);
  const [told, data, unknown] = await Promise.all([
    check('deployments/71002.json'),
    check('deployments/71002.json', '--json'),
    check('stranger.json'),
  ]);
  expect(told.code, told.stdout).toBe(0);
  expect(told.stdout).toContain('It was anchored first on chain 71001');
  expect(JSON.parse(data.stdout)).toMatchObject({ verdict: 'genuine', anchoredFirst: { chainId: 71_001 } });
  expect(unknown.code, unknown.stdout).toBe(22);
}, 60_000);
