import { createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SYMBOLS } from '@nongtin/broker/wire';
import { fromHex, toHex } from '@nongtin/contracts/encoding';
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import { AbiCoder, concat, id, keccak256, toBeHex, toUtf8Bytes } from 'ethers';
import { expect, test } from 'vitest';
import { deriveStamps } from './derive.ts';
import { buildUpper, rootOf, withTree } from './level-tree.ts';

/**
 * Whole batches from secret to root, computed here by other people's code (Node's HMAC, ethers, @openzeppelin/merkle-tree). The
 * file never changes: these stamps are printed.
 */
const FILE = '../../contracts/vectors/stamp-batches-v1.json';

interface Batch {
  secret: string;
  cooperativeId: string;
  gtin14: string;
  batchNumber: number;
  stampCount: number;
  root: string;
  stamps: { index: number; serial: string; salt: string; leaf: string; proof: string[] }[];
}

const golden: { batches: Batch[] } = JSON.parse(readFileSync(new URL(FILE, import.meta.url), 'utf8'));

function batchVector(name: string, batchNumber: number, stampCount: number): Batch {
  const [secret, cooperativeId, gtin14] = [
    id(`secret of ${name}`),
    id('htx-thanh-long-binh-thuan'),
    '08936000000011',
  ];
  const key = (label: string) =>
    Buffer.from(hkdfSync('sha256', fromHex(secret), '', `nongtin/stamp-batch/1/${label}`, 32));
  const stamps = Array.from({ length: stampCount }, (_, index) => {
    const mac = createHmac('sha256', key('mac'))
      .update(concatBytes('nongtin/serial/1', gtin14, toBeHex(batchNumber, 4), toBeHex(index, 4)))
      .digest();
    const body =
      symbols(BigInt(batchNumber), 6) + symbols(BigInt(index), 5) + symbols(mac.readBigUInt64BE() >> 24n, 8);
    const serial = body + checkCharacter(body);
    const salt = toHex(
      createHmac('sha256', key('salt'))
        .update(fromHex(toBeHex(index, 4)))
        .digest(),
    );
    const word = concat([toBeHex(batchNumber, 8), toBeHex(index, 4), toUtf8Bytes(serial)]);
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint16', 'bytes32', 'uint8', 'bytes32', 'bytes32'],
      [id('nongtin.leaf'), 1, cooperativeId, 1, salt, word],
    );
    return { index, serial, salt, leaf: keccak256(keccak256(encoded)) };
  });
  const tree = SimpleMerkleTree.of(
    stamps.map(({ leaf }) => leaf),
    { sortLeaves: false },
  );
  const picked = stamps.filter(({ index }) => index % 111 === 0 || index === stampCount - 1);
  return {
    ...{ secret, cooperativeId, gtin14, batchNumber, stampCount, root: tree.root },
    stamps: picked.map((stamp) => ({ ...stamp, proof: tree.getProof(stamp.index) })),
  };
}

function concatBytes(...parts: string[]): Buffer {
  return Buffer.concat(parts.map((part) => (part.startsWith('0x') ? fromHex(part) : toUtf8Bytes(part))));
}

function symbols(value: bigint, length: number): string {
  return Array.from({ length }, (_, i) =>
    SYMBOLS.charAt(Number((value >> BigInt(5 * (length - 1 - i))) & 31n)),
  ).join('');
}

/** By the powers of x in GF(2^5), x^5 + x^2 + 1: the sum of all symbols, each times the power of its place, is zero. */
function checkCharacter(body: string): string {
  const powers = [1];
  for (let i = 1; i < 31; i++) {
    const doubled = (powers[i - 1] ?? 0) * 2;
    powers.push(doubled > 31 ? doubled ^ 37 : doubled);
  }
  const times = (a: number, b: number) =>
    a === 0 || b === 0 ? 0 : (powers[(powers.indexOf(a) + powers.indexOf(b)) % 31] ?? 0);
  const sum = [...body].reduce(
    (total, character, place) => total ^ times(SYMBOLS.indexOf(character), powers[body.length - place] ?? 0),
    0,
  );
  return SYMBOLS.charAt(sum);
}

test('the golden batches are what Node, ethers and @openzeppelin/merkle-tree compute', async () => {
  const batches = [
    batchVector('one', 0, 1),
    batchVector('some', 77, 5),
    batchVector('many', 2 ** 30 - 1, 700),
  ];
  const vectors = { format: 'nongtin-stamp-batches/1', batches };
  await expect(`${JSON.stringify(vectors, null, 1)}\n`).toMatchFileSnapshot(FILE);
});

test('our batches are the golden ones: serials, salts, leaves, roots and proofs', () => {
  for (const { secret, stampCount, root, stamps, ...seed } of golden.batches) {
    const derived = deriveStamps({ ...seed, secret: fromHex(secret, 32) });
    const upper = buildUpper(stampCount, derived);
    expect(toHex(rootOf(upper))).toBe(root);
    for (const { index, serial, salt, leaf, proof } of stamps) {
      expect([derived.serialAt(index), toHex(derived.saltAt(index))]).toEqual([serial, salt]);
      expect(derived.withLeaves((leavesOf) => toHex(leavesOf(index, 1)))).toBe(leaf);
      expect(withTree(upper, stampCount, derived, (tree) => tree.proofOf(index).map(toHex))).toEqual(proof);
    }
  }
});
