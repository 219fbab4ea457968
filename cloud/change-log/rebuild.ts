import type { BatchRecord } from '@nongtin/contracts/encoding';
import { StartProblem } from '@nongtin/service';
import { type Kysely, sql } from 'kysely';
import type { KeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { rebuildTop } from '../stamps/index.ts';
import type { Change, LogFiles, Tail } from './log-files.ts';
import { attachToRebuilt, loggedTables, primaryKeyOf } from './logged.ts';

export interface RebuildOptions {
  /** With all its tables, and nothing in those that are logged. */
  readonly db: Kysely<Schema>;
  readonly files: LogFiles;
  readonly keyStore: KeyStore;
  readonly say: (line: string) => void;
}

/** Numbers of rows that the log may not have got any more are not used again: their stamps may be printed. */
const LOST_AT_MOST = 10_000;

/** Makes the database of its log: all of it, or, when it rejects, nothing. Afterwards the cloud goes on with the same log. */
export async function rebuild({ db, files, keyStore, say }: RebuildOptions): Promise<Tail> {
  await demandEmpty(db);
  return db.transaction().execute(async (transaction) => {
    const statements = new Statements(transaction);
    const changes = files.read();
    let step = await changes.next();
    let count = 0;
    for (; !step.done; step = await changes.next()) {
      await statements.apply(step.value);
      count += 1;
      if (count % 100_000 === 0) say(`${count} changes read …`);
    }
    const tail = step.value;
    if (tail === undefined)
      throw new StartProblem(`${files.folder} has no change log: name the folder that has.`);
    await makeTops(transaction, keyStore, say);
    await skipLostNumbers(transaction);
    await attachToRebuilt(transaction);
    await transaction
      .insertInto('change_log')
      .values({ log_id: tail.logId, lines: tail.lines, tail_hash: tail.hash })
      .execute();
    return tail;
  });
}

async function demandEmpty(db: Kysely<Schema>): Promise<void> {
  for (const table of loggedTables) {
    const { rows } = await sql`select from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length === 0) continue;
    throw new StartProblem(
      `The database has ${table} already: a log is rebuilt into an empty one. Name another, or move this one away.`,
    );
  }
}

/** One prepared sentence for each table and set of columns: a log outlives columns that come and go. */
class Statements {
  readonly #db: Kysely<Schema>;
  readonly #tables = new Map<string, Promise<{ columns: Set<string>; key: string[] }>>();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async apply({ table, isDeleted, content }: Change): Promise<void> {
    // A table of an earlier release.
    if (!loggedTables.includes(table)) return;
    const { columns, key } = await this.#tableOf(table);
    const row = sql`jsonb_populate_record(null::${sql.table(table)}, ${content}::jsonb) as one`;
    const ofKey = sql.join(key.map((column) => sql.ref(column)));
    if (isDeleted) {
      await sql`delete from ${sql.table(table)} where (${ofKey}) in (select ${ofKey} from ${row})`.execute(
        this.#db,
      );
      return;
    }
    const named = Object.keys(JSON.parse(content)).filter((column) => columns.has(column));
    const list = sql.join(named.map((column) => sql.ref(column)));
    const others = named.filter((column) => !key.includes(column));
    const sets = sql.join(others.map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`));
    const merge = others.length === 0 ? sql`do nothing` : sql`do update set ${sets}`;
    await sql`insert into ${sql.table(table)} (${list}) overriding system value
      select ${list} from ${row} on conflict (${ofKey}) ${merge}`.execute(this.#db);
  }

  #tableOf(table: string) {
    const known = this.#tables.get(table);
    if (known !== undefined) return known;
    const read = Promise.all([writableColumns(this.#db, table), primaryKeyOf(this.#db, table)]).then(
      ([columns, key]) => ({ columns, key }),
    );
    this.#tables.set(table, read);
    return read;
  }
}

async function writableColumns(db: Kysely<Schema>, table: string): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''`.execute(
    db,
  );
  return new Set(rows.map(({ name }) => name));
}

/** The tops of the batches' trees, of their secrets; each has to be the one that was signed. */
async function makeTops(db: Kysely<Schema>, keyStore: KeyStore, say: (line: string) => void): Promise<void> {
  const batches = await db
    .selectFrom('stamp_batches')
    .select(['batch_number', 'record'])
    .orderBy('batch_number')
    .execute();
  for (const { batch_number, record: text } of batches) {
    const record = JSON.parse(text) as BatchRecord;
    if (record.stampCount > 1_000_000) say(`the tree of batch ${batch_number} …`);
    await rebuildTop(db, keyStore, batch_number);
  }
}

async function skipLostNumbers(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ name: string; table: string; column: string }>`
    select pg_get_serial_sequence(c.table_name, c.column_name) as name, c.table_name as table, c.column_name as column
    from information_schema.columns c
    where c.is_identity = 'YES' and c.table_schema = 'public' and c.table_name in (${sql.join(loggedTables)})`.execute(
    db,
  );
  const sequences = [
    ...rows,
    { name: 'public.stamp_batch_numbers', table: 'stamp_batches', column: 'batch_number' },
  ];
  for (const { name, table, column } of sequences)
    await sql`select setval(${name}::regclass, coalesce(max(${sql.ref(column)}), 0) + ${LOST_AT_MOST}::int8)
      from ${sql.table(table)} having max(${sql.ref(column)}) is not null`.execute(db);
}
