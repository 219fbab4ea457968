import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { TABLES } from './sqlite-schema.ts';
import { inTransaction } from './sqlite-transaction.ts';
import type { Tier, WriteOutcome } from './store.ts';

const TIERS = ['raw', '5m', '1d'] as const;
/** Rows moved before a write or a query that waits gets its turn. */
const ROWS_A_TURN = 10_000;

interface Statements {
  readonly insert: StatementSync;
  readonly update: StatementSync;
  readonly range: StatementSync;
  readonly ids: StatementSync;
  readonly move: StatementSync;
  readonly remove: StatementSync;
  readonly forget: StatementSync;
}

/**
 * Rows that are kept in memory until a flush: a page of the file is then written once for all rows that have come for it,
 * not once for each. A row stands either here or in the file.
 */
export class RecentRows {
  readonly #database: DatabaseSync;
  readonly #statements: Record<Tier, Statements>;
  /** At most so many are here. */
  #rows = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const [raw, fiveMinutes, days] = TIERS.map((tier) => statementsOf(database, tier)) as [
      Statements,
      Statements,
      Statements,
    ];
    this.#statements = { raw, '5m': fiveMinutes, '1d': days };
  }

  /** Whether more rows are here. */
  isOver(rows: number): boolean {
    // A row that took another's place was counted twice.
    if (this.#rows > rows) this.#rows = this.#counted();
    return this.#rows > rows;
  }

  /** In the place of the row with the same key, wherever that stands. Inside a transaction of the caller. */
  put(tier: Tier, ...row: [id: number, time: number | bigint, ...SQLInputValue[]]): void {
    const { insert, update } = this.#statements[tier];
    if (Number(insert.run(...row).changes) > 0) this.#rows += 1;
    else update.run(...row);
  }

  /**
   * Where to read the rows of a series, as a function of the time (in the tier's units): the table itself where none of
   * them can be here, else the view of both, which is slower.
   */
  tables(tier: Tier, id: number): (from: bigint, to: bigint) => string {
    const { table } = TABLES[tier];
    const range = this.#rows > 0 ? this.#statements[tier].range.get(id) : undefined;
    const [first, last] = (range ?? []) as unknown as readonly SQLOutputValue[];
    if (typeof first !== 'bigint' || typeof last !== 'bigint') return () => table;
    return (from, to) => (from <= last && to > first ? `all_${table}` : table);
  }

  /** Deletes what is older. */
  forget(tier: Tier, before: bigint): void {
    if (this.#rows > 0) this.#statements[tier].forget.run(before);
  }

  /** Moves everything that is here now to the file, in the order of its keys. Yields between two transactions. */
  *flush(): Generator<void, WriteOutcome> {
    for (const tier of TIERS) {
      const { ids, move, remove } = this.#statements[tier];
      const waiting = ids.all().map((row) => Number(row.id));
      let next = 0;
      while (next < waiting.length) {
        let rows = 0;
        const outcome = inTransaction(this.#database, () => {
          for (; next < waiting.length && rows < ROWS_A_TURN; next += 1) {
            const id = waiting[next] ?? 0;
            rows += Number(move.run(id).changes);
            remove.run(id);
          }
        });
        if (outcome.outcome !== 'accepted') return outcome;
        yield;
      }
    }
    this.#rows = this.#counted();
    return { outcome: 'accepted' };
  }

  #counted(): number {
    const counts = TIERS.map((tier) => `(SELECT COUNT(*) FROM temp.recent_${TABLES[tier].table})`);
    return Number(this.#database.prepare(`SELECT ${counts.join(' + ')} AS rows`).get()?.rows);
  }
}

function statementsOf(database: DatabaseSync, tier: Tier): Statements {
  const { table, time } = TABLES[tier];
  const recent = `temp.recent_${table}`;
  const names = database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map((row) => String(row.name));
  const marks = names.map((_, index) => `?${index + 1}`);
  const [columns, values] = [names.slice(2).join(', '), marks.slice(2).join(', ')];
  const key = `series_id = ?1 AND ${time} = ?2`;
  const range = database.prepare(
    `SELECT (SELECT MIN(${time}) FROM ${recent} WHERE series_id = ?1) AS first,
       (SELECT MAX(${time}) FROM ${recent} WHERE series_id = ?1) AS last`,
  );
  range.setReadBigInts(true);
  range.setReturnArrays(true);
  return {
    range,
    insert: database.prepare(
      `INSERT OR REPLACE INTO ${recent} SELECT ${marks.join(', ')}
       WHERE NOT EXISTS (SELECT 1 FROM main.${table} WHERE ${key})`,
    ),
    // Only where something differs: a row that is written again costs no page.
    update: database.prepare(
      `UPDATE main.${table} SET (${columns}) = (${values}) WHERE ${key} AND (${columns}) <> (${values})`,
    ),
    ids: database.prepare(`SELECT DISTINCT series_id AS id FROM ${recent} ORDER BY series_id`),
    move: database.prepare(
      `INSERT OR REPLACE INTO main.${table} SELECT * FROM ${recent} WHERE series_id = ? ORDER BY ${time}`,
    ),
    remove: database.prepare(`DELETE FROM ${recent} WHERE series_id = ?`),
    forget: database.prepare(`DELETE FROM ${recent} WHERE ${time} < ?`),
  };
}
