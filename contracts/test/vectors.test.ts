import { readFileSync } from 'node:fs';
import { Contract, ContractFactory, hexlify, id, JsonRpcProvider, toUtf8Bytes, Wallet } from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anchorRegistryAbi, startTestChain, type TestChain } from '../chain/index.ts';
import { compileFiles } from '../compile.ts';
import {
  buildTree,
  cooperativeIdOf,
  leafHash,
  openTop,
  recordDigest,
  toHex,
  topBuilder,
} from '../encoding/index.ts';

interface Vectors {
  leaves: { cooperativeId: string; number: number; salt: string; digest: string; leaf: string }[];
  stamps: { batchNumber: string; index: number; serial: string; word: string }[];
  trees: { size: number; leaves: string[]; root: string; proofs: { index: number; proof: string[] }[] }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/encoding-v1.json', import.meta.url), 'utf8'),
);

interface MultiProofVectors {
  multiProofs: {
    size: number;
    root: string;
    indices: number[];
    leaves: string[];
    proof: string[];
    proofFlags: boolean[];
  }[];
}

const { multiProofs }: MultiProofVectors = JSON.parse(
  readFileSync(new URL('../vectors/multi-proofs-v1.json', import.meta.url), 'utf8'),
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

const verifyMulti = (
  root: string,
  one: { proof: readonly string[]; proofFlags: readonly boolean[]; leaves: readonly string[] },
): Promise<boolean> =>
  harness.getFunction('verifyMultiProof')([...one.proof], [...one.proofFlags], root, [...one.leaves]);

test('Solidity accepts every golden multi-proof, and none of them for other leaves', async () => {
  for (const vector of multiProofs) {
    expect(await verifyMulti(vector.root, vector)).toBe(true);
    expect(await verifyMulti(vector.root, { ...vector, leaves: vector.leaves.map((leaf) => id(leaf)) })).toBe(
      false,
    );
  }
});

test('Solidity accepts every proof and multi-proof of any tree, whole or of which the top is kept', async () => {
  const anyTree = fc.tuple(
    fc.integer({ min: 1, max: 600 }),
    fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(anyTree, fc.boolean(), async ([size, picks], whole) => {
      const leaves = new Uint8Array(size * 32);
      for (let i = 0; i < size; i++) leaves.set(recordDigest({ leaf: i, size }), i * 32);
      const leavesOf = (from: number, count: number) => leaves.subarray(from * 32, (from + count) * 32);
      const top = topBuilder(size);
      top.fill(0, top.sections, leavesOf);
      const tree = whole ? buildTree(leaves) : openTop(top.finish(), size, leavesOf);
      const root = toHex(tree.root);
      const indices = [...new Set(picks.map((pick) => pick % size))];
      const [first = 0] = indices;
      const proof = tree.proofOf(first).map(toHex);
      expect(await harness.getFunction('verifyProof')(proof, root, toHex(leavesOf(first, 1)))).toBe(true);
      const multiProof = tree.multiProofOf(indices);
      const hex = {
        ...{ leaves: multiProof.leaves.map(toHex), proof: multiProof.proof.map(toHex) },
        proofFlags: multiProof.proofFlags,
      };
      expect(await verifyMulti(root, hex)).toBe(true);
    }),
    { numRuns: 25 },
  );
});
