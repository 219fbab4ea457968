import { type Kysely, sql } from 'kysely';

/** The id that whoever orders a batch gives the order: sent again after a cut, it is the same batch. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  'alter table stamp_batches add column order_id uuid',
  'create unique index stamp_batches_by_order on stamp_batches (cooperative_id, order_id)',
];
