import { type Kysely, sql } from 'kysely';

/** What the diary has said of a harvest after its lot was closed: the lot stands, and people have to see it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`alter table harvests
      add column corrected_quantity_kg float8,
      add column corrected_entry int8`)
    .execute(db);
}
