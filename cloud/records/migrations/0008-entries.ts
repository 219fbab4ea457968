import { type Kysely, sql } from 'kysely';

/** The index of the archive of entries, and who may log in to the uplink's NATS. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table entry_heads (
    gateway_id text primary key,
    number int8 not null,
    hash text not null,
    thinned int8 not null default 0
  )`,
  `create table entry_batches (
    gateway_id text not null,
    first_number int8 not null,
    last_number int8 not null,
    chain bytea not null,
    object text not null,
    byte_offset int8 not null,
    byte_length int8 not null,
    received_at_ms int8 not null,
    primary key (gateway_id, last_number)
  )`,
  `create table entry_forks (
    gateway_id text not null,
    number int8 not null,
    offered_hash text not null,
    held_hash text not null,
    entry text not null,
    seen_at_ms int8 not null,
    primary key (gateway_id, number, offered_hash)
  )`,
  `create table uplink_logins (
    gateway_id text primary key,
    user_key text not null,
    issued_at_s int8 not null,
    void_until_s int8 not null
  )`,
];
