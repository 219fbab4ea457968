import { Contract, Interface, id, JsonRpcProvider, Wallet, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anchorRegistryAbi, startTestChain, type TestChain } from '../chain/index.ts';
import { readAnchor } from '../encoding/index.ts';
import { expectRefusal } from './refusal.suite.ts';

const GAS_LIMIT_OF_AN_ANCHOR = 50_000n;

let chain: TestChain;
let provider: JsonRpcProvider;
let registry: Contract;
let anchorer: Wallet;

beforeAll(async () => {
  chain = await startTestChain();
  provider = new JsonRpcProvider(chain.rpcUrl, 31_337, {
    staticNetwork: true,
    pollingInterval: 20,
    cacheTimeout: -1,
  });
  anchorer = new Wallet(chain.anchorerKey, provider);
  registry = new Contract(chain.deployment.anchorRegistry, anchorRegistryAbi, anchorer);
});

afterAll(async () => {
  provider.destroy();
  await chain.stop();
});

async function anchor(root: string, treeSize: bigint | number) {
  const sent = await registry.getFunction('anchor').send(root, treeSize);
  const receipt = await sent.wait();
  if (receipt === null) throw new Error('not mined');
  return receipt;
}

test('an anchored root stands with its block, its time and its size, and is told by an event', async () => {
  const root = id('a root');
  const receipt = await anchor(root, 12);
  const block = await provider.getBlock(receipt.blockNumber);
  const [event] = receipt.logs.map((log) => new Interface(anchorRegistryAbi).parseLog(log));
  expect(event?.name).toBe('Anchored');
  expect(event?.args.toArray()).toEqual([root, 12n, anchorer.address]);
  expect((await registry.getFunction('anchorOf')(root)).toArray()).toEqual([
    BigInt(block?.timestamp ?? 0),
    12n,
    BigInt(receipt.blockNumber),
  ]);
  const rpc = (method: string, params: readonly unknown[]) => chain.rpc(method, params);
  const question = { chainId: 31_337, contract: chain.deployment.anchorRegistry, root };
  expect(await readAnchor(rpc, question)).toEqual({
    kind: 'anchored',
    anchoredAtMs: (block?.timestamp ?? 0) * 1000,
    treeSize: 12,
    blockNumber: receipt.blockNumber,
  });
  expect(await readAnchor(rpc, { ...question, root: id('another') })).toEqual({ kind: 'missing' });
});

test('an anchor costs less than 50,000 gas, whatever the size of its tree', async () => {
  const gas = [];
  for (const size of [1n, 2n ** 64n - 1n]) gas.push((await anchor(id(`gas ${size}`), size)).gasUsed);
  process.stdout.write(`gas of anchor: ${gas.join(' (one leaf), ')} (2^64-1 leaves)\n`);
  for (const used of gas) expect(used).toBeLessThan(GAS_LIMIT_OF_AN_ANCHOR);
});

test('a root that stands is refused, and keeps its first time', async () => {
  const root = id('twice');
  await anchor(root, 1);
  const first = await registry.getFunction('anchorOf')(root);
  await expectRefusal(registry.getFunction('anchor').staticCall(root, 2), 'AlreadyAnchored', [root]);
  expect(await registry.getFunction('anchorOf')(root)).toEqual(first);
});

test('zero is no root, and a tree without leaves is no tree', async () => {
  await expectRefusal(registry.getFunction('anchor').staticCall(ZeroHash, 1), 'ZeroRoot', [ZeroHash]);
  await expectRefusal(registry.getFunction('anchor').staticCall(id('empty'), 0), 'ZeroTreeSize', [0n]);
});

test('who has no anchorer role cannot anchor, not even the alliance, until it is given', async () => {
  const alliance = registry.connect(new Wallet(chain.keys.alliance, provider)) as Contract;
  const role = id('ANCHORER_ROLE');
  const { address } = new Wallet(chain.keys.alliance);
  const attempt = () => alliance.getFunction('anchor').staticCall(id('not mine'), 1);
  await expectRefusal(attempt(), 'AccessControlUnauthorizedAccount', [address, role]);
  await (await alliance.getFunction('grantRole').send(role, address)).wait();
  await attempt();
  await (await alliance.getFunction('revokeRole').send(role, address)).wait();
  await expectRefusal(attempt(), 'AccessControlUnauthorizedAccount', [address, role]);
});

test('the anchorer cannot give its role away', async () => {
  const call = registry.getFunction('grantRole').staticCall(id('ANCHORER_ROLE'), ZeroAddress);
  await expectRefusal(call, 'AccessControlUnauthorizedAccount', [anchorer.address, ZeroHash]);
});
