import type { BundleSignature, LotBundle, LotRecord, ProofBundle } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { type AnchorTrees, type Standing, standingOf } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import { signatureOf } from '../signing/index.ts';
import type { FoundStamp } from '../stamps/index.ts';

type Anchored = NonNullable<Standing['anchor']>;

/** A stamp's proof; null while its batch's leaf is in no tree: there is no path to a root yet. */
export async function stampBundle(
  db: Kysely<Schema>,
  trees: AnchorTrees,
  stamp: FoundStamp,
  { lot, salt, anchor }: Pick<Standing, 'salt' | 'anchor'> & { readonly lot: LotRecord },
): Promise<ProofBundle | null> {
  if (anchor === null) return null;
  const proof = stamp.prove();
  const { gtin14, batchNumber } = stamp.batch;
  return {
    format: 'nongtin-proof/1',
    stamp: { gtin14, serial: stamp.serial, batchNumber, index: stamp.index },
    stampSalt: proof.salt,
    stampPath: proof.path,
    batch: stamp.batch,
    batchSalt: salt,
    batchPath: await trees.pathOf(anchor.treeId, anchor.leafIndex),
    lot,
    anchor: anchorPart(anchor),
    ...(await signaturePart(db, 'stamp_batch', batchNumber)),
  };
}

/** A lot's own proof; undefined: there is no such lot, null: its leaf is in no tree yet. */
export async function lotBundle(
  db: Kysely<Schema>,
  trees: AnchorTrees,
  lotNumber: string,
): Promise<LotBundle | null | undefined> {
  const row = await db
    .selectFrom('lots')
    .select('record')
    .where('lot_number', '=', lotNumber)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const standing = await standingOf(db, 'lot', lotNumber);
  if (standing?.anchor == null) return null;
  const { anchor, salt } = standing;
  return {
    format: 'nongtin-lot-proof/1',
    lot: JSON.parse(row.record) as LotRecord,
    lotSalt: salt,
    lotPath: await trees.pathOf(anchor.treeId, anchor.leafIndex),
    anchor: anchorPart(anchor),
    ...(await signaturePart(db, 'lot', lotNumber)),
  };
}

function anchorPart({ root, treeSize, chainId, registry, transactionHash, blockNumber }: Anchored) {
  return { root, treeSize, chainId, contract: registry, transactionHash, blockNumber };
}

async function signaturePart(
  db: Kysely<Schema>,
  refKind: 'stamp_batch' | 'lot',
  refId: string,
): Promise<{ readonly signature?: BundleSignature }> {
  const signed = await signatureOf(db, refKind, refId);
  return signed === undefined ? {} : { signature: { address: signed.address, signature: signed.signature } };
}
