import { type Kysely, sql } from 'kysely';

/**
 * Every signed version of every transaction, with what it may cost and did cost; orders for the chain that are about more than
 * gateways' keys; what an anchor cost by leaf.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table chain_transactions (
    transaction_id int8 generated always as identity primary key,
    purpose text not null check (purpose in ('anchor', 'order', 'filler')),
    purpose_id int8 not null,
    chain_id int8 not null,
    contract text not null,
    sender text not null,
    nonce int8 not null,
    hash text not null unique,
    raw text not null,
    gas_limit numeric not null,
    max_fee_wei numeric not null,
    priority_fee_wei numeric not null,
    signed_at_ms int8 not null,
    mined_at_ms int8,
    gas_used numeric,
    gas_price_wei numeric
  )`,
  'create index chain_transactions_of on chain_transactions (purpose, purpose_id, transaction_id)',
  'create index chain_transactions_by_nonce on chain_transactions (chain_id, sender, nonce)',
  'create index chain_transactions_by_time on chain_transactions (signed_at_ms)',
  // The bytes of one that is on its way are read again by whoever follows it: nonce and fees stand in them.
  `insert into chain_transactions (purpose, purpose_id, chain_id, contract, sender, nonce, hash, raw, gas_limit, max_fee_wei,
      priority_fee_wei, signed_at_ms, mined_at_ms, gas_used, gas_price_wei)
    select 'anchor', anchor_id, chain_id, registry, '', -1, transaction_hash, raw_transaction, 0, 0, 0,
      coalesce(submitted_at_ms, created_at_ms), mined_at_ms, gas_used, gas_price_wei
    from anchors where raw_transaction is not null and transaction_hash is not null and state <> 'forgotten'
    on conflict do nothing`,
  'alter table anchors drop column raw_transaction',
  `insert into chain_transactions (purpose, purpose_id, chain_id, contract, sender, nonce, hash, raw, gas_limit, max_fee_wei,
      priority_fee_wei, signed_at_ms, mined_at_ms)
    select 'order', order_id, chain_id, registry, '', -1, transaction_hash, raw_transaction, 0, 0, 0,
      coalesce(submitted_at_ms, queued_at_ms), mined_at_ms
    from key_orders where raw_transaction is not null and chain_id is not null and registry is not null
    on conflict do nothing`,
  'alter table key_orders drop column raw_transaction',
  // From keys of gateways to all that the chain is told for a cooperative.
  'alter table key_orders rename to chain_orders',
  'alter index key_orders_open rename to chain_orders_open',
  'alter table chain_orders alter column gateway_id drop not null',
  'alter table chain_orders drop constraint key_orders_action_check',
  `alter table chain_orders add constraint chain_orders_action_check
    check (action in ('set_key', 'revoke_key', 'revoke_leaf', 'revoke_range'))`,
  'alter table chain_orders add column cooperative_id text references cooperatives (id)',
  'alter table chain_orders add column key_id text',
  'alter table chain_orders add column public_key_hash text',
  'alter table chain_orders add column revoked_from_ms int8',
  'alter table chain_orders add column ref_kind text',
  'alter table chain_orders add column ref_id text',
  'alter table chain_orders add column range_from int8',
  'alter table chain_orders add column range_to int8',
  'create unique index chain_orders_of_keys on chain_orders (cooperative_id, key_id, action) where key_id is not null',
  `create unique index chain_orders_of_records on chain_orders
    (ref_kind, ref_id, coalesce(range_from, -1), coalesce(range_to, -1)) where ref_kind is not null`,
  'create index anchors_by_time on anchors (mined_at_ms) where mined_at_ms is not null',
  `create view anchor_costs as
    select anchor_id, state, tree_size, mined_at_ms, gas_used, gas_price_wei, gas_used * gas_price_wei as cost_wei,
      gas_used / tree_size as gas_per_leaf, gas_used * gas_price_wei / tree_size as wei_per_leaf
    from anchors where gas_used is not null and gas_price_wei is not null`,
];
