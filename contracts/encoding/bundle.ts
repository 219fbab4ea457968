import type { BatchRecord, LotBundle, LotRecord, ProofBundle } from './bundle-format.ts';
import { equalBytes, fromHex, type Hex, toHex } from './bytes.ts';
import { recoverSigner } from './cooperative-signature.ts';
import { leafHash } from './leaf.ts';
import { recordDigest } from './record.ts';
import { stampLeaf } from './stamp.ts';
import { proofLength, rootFromProof } from './tree.ts';

/** What the reader holds in the hand: printed on the stamp, read from the link. Never taken from the bundle. */
export interface Expectation {
  readonly gtin14: string;
  readonly serial: string;
}

/**
 * serial: the proof is about the stamp in the reader's hand.
 * stampLeaf: the stamp belongs to the batch by number, product and place; its leaf.
 * stampPath: leaf and path lead to the batch's root of stamps.
 * lot: the batch names exactly this lot record.
 * batchLeaf: the batch and its lot agree on cooperative, lot number, product and planting area; the batch's leaf.
 * batchPath: leaf and path lead to the root that the chain is to be asked for.
 * lotLeaf, lotPath: the same of a lot's own bundle.
 * signature: of the batch, or the lot, by the address that is named; only where there is one.
 */
export type StepName =
  | 'serial'
  | 'stampLeaf'
  | 'stampPath'
  | 'lot'
  | 'batchLeaf'
  | 'batchPath'
  | 'lotLeaf'
  | 'lotPath'
  | 'signature';

export interface BundleStep {
  readonly step: StepName;
  readonly ok: boolean;
  /** What was compared or computed, to be shown as it stands; hashes as hex. */
  readonly figures: Readonly<Record<string, string | number>>;
}

/**
 * Checks a bundle by computing alone. All steps are always done, in this order; only if every one is ok may the chain
 * be asked (readAnchor), and only if the chain knows the root is the stamp genuine.
 */
export function checkBundle(bundle: ProofBundle, expected: Expectation): BundleStep[] {
  const stamp = stampLeafOf(bundle);
  const batch = signedLeaf(bundle);
  return [
    checkSerial(bundle, expected),
    checkStampLeaf(bundle, stamp),
    checkStampPath(bundle, stamp),
    checkLot(bundle),
    checkBatchLeaf(bundle, batch),
    checkBatchPath(bundle, batch),
    ...(bundle.signature === undefined ? [] : [checkSignature(bundle)]),
  ];
}

/** The same of a lot's bundle. `lotNumber`: the lot that the reader asks about; undefined: whichever it is. */
export function checkLotBundle(bundle: LotBundle, lotNumber?: string): BundleStep[] {
  const { lot, lotPath, anchor } = bundle;
  const leaf = signedLeaf(bundle);
  return [
    {
      step: 'lotLeaf',
      ok: lotNumber === undefined || isSameText(lot.lotNumber, lotNumber),
      figures: { leaf: toHex(leaf), lotNumber: lot.lotNumber },
    },
    { step: 'lotPath', ...anchoredPath(leaf, lotPath, anchor) },
    ...(bundle.signature === undefined ? [] : [checkSignature(bundle)]),
  ];
}

/** The leaf of the anchored tree that a bundle is about, and that a revocation would name: the batch's, or the lot's. */
export function signedLeaf(bundle: ProofBundle | LotBundle): Uint8Array {
  return leafHash(signedPart(bundle));
}

function signedPart(bundle: ProofBundle | LotBundle) {
  return 'batch' in bundle
    ? leafOf('stamp_batch', bundle.batch, bundle.batchSalt)
    : leafOf('lot', bundle.lot, bundle.lotSalt);
}

function leafOf(kind: 'stamp_batch' | 'lot', record: BatchRecord | LotRecord, salt: Hex) {
  return { kind, cooperativeId: hash(record.cooperativeId), salt: hash(salt), digest: recordDigest(record) };
}

