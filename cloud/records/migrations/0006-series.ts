import { type Kysely, sql } from 'kysely';

/** How far each gateway's readings are in a store of series, and which entries wait for their date. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table series_cursors (
    gateway_id text not null,
    place text not null,
    delivered_up_to int8 not null,
    primary key (gateway_id, place)
  )`,
  `create table undated_series_entries (
    gateway_id text not null,
    place text not null,
    entry_number int8 not null,
    boot_id text not null,
    primary key (gateway_id, place, entry_number)
  )`,
];
