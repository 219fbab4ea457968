import { randomBytes } from 'node:crypto';
import type { LeafKind } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** What a leaf may refer to: the table whose row it stands for. */
export type LeafReference = 'lot' | 'stamp_batch';

export interface NewLeaf {
  /** bytes32 of the cooperative, as 0x and 64 hex digits (`cooperatives.chain_id`). */
  readonly cooperativeId: string;
  readonly kind: LeafKind;
  /** The record's digest: 64 hex digits, 0x in front or not. */
  readonly digest: string;
  readonly refKind: LeafReference;
  readonly refId: string;
}

interface Chance {
  readonly nowMs: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/**
 * Puts a leaf in the queue for the next anchor, with a secret salt of its own. Call it in the transaction that
 * writes the record, so that neither exists without the other. The same reference a second time changes nothing.
 */
export async function enqueueLeaf(
  db: Kysely<Schema>,
  leaf: NewLeaf,
  chance: Chance = { nowMs: Date.now, randomBytes },
): Promise<void> {
  await db
    .insertInto('leaves')
    .values({
      cooperative_id: leaf.cooperativeId.toLowerCase(),
      kind: leaf.kind,
      digest: leaf.digest.replace(/^0x/, '').toLowerCase(),
      salt: Buffer.from(chance.randomBytes(32)).toString('hex'),
      ref_kind: leaf.refKind,
      ref_id: leaf.refId,
      queued_at_ms: chance.nowMs(),
      anchor_id: null,
    })
    .onConflict((conflict) => conflict.columns(['ref_kind', 'ref_id']).doNothing())
    .execute();
}
