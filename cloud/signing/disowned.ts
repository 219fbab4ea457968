import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';

/**
 * Marks what a key signed that was stolen by the time it was first anchored: what stands in no block before then. It counts on no
 * chain, also where it is anchored anew. A tree whose block was thrown away meanwhile counts by when we saw it in one.
 */
export async function disownSince(db: Kysely<Schema>, keyId: string, stolenFromMs: number): Promise<void> {
  // The chain knows seconds: what was anchored in that very second does not count.
  const second = stolenFromMs - (stolenFromMs % 1000);
  await sql`
    update record_signatures s set disowned = true
    where s.key_id = ${keyId} and not exists (
      select from leaves l
        join anchor_leaves al on al.leaf_id = l.leaf_id
        join anchors a on a.tree_id = al.anchor_id
      where l.ref_kind = s.ref_kind and l.ref_id = s.ref_id
        and (a.block_time_ms < ${second} or a.block_time_ms is null and exists (
          select from chain_transactions t
          where t.purpose = 'anchor' and t.purpose_id = a.anchor_id and t.mined_at_ms < ${stolenFromMs})))`.execute(
    db,
  );
}
