import type { ProofBundle } from './bundle-format.ts';
import { equalBytes, fromHex, toHex } from './bytes.ts';
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
 * batchLeaf: the batch and its lot agree on cooperative, lot number and product; the batch's leaf.
 * batchPath: leaf and path lead to the root that the chain is to be asked for.
 */
export type StepName = 'serial' | 'stampLeaf' | 'stampPath' | 'lot' | 'batchLeaf' | 'batchPath';

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
  const batch = batchLeafOf(bundle);
  return [
    checkSerial(bundle, expected),
    checkStampLeaf(bundle, stamp),
    checkStampPath(bundle, stamp),
    checkLot(bundle),
    checkBatchLeaf(bundle, batch),
    checkBatchPath(bundle, batch),
  ];
}

function stampLeafOf({ stamp, stampSalt, batch }: ProofBundle): Uint8Array {
  return stampLeaf(
    { batchNumber: BigInt(stamp.batchNumber), index: stamp.index, serial: stamp.serial },
    fromHex(batch.cooperativeId, 32),
    fromHex(stampSalt, 32),
  );
}

function batchLeafOf({ batch, batchSalt }: ProofBundle): Uint8Array {
  return leafHash({
    cooperativeId: fromHex(batch.cooperativeId, 32),
    kind: 'stamp_batch',
    salt: fromHex(batchSalt, 32),
    digest: recordDigest(batch),
  });
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
      equalBytes(hash(batch.cooperativeId), hash(lot.cooperativeId)),
    figures: { leaf: toHex(leaf), lotNumber: batch.lotNumber, gtin14: batch.gtin14 },
  };
}

function checkBatchPath({ batchPath, anchor }: ProofBundle, leaf: Uint8Array): BundleStep {
  const root = rootFromProof(leaf, batchPath.map(hash));
  // The batch's place in the anchored tree is not part of the proof, but every place is between these depths.
  const possible =
    batchPath.length <= proofLength(0, anchor.treeSize) &&
    batchPath.length >= proofLength(anchor.treeSize - 1, anchor.treeSize);
  return {
    step: 'batchPath',
    ok: possible && equalBytes(root, hash(anchor.root)),
    figures: {
      computed: toHex(root),
      root: anchor.root,
      pathLength: batchPath.length,
      treeSize: anchor.treeSize,
    },
  };
}

function hash(hex: string): Uint8Array {
  return fromHex(hex, 32);
}
