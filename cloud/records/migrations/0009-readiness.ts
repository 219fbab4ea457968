import { type Kysely, sql } from 'kysely';

/** Which gateways are there, for a cloud of several processes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`create table gateways_ready (
      gateway_id text primary key,
      connection text not null,
      clock_trusted boolean not null
    )`)
    .execute(db);
}
