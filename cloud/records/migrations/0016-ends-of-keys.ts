import { type Kysely, sql } from 'kysely';

/**
 * The planned end of a signing key as an order for the chain; which records a key signed that was stolen by the time they were
 * first anchored.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  'alter table chain_orders drop constraint chain_orders_action_check',
  `alter table chain_orders add constraint chain_orders_action_check
    check (action in ('set_key', 'retire_key', 'revoke_key', 'revoke_leaf', 'revoke_range'))`,
  'alter table record_signatures add column disowned boolean not null default false',
  'create index record_signatures_by_key on record_signatures (key_id) where key_id is not null',
  // Keys that were told as stolen before. As cloud/signing/disowned.ts has it.
  `update record_signatures s set disowned = true
    from signing_keys k
    where k.key_id = s.key_id and k.revoked_from_ms is not null and not exists (
      select from leaves l
        join anchor_leaves al on al.leaf_id = l.leaf_id
        join anchors a on a.tree_id = al.anchor_id
      where l.ref_kind = s.ref_kind and l.ref_id = s.ref_id
        and (a.block_time_ms < k.revoked_from_ms - k.revoked_from_ms % 1000 or a.block_time_ms is null and exists (
          select from chain_transactions t
          where t.purpose = 'anchor' and t.purpose_id = a.anchor_id and t.mined_at_ms < k.revoked_from_ms)))`,
];
