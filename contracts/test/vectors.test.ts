import { readFileSync } from 'node:fs';
import { Contract, ContractFactory, hexlify, JsonRpcProvider, toUtf8Bytes, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anchorRegistryAbi, startTestChain, type TestChain } from '../chain/index.ts';
import { compileFiles } from '../compile.ts';
import { buildTree, cooperativeIdOf, leafHash, recordDigest, toHex } from '../encoding/index.ts';

interface Vectors {
  leaves: { cooperativeId: string; number: number; salt: string; digest: string; leaf: string }[];
  stamps: { batchNumber: string; index: number; serial: string; word: string }[];
  trees: { size: number; leaves: string[]; root: string; proofs: { index: number; proof: string[] }[] }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/encoding-v1.json', import.meta.url), 'utf8'),
);

let chain: TestChain;
let provider: JsonRpcProvider;
let harness: Contract;
let registry: Contract;

beforeAll(async () => {
  chain = await startTestChain();
  provider = new JsonRpcProvider(chain.rpcUrl, 31_337, {
    staticNetwork: true,
    pollingInterval: 20,
    cacheTimeout: -1,
  });
  const [artifact] = compileFiles(['test/VectorHarness.sol']);
  if (artifact === undefined) throw new Error('no harness');
  const alliance = new Wallet(chain.keys.alliance, provider);
  const deployed = await new ContractFactory(artifact.abi, artifact.bytecode, alliance).deploy();
  harness = new Contract(await deployed.getAddress(), artifact.abi, provider);
  const anchorer = new Wallet(chain.anchorerKey, provider);
  registry = new Contract(chain.deployment.anchorRegistry, anchorRegistryAbi, anchorer);
});

afterAll(async () => {
  provider.destroy();
  await chain.stop();
});

const verify = (root: string, leaf: string, proof: string[]): Promise<bigint> =>
  registry.getFunction('verify')(root, leaf, proof);

async function anchor(root: string, size: number): Promise<void> {
  await (await registry.getFunction('anchor').send(root, size)).wait();
}

test('Solidity computes the golden leaves and stamp words', async () => {
  for (const { cooperativeId, number, salt, digest, leaf } of vectors.leaves) {
    expect(await harness.getFunction('leafHash')(cooperativeId, number, salt, digest)).toBe(leaf);
  }
  for (const { batchNumber, index, serial, word } of vectors.stamps) {
    const bytes = hexlify(toUtf8Bytes(serial));
    expect(await harness.getFunction('stampWord')(batchNumber, index, bytes)).toBe(word);
  }
});

test('the contract accepts every golden proof, and none of them for another leaf', async () => {
  for (const { size, leaves, root, proofs } of vectors.trees) {
    await anchor(root, size);
    const [time] = await registry.getFunction('anchorOf')(root);
    for (const { index, proof } of proofs) {
      expect(await verify(root, leaves[index] ?? '', proof)).toBe(time);
      if (size > 1) expect(await verify(root, leaves[(index + 1) % size] ?? '', proof)).toBe(0n);
    }
  }
});

test('a proof made in TypeScript is verified in Solidity; altered, or without its anchor, it is not', async () => {
  const cooperativeId = cooperativeIdOf('htx-test');
  const leaves = Array.from({ length: 37 }, (_, n) =>
    leafHash({
      cooperativeId,
      kind: 'lot',
      salt: recordDigest({ salt: n }),
      digest: recordDigest({ lot: n }),
    }),
  );
  const tree = buildTree(leaves);
  const leaf = toHex(leaves[20] ?? new Uint8Array());
  const proof = tree.proofOf(20).map(toHex);
  expect(await verify(toHex(tree.root), leaf, proof), 'not anchored yet').toBe(0n);
  await anchor(toHex(tree.root), tree.size);
  expect(await verify(toHex(tree.root), leaf, proof)).toBeGreaterThan(0n);
  expect(await verify(toHex(tree.root), leaf, proof.slice(1))).toBe(0n);
  expect(await verify(toHex(tree.root), leaf, proof.toReversed())).toBe(0n);
  expect(await verify(leaf, leaf, []), 'a leaf is no anchored root').toBe(0n);
});
