import { type Kysely, sql } from 'kysely';

/** What a gateway sent before it knew what time it was: which boots are dated since, and which entries wait. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table dated_boots (
    gateway_id text not null,
    boot_id text not null,
    shift_ms int8 not null,
    primary key (gateway_id, boot_id)
  )`,
  `create table undated_entries (
    gateway_id text not null,
    entry_number int8 not null,
    boot_id text not null,
    primary key (gateway_id, entry_number)
  )`,
];
