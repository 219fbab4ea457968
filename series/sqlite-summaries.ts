import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RecentRows } from './sqlite-recent.ts';
import { TABLES } from './sqlite-schema.ts';
import type { Tier } from './store.ts';
import { type Summary, withReading } from './summary.ts';

/** A series and a span of time in the tier's units, whose end is not in it. */
export type Span = [id: number, from: bigint, to: bigint];

/** Half a MiB. */
const ROWS_AT_ONCE = 4_000;

/** First the time: milliseconds, and what is beyond them in the tier's units, for a row's time alone has no number. */
const READING = 'time_ns / 1000000, time_ns % 1000000, value, quality';
const ROLLUP =
  'start_ms, 0, count, flagged, sum, min, max, first, last, first_ms, last_ms, increase, quality';

/** Rows of a tier one by one, in the order of time, each as a summary. */
export class SummaryRows {
  readonly #database: DatabaseSync;
  readonly #recent: RecentRows;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, recent: RecentRows) {
    this.#database = database;
    this.#recent = recent;
  }

  *of(tier: Tier, [id, from, to]: Span): Generator<[startMs: number, Summary]> {
    const statement = this.#statement(tier, this.#recent.tables(tier, id)(from, to));
    const { unitsPerMs } = TABLES[tier];
    const summaryOf = tier === 'raw' ? readingOf : rollupOf;
    for (let next = from; ; ) {
      // Not by an iterator of SQLite's: each of them waits for the collector of what is old, and there are thousands.
      const rows = statement.all(id, next, to, ROWS_AT_ONCE) as unknown as number[][];
      for (const row of rows) yield [row[0] ?? 0, summaryOf(row)];
      if (rows.length < ROWS_AT_ONCE) return;
      const [lastMs = 0, beyond = 0] = rows.at(-1) ?? [];
      next = BigInt(lastMs) * unitsPerMs + BigInt(beyond) + 1n;
    }
  }

  #statement(tier: Tier, table: string): StatementSync {
    const known = this.#statements.get(table);
    if (known !== undefined) return known;
    const { time } = TABLES[tier];
    const made = this.#database.prepare(
      `SELECT ${tier === 'raw' ? READING : ROLLUP} FROM ${table}
       WHERE series_id = ? AND ${time} >= ? AND ${time} < ? ORDER BY ${time} LIMIT ?`,
    );
    // An object for each row would be a dictionary, ten times as large.
    made.setReturnArrays(true);
    this.#statements.set(table, made);
    return made;
  }
}

function readingOf([atMs = 0, , value = 0, quality = 0]: readonly number[]): Summary {
  return withReading(undefined, value, quality, atMs);
}

function rollupOf(row: readonly number[]): Summary {
  const [, , count = 0, flagged = 0, sum = 0, min = 0, max = 0, first = 0, last = 0, ...more] = row;
  const [firstMs = 0, lastMs = 0, increase = 0, quality = 0] = more;
  return { count, flagged, sum, min, max, first, last, firstMs, lastMs, increase, quality };
}