function checkSignature(bundle: ProofBundle | LotBundle): BundleStep {
  const { kind, cooperativeId, digest } = signedPart(bundle);
  const { address, signature } = bundle.signature ?? {};
  const record = { kind, cooperativeId: toHex(cooperativeId), digest: toHex(digest) };
  const signer = recoverSigner(record, signature ?? '');
  return {
    step: 'signature',
    ok: signer !== undefined && signer === address?.toLowerCase(),
    figures: { signer: signer ?? 'nobody', address: address ?? '' },
  };
}

function stampLeafOf({ stamp, stampSalt, batch }: ProofBundle): Uint8Array {
  return stampLeaf(
    { batchNumber: BigInt(stamp.batchNumber), index: stamp.index, serial: stamp.serial },
    fromHex(batch.cooperativeId, 32),
    fromHex(stampSalt, 32),
  );
}

function checkSerial({ stamp }: ProofBundle, expected: Expectation): BundleStep {
  return {
    step: 'serial',
    ok: stamp.gtin14 === expected.gtin14 && stamp.serial === expected.serial,
    figures: { gtin14: stamp.gtin14, serial: stamp.serial },
  };
}

function checkStampLeaf({ stamp, batch }: ProofBundle, leaf: Uint8Array): BundleStep {
  return {
    step: 'stampLeaf',
    ok:
      stamp.batchNumber === batch.batchNumber &&
      stamp.gtin14 === batch.gtin14 &&
      stamp.index < batch.stampCount,
    figures: {
      leaf: toHex(leaf),
      batchNumber: stamp.batchNumber,
      index: stamp.index,
      stampCount: batch.stampCount,
    },
  };
}

function checkStampPath({ stamp, stampPath, batch }: ProofBundle, leaf: Uint8Array): BundleStep {
  const root = rootFromProof(leaf, stampPath.map(hash));
  // The leaf binds its index; the path has the length of that place in a tree of that size, no other.
  const rightLength =
    stamp.index < batch.stampCount && stampPath.length === proofLength(stamp.index, batch.stampCount);
  return {
    step: 'stampPath',
    ok: rightLength && equalBytes(root, hash(batch.stampRoot)),
    figures: { computed: toHex(root), stampRoot: batch.stampRoot, pathLength: stampPath.length },
  };
}

function checkLot({ batch, lot }: ProofBundle): BundleStep {
  const digest = recordDigest(lot);
  return {
    step: 'lot',
    ok: equalBytes(digest, hash(batch.lotDigest)),
    figures: { computed: toHex(digest), lotDigest: batch.lotDigest },
  };
}

function checkBatchLeaf({ batch, lot }: ProofBundle, leaf: Uint8Array): BundleStep {
  return {
    step: 'batchLeaf',
    ok:
      batch.lotNumber === lot.lotNumber &&
      batch.gtin14 === lot.gtin14 &&
      (batch.plantingAreaCode ?? lot.plot.plantingAreaCode) === lot.plot.plantingAreaCode &&
      equalBytes(hash(batch.cooperativeId), hash(lot.cooperativeId)),
    figures: { leaf: toHex(leaf), lotNumber: batch.lotNumber, gtin14: batch.gtin14 },
  };
}

function checkBatchPath({ batchPath, anchor }: ProofBundle, leaf: Uint8Array): BundleStep {
  return { step: 'batchPath', ...anchoredPath(leaf, batchPath, anchor) };
}

function anchoredPath(
  leaf: Uint8Array,
  path: readonly Hex[],
  { root, treeSize }: ProofBundle['anchor'],
): Omit<BundleStep, 'step'> {
  const computed = rootFromProof(leaf, path.map(hash));
  // The leaf's place in the anchored tree is not part of the proof, but every place is between these depths.
  const possible =
    path.length <= proofLength(0, treeSize) && path.length >= proofLength(treeSize - 1, treeSize);
  return {
    ok: possible && equalBytes(computed, hash(root)),
    figures: { computed: toHex(computed), root, pathLength: path.length, treeSize },
  };
}

function hash(hex: string): Uint8Array {
  return fromHex(hex, 32);
}

/** Keyboards compose letters in different ways: é is one code point of one and two of another. */
export function isSameText(one: string, other: string): boolean {
  return one.normalize('NFC') === other.normalize('NFC');
}
