import { readFileSync } from 'node:fs';
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import { AbiCoder, concat, id, keccak256, toBeHex, toUtf8Bytes } from 'ethers';
import { expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.ts';
import { type LeafKind, leafKinds } from './kinds.ts';
import { cooperativeIdOf, leafHash } from './leaf.ts';
import { stampWord } from './stamp.ts';
import { buildTree, rootFromProof } from './tree.ts';

/**
 * The golden file is computed here by other people's code (ethers, @openzeppelin/merkle-tree), so that it would catch
 * a mistake of ours in both directions. It never changes: another encoding is another version with another file.
 */
const FILE = '../vectors/encoding-v1.json';

function independentLeaf(cooperativeId: string, kind: number, salt: string, digest: string) {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['bytes32', 'uint16', 'bytes32', 'uint8', 'bytes32', 'bytes32'],
    [id('nongtin.leaf'), 1, cooperativeId, kind, salt, digest],
  );
  return keccak256(keccak256(encoded));
}

function leafVectors() {
  const cooperativeCode = 'htx-thanh-long-binh-thuan';
  return Object.entries(leafKinds).map(([kind, number], index) => {
    const cooperativeId = id(cooperativeCode);
    const salt = id(`salt ${index}`);
    const digest = id(`digest ${index}`);
    const leaf = independentLeaf(cooperativeId, number, salt, digest);
    return { cooperativeCode, cooperativeId, kind, number, salt, digest, leaf };
  });
}

function stampVectors() {
  const stamps = [
    { batchNumber: '0', index: 0, serial: '00000000000000000000' },
    { batchNumber: '1', index: 19_999, serial: 'K3V9TQ2M7XPD4HW8NC5B' },
    { batchNumber: '18446744073709551615', index: 4_294_967_295, serial: '~~~~~~~~~~~~~~~~~~~~' },
  ];
  return stamps.map((stamp) => {
    const word = concat([
      toBeHex(BigInt(stamp.batchNumber), 8),
      toBeHex(stamp.index, 4),
      toUtf8Bytes(stamp.serial),
    ]);
    return { ...stamp, word };
  });
}

function treeVectors() {
  return [1, 2, 3, 5, 8, 100].map((size) => {
    const leaves = Array.from({ length: size }, (_, index) => id(`leaf ${index} of ${size}`));
    const tree = SimpleMerkleTree.of(leaves, { sortLeaves: false });
    const indices = size <= 8 ? [...leaves.keys()] : [0, 1, 27, 28, 63, 98, 99];
    const proofs = indices.map((index) => ({ index, proof: tree.getProof(index) }));
    return { size, leaves, root: tree.root, proofs };
  });
}

const golden = JSON.parse(readFileSync(new URL(FILE, import.meta.url), 'utf8'));

test('the golden file is what ethers and @openzeppelin/merkle-tree compute', async () => {
  const vectors = {
    format: 'nongtin-encoding/1',
    leaves: leafVectors(),
    stamps: stampVectors(),
    trees: treeVectors(),
  };
  await expect(`${JSON.stringify(vectors, null, 1)}\n`).toMatchFileSnapshot(FILE);
});

test('our leaves are the golden leaves, one for every kind', () => {
  const vectors: ReturnType<typeof leafVectors> = golden.leaves;
  for (const vector of vectors) {
    expect(toHex(cooperativeIdOf(vector.cooperativeCode))).toBe(vector.cooperativeId);
    const leaf = leafHash({
      cooperativeId: fromHex(vector.cooperativeId),
      kind: vector.kind as LeafKind,
      salt: fromHex(vector.salt),
      digest: fromHex(vector.digest),
    });
    expect(toHex(leaf)).toBe(vector.leaf);
  }
  expect(vectors.map((vector) => vector.kind)).toEqual(Object.keys(leafKinds));
});

test('our stamp words are the golden words', () => {
  const vectors: ReturnType<typeof stampVectors> = golden.stamps;
  for (const { word, batchNumber, ...stamp } of vectors) {
    expect(toHex(stampWord({ ...stamp, batchNumber: BigInt(batchNumber) }))).toBe(word);
  }
});

test('our trees and proofs are the golden ones', () => {
  const vectors: ReturnType<typeof treeVectors> = golden.trees;
  for (const vector of vectors) {
    const tree = buildTree(vector.leaves.map((leaf) => fromHex(leaf)));
    expect(toHex(tree.root)).toBe(vector.root);
    for (const { index, proof } of vector.proofs) {
      expect(tree.proofOf(index).map(toHex)).toEqual(proof);
      const leaf = fromHex(vector.leaves[index] ?? '');
      expect(
        toHex(
          rootFromProof(
            leaf,
            proof.map((hex) => fromHex(hex)),
          ),
        ),
      ).toBe(vector.root);
    }
  }
});
