import { type Kysely, sql } from 'kysely';

/** Claim codes, revocations, certificates, and what the chain has yet to be told about the keys of gateways. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  "alter table gateways add column label text not null default ''",
  'alter table gateways add column revoked_from_ms int8',
  'alter table gateways add column revoked_at_ms int8',
  'alter table gateways add column revoked_by text',
  'alter table gateways add column revoked_reason text',
  'alter table gateways add column certificate_serial text',
  'alter table gateways add column certificate_ends_at_ms int8',
  'create index gateways_by_key on gateways (public_key)',
  `create table claim_codes (
    claim_id text primary key,
    code_mac text not null unique check (code_mac ~ '^[0-9a-f]{64}$'),
    gateway_id text not null,
    cooperative_id text not null references cooperatives (id),
    label text not null,
    created_by text not null,
    created_at_ms int8 not null,
    expires_at_ms int8 not null,
    withdrawn_at_ms int8,
    withdrawn_by text,
    used_at_ms int8,
    used_by_key text
  )`,
  'create index claim_codes_by_time on claim_codes (created_at_ms)',
  `create table key_orders (
    order_id int8 generated always as identity primary key,
    gateway_id text not null references gateways (gateway_id),
    action text not null check (action in ('set_key', 'revoke_key')),
    state text not null check (state in ('waiting', 'submitted', 'mined', 'final', 'refused')),
    queued_at_ms int8 not null,
    chain_id int8,
    registry text,
    transaction_hash text,
    raw_transaction text,
    submitted_at_ms int8,
    block_number int8,
    mined_at_ms int8,
    final_at_ms int8,
    unique (gateway_id, action)
  )`,
  `create index key_orders_open on key_orders (order_id) where state in ('waiting', 'submitted', 'mined')`,
  // Gateways that were registered by hand before.
  `insert into key_orders (gateway_id, action, state, queued_at_ms)
    select gateway_id, 'set_key', 'waiting', registered_at_ms from gateways order by registered_at_ms`,
];
