import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';

/**
 * The tables of which nobody else could tell us again, what is referred to before what refers to it. The others are made of what
 * gateways have sent, live for minutes, or (the archive's index) belong to a PostgreSQL that has a backup of its own. Columns that
 * are left out are made again of the others.
 */
const logged: Readonly<Record<string, { readonly leavesOut?: string }>> = {
  account_user: {},
  account_credential: {},
  cooperatives: {},
  products: {},
  gateways: {},
  uplink_logins: {},
  lots: {},
  lot_recalls: {},
  stamp_batches: { leavesOut: 'upper_nodes' },
  stamp_activations: {},
  stamp_changes: {},
  stamp_ranges: {},
  pin_exports: {},
  signing_keys: {},
  record_signatures: {},
  anchors: {},
  leaves: {},
  anchor_leaves: {},
  chain_transactions: {},
  chain_orders: {},
};

export const loggedTables: readonly string[] = Object.keys(logged);

/** From now on each change of a logged table is in `changes`, in the transaction that makes it. */
export async function attachTriggers(db: Kysely<Schema>): Promise<void> {
  const attached = new Set((await db.selectFrom('logged_tables').selectAll().execute()).map(nameOf));
  for (const table of loggedTables) {
    if (attached.has(table)) continue;
    // Creating the trigger keeps writers out until both are there: what was before, and what comes.
    await db.transaction().execute(async (transaction) => {
      await attach(transaction, table);
      await changeAll(transaction, table);
    });
  }
}

/** The same where the log has all rows already. */
export async function attachToRebuilt(transaction: Kysely<Schema>): Promise<void> {
  for (const table of loggedTables) await attach(transaction, table);
}

/** Every row of every table in `changes`, and nothing else, for a log that begins anew. */
export async function changeEverything(transaction: Kysely<Schema>): Promise<void> {
  // A change noted meanwhile would come before the row that it refers to.
  await sql`lock table ${sql.join(loggedTables.map((table) => sql.table(table)))} in share row exclusive mode`.execute(
    transaction,
  );
  await transaction.deleteFrom('changes').execute();
  for (const table of loggedTables) await changeAll(transaction, table);
}

export async function primaryKeyOf(db: Kysely<Schema>, table: string): Promise<string[]> {
  const { rows } = await sql<{ column: string }>`
    select a.attname as column from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = ${table}::regclass and i.indisprimary
    order by array_position(i.indkey::int2[], a.attnum)`.execute(db);
  return rows.map(({ column }) => column);
}

async function attach(transaction: Kysely<Schema>, table: string): Promise<void> {
  const key = await primaryKeyOf(transaction, table);
  const log = logged[table]?.leavesOut === undefined ? 'log_change' : 'log_batch_change';
  await sql`create trigger log_change after insert or update or delete on ${sql.table(table)}
    for each row execute function ${sql.ref(log)}(${sql.join(key.map((column) => sql.lit(column)))})`.execute(
    transaction,
  );
  await transaction.insertInto('logged_tables').values({ table_name: table }).execute();
}

async function changeAll(transaction: Kysely<Schema>, table: string): Promise<void> {
  const key = await primaryKeyOf(transaction, table);
  const leavesOut = logged[table]?.leavesOut;
  const row =
    leavesOut === undefined
      ? sql`to_jsonb(one)`
      : sql`to_jsonb(one) || jsonb_build_object(${sql.lit(leavesOut)}, ${sql.lit('\\x')})`;
  await sql`insert into changes (changed_table, is_deleted, content)
    select ${sql.lit(table)}, false, (${row})::text from ${sql.table(table)} as one
    order by ${sql.join(key.map((column) => sql.ref(`one.${column}`)))}`.execute(transaction);
}

const nameOf = ({ table_name }: { table_name: string }): string => table_name;
