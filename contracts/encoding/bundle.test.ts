import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkBundle } from './bundle.ts';
import type { ProofBundle } from './bundle-format.ts';
import { parseBundle } from './bundle-parser.ts';
import { fromHex, toHex } from './bytes.ts';
import { cooperativeIdOf, leafHash } from './leaf.ts';
import { recordDigest } from './record.ts';
import { stampLeaf } from './stamp.ts';
import { buildTree } from './tree.ts';

const FILE = '../vectors/bundle-v1.json';
const expected = { gtin14: '08938501234567', serial: 'K3V9TQ2M7XPD4HW8NC5B' };
const old = readFileSync(new URL(FILE, import.meta.url), 'utf8');
const fresh = (): Mutable<ProofBundle> => JSON.parse(old);

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

const failures = (bundle: ProofBundle, expectation = expected) =>
  checkBundle(parseBundle(bundle), expectation)
    .filter((step) => !step.ok)
    .map((step) => step.step);

test('a bundle of version 1 checks, step by step', () => {
  const steps = checkBundle(parseBundle(JSON.parse(old)), expected);
  expect(steps.map(({ step, ok }) => ({ step, ok }))).toEqual(
    ['serial', 'stampLeaf', 'stampPath', 'lot', 'batchLeaf', 'batchPath'].map((step) => ({ step, ok: true })),
  );
});

test('a bundle made today is the bundle in the file', async () => {
  await expect(`${JSON.stringify(sampleBundle(), null, 1)}\n`).toMatchFileSnapshot(FILE);
});

test('a bundle about another stamp than the one in the hand fails at the serial', () => {
  expect(failures(fresh(), { ...expected, serial: 'K3V9TQ2M7XPD4HW8NC5C' })).toEqual(['serial']);
  expect(failures(fresh(), { ...expected, gtin14: '08938501234574' })).toEqual(['serial']);
});

