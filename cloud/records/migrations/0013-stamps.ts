import { type Kysely, sql } from 'kysely';

/** Who signs for a cooperative and what was signed; scratch PINs used, tried and exported; what became of stamps. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table signing_keys (
    key_id text primary key check (key_id ~ '^0x[0-9a-f]{64}$'),
    cooperative_id text not null references cooperatives (id),
    address text not null unique check (address ~ '^0x[0-9a-f]{40}$'),
    wrapped_secret text,
    held text not null check (held in ('here', 'wallet')),
    label text not null,
    added_at_ms int8 not null,
    added_by text not null,
    retired_at_ms int8,
    retired_by text,
    retired_reason text,
    revoked_from_ms int8,
    check (held = 'here' or wrapped_secret is null)
  )`,
  `create table record_signatures (
    ref_kind text not null,
    ref_id text not null,
    cooperative_id text not null references cooperatives (id),
    kind text not null,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    asked_at_ms int8 not null,
    key_id text references signing_keys (key_id),
    signature text check (signature ~ '^0x[0-9a-f]{130}$'),
    signed_at_ms int8,
    signed_by text,
    primary key (ref_kind, ref_id),
    check ((signature is null) = (key_id is null) and (signature is null) = (signed_at_ms is null))
  )`,
  'create index record_signatures_awaited on record_signatures (asked_at_ms) where signature is null',
  `create table stamp_activations (
    batch_number int8 not null references stamp_batches (batch_number),
    stamp_index int4 not null check (stamp_index >= 0),
    activated_at_ms int8 not null,
    primary key (batch_number, stamp_index)
  )`,
  `create table pin_delays (
    subject text primary key,
    failures int4 not null,
    retry_at_ms int8 not null,
    expires_at_ms int8 not null
  )`,
  'create index pin_delays_by_end on pin_delays (expires_at_ms)',
  `create table pin_exports (
    export_id int8 generated always as identity primary key,
    batch_number int8 not null references stamp_batches (batch_number),
    first_index int4 not null check (first_index >= 0),
    last_index int4 not null check (last_index >= first_index),
    reason text not null,
    needs_approval boolean not null,
    requested_by text not null,
    requested_at_ms int8 not null,
    approved_by text,
    approved_at_ms int8,
    taken_at_ms int8,
    check (lower(approved_by) <> lower(requested_by))
  )`,
  `create table stamp_changes (
    change_id int8 generated always as identity primary key,
    batch_number int8 not null references stamp_batches (batch_number),
    first_index int4 not null check (first_index >= 0),
    last_index int4 not null check (last_index >= first_index),
    state text not null check (state in ('printed', 'applied', 'spoiled', 'voided', 'recalled')),
    reason text not null,
    changed_by text not null,
    changed_at_ms int8 not null
  )`,
  'create index stamp_changes_by_batch on stamp_changes (batch_number, change_id)',
  `create table stamp_ranges (
    batch_number int8 not null references stamp_batches (batch_number),
    first_index int4 not null check (first_index >= 0),
    last_index int4 not null check (last_index >= first_index),
    state text not null check (state in ('printed', 'applied', 'spoiled', 'voided', 'recalled')),
    change_id int8 not null references stamp_changes (change_id),
    primary key (batch_number, first_index)
  )`,
  `create table lot_recalls (
    lot_number text primary key references lots (lot_number),
    reason text not null,
    recalled_by text not null,
    recalled_at_ms int8 not null
  )`,
  'create index pin_exports_by_batch on pin_exports (batch_number, first_index)',
];
