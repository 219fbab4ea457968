import { type Kysely, sql } from 'kysely';

/** Which rows of the archive's index are packed, who names an object, and days whose superseded objects are still there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table entry_batches add column packed boolean not null default false`,
  `alter table entry_heads add column packed_up_to int8 not null default 0`,
  `create index entry_batches_object on entry_batches (object)`,
  `create table superseded_days (
    day text primary key,
    changed_at_ms int8 not null,
    claimed_until_ms int8 not null default 0
  )`,
];
