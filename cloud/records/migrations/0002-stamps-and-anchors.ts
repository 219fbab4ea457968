import { type Kysely, sql } from 'kysely';

/** Stamp batches, the leaves that wait for an anchor, and the anchors. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A serial has 30 bits for the batch number.
  'create sequence stamp_batch_numbers as int8 minvalue 1 maxvalue 1073741823',
  `create table stamp_batches (
    batch_number int8 primary key,
    cooperative_id text not null references cooperatives (id),
    gtin14 text not null references products (gtin14),
    lot_number text not null references lots (lot_number),
    stamp_count int4 not null check (stamp_count between 1 and 33554432),
    record text not null,
    digest text not null unique,
    wrapped_secret text not null,
    upper_nodes bytea not null,
    issued_at_ms int8 not null,
    issued_by text not null
  )`,
  'create index stamp_batches_by_lot on stamp_batches (lot_number)',
  `create table anchors (
    anchor_id int8 generated always as identity primary key,
    state text not null check (state in ('waiting', 'submitted', 'mined', 'final', 'forgotten')),
    root text not null check (root ~ '^0x[0-9a-f]{64}$'),
    tree_size int4 not null check (tree_size > 0),
    chain_id int8 not null,
    registry text not null,
    created_at_ms int8 not null,
    transaction_hash text,
    raw_transaction text,
    submitted_at_ms int8,
    block_number int8,
    block_hash text,
    block_time_ms int8,
    mined_at_ms int8,
    final_at_ms int8,
    forgotten_at_ms int8,
    gas_used numeric,
    gas_price_wei numeric
  )`,
  `create index anchors_open on anchors (anchor_id) where state in ('waiting', 'submitted', 'mined')`,
  `create index anchors_forgotten on anchors (anchor_id) where state = 'forgotten'`,
  'create index anchors_by_block on anchors (block_number) where block_number is not null',
  `create table leaves (
    leaf_id int8 generated always as identity primary key,
    cooperative_id text not null check (cooperative_id ~ '^0x[0-9a-f]{64}$'),
    kind text not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    salt text not null check (salt ~ '^[0-9a-f]{64}$'),
    ref_kind text not null,
    ref_id text not null,
    queued_at_ms int8 not null,
    anchor_id int8 references anchors (anchor_id),
    unique (ref_kind, ref_id)
  )`,
  'create index leaves_waiting on leaves (leaf_id) where anchor_id is null',
  `create table anchor_leaves (
    anchor_id int8 not null references anchors (anchor_id),
    leaf_index int4 not null,
    leaf_id int8 not null references leaves (leaf_id),
    leaf_hash text not null,
    primary key (anchor_id, leaf_index),
    unique (anchor_id, leaf_id)
  )`,
];