const flip = (hex: string) => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}` as `0x${string}`;

const alterations: [string, (bundle: Mutable<ProofBundle>) => void, string[]][] = [
  ['serial', (b) => (b.stamp.serial = 'K3V9TQ2M7XPD4HW8NC5C'), ['serial', 'stampPath']],
  ['batch number', (b) => (b.stamp.batchNumber = '8'), ['stampLeaf', 'stampPath']],
  ['index', (b) => (b.stamp.index = 3), ['stampPath']],
  ['index beyond the batch', (b) => (b.stamp.index = 9), ['stampLeaf', 'stampPath']],
  ['stamp salt', (b) => (b.stampSalt = flip(b.stampSalt)), ['stampPath']],
  ['stamp path', (b) => (b.stampPath[0] = flip(b.stampPath[0] ?? '')), ['stampPath']],
  ['stamp count', (b) => (b.batch.stampCount = 90_000), ['stampPath', 'batchPath']],
  ['net weight', (b) => (b.batch.netWeightGrams = 400), ['batchPath']],
  ['planting area', (b) => (b.batch.plantingAreaCode = 'VN-LENT-0001'), ['batchLeaf', 'batchPath']],
  ['lot named by the batch', (b) => (b.batch.lotNumber = 'L2'), ['batchLeaf', 'batchPath']],
  [
    'cooperative',
    (b) => (b.batch.cooperativeId = flip(b.batch.cooperativeId)),
    ['stampPath', 'batchLeaf', 'batchPath'],
  ],
  ['batch salt', (b) => (b.batchSalt = flip(b.batchSalt)), ['batchPath']],
  ['batch path', (b) => b.batchPath.pop(), ['batchPath']],
  ['harvest', (b) => (b.lot.quantityKg = 9000), ['lot']],
  ['season', (b) => (b.lot.season = { irrigationRuns: 1 }), ['lot']],
  ['lot number', (b) => (b.lot.lotNumber = 'L2'), ['lot', 'batchLeaf']],
  ['anchored root', (b) => (b.anchor.root = flip(b.anchor.root)), ['batchPath']],
  ['tree size', (b) => (b.anchor.treeSize = 1000), ['batchPath']],
];

test.each(alterations)('a bundle with another %s fails where it was altered', (_, alter, steps) => {
  const bundle = fresh();
  alter(bundle);
  expect(failures(bundle)).toEqual(steps);
});

test('another version is refused with its name', () => {
  expect(() => parseBundle({ ...fresh(), format: 'nongtin-proof/2' })).toThrow(
    'This proof has the format nongtin-proof/2; this verifier reads nongtin-proof/1.',
  );
});

const illShaped: [string, unknown, string][] = [
  ['nothing', undefined, 'proof is not an object'],
  ['a list', [], 'proof is not an object'],
  ['a foreign format', { format: 'standard-v1' }, 'proof.format is not "nongtin-proof/1"'],
  ['a missing field', { ...fresh(), lot: undefined }, 'proof.lot is not an object'],
  ['an unknown field', { ...fresh(), genuine: true }, 'proof.genuine is not a field'],
  ['a short salt', { ...fresh(), batchSalt: '0x00' }, 'proof.batchSalt is not 32 bytes of hex'],
  ['an endless path', { ...fresh(), batchPath: Array(65).fill(`0x${'00'.repeat(32)}`) }, 'at most 64 hashes'],
  [
    'a batch number past 64 bits',
    { ...fresh(), stamp: { ...fresh().stamp, batchNumber: `${2n ** 64n}` } },
    'of 64 bits',
  ],
  [
    'a fraction of a stamp',
    { ...fresh(), stamp: { ...fresh().stamp, index: 0.5 } },
    'proof.stamp.index is not an integer',
  ],
  ['a season too deep', { ...fresh(), lot: { ...fresh().lot, season: deep(20) } }, 'at most 16 levels'],
  ['an inherited field', Object.create(fresh()), 'proof.format is not'],
];

test.each(illShaped)('%s is refused with the name of the field', (_, value, message) => {
  expect(() => parseBundle(value)).toThrow(message);
});

function deep(levels: number): object {
  return levels === 0 ? {} : { in: deep(levels - 1) };
}

/** A batch of five stamps, of which the third is ours, anchored as the second of three leaves. */
function sampleBundle(): ProofBundle {
  const cooperativeId = cooperativeIdOf('htx-thanh-long-binh-thuan');
  const salt = (seed: number) => recordDigest({ salt: seed });
  const serials = [1, 2, 3, 4].map((n) => `${n}`.padStart(20, 'S'));
  serials.splice(2, 0, expected.serial);
  const stamps = buildTree(
    serials.map((serial, index) => stampLeaf({ batchNumber: 7n, index, serial }, cooperativeId, salt(index))),
  );
  const lot: ProofBundle['lot'] = {
    kind: 'lot',
    cooperativeId: toHex(cooperativeId),
    lotNumber: 'L1',
    gtin14: expected.gtin14,
    productName: 'Thanh long ruột đỏ',
    plot: { id: 'plot-a', name: 'Lô A', plantingAreaCode: 'VN-BTOR-0001' },
    harvestedAtMs: 1_790_000_000_000,
    quantityKg: 1200.5,
    season: { irrigationRuns: 41, litres: 18_230.5, lastSpray: null, days: { first: 1, last: 30 } },
  };
  const batch: ProofBundle['batch'] = {
    kind: 'stamp_batch',
    cooperativeId: toHex(cooperativeId),
    batchNumber: '7',
    gtin14: expected.gtin14,
    lotNumber: 'L1',
    lotDigest: toHex(recordDigest(lot)),
    stampCount: 5,
    stampRoot: toHex(stamps.root),
    netWeightGrams: 500,
    issuedAtMs: 1_790_000_100_000,
  };
  const batchSalt = salt(100);
  const leaf = leafHash({ cooperativeId, kind: 'stamp_batch', salt: batchSalt, digest: recordDigest(batch) });
  const anchored = buildTree([salt(101), leaf, salt(102)]);
  return {
    format: 'nongtin-proof/1',
    stamp: { ...expected, batchNumber: '7', index: 2 },
    stampSalt: toHex(salt(2)),
    stampPath: stamps.proofOf(2).map(toHex),
    batch,
    batchSalt: toHex(batchSalt),
    batchPath: anchored.proofOf(1).map(toHex),
    lot,
    anchor: {
      root: toHex(anchored.root),
      treeSize: 3,
      chainId: 31337,
      contract: toHex(fromHex(`0x${'5a'.repeat(20)}`)),
      transactionHash: null,
      blockNumber: null,
    },
  };
}
