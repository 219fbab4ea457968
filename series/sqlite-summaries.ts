import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RecentRows } from './sqlite-recent.ts';
import { TABLES } from './sqlite-schema.ts';
import type { Tier } from './store.ts';
import { type Summary, withReading } from './summary.ts';

/** A series and a span of time in the tier's units, whose end is not in it. */
export type Span = [id: number, from: bigint, to: bigint];

/** Half a MiB. */
const ROWS_AT_ONCE = 4_000;

const READING = 'time_ns / 1000000, value, quality';
const ROLLUP = 'start_ms, count, flagged, sum, min, max, first, last, first_ms, last_ms, increase, quality';

/** Rows of a tier one by one, in the order of time, each as a summary. */
export class SummaryRows {
  readonly #database: DatabaseSync;
  readonly #recent: RecentRows;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, recent: RecentRows) {
    this.#database = database;
    this.#recent = recent;
  }

  *of(tier: Tier, span: Span): Generator<[startMs: number, Summary]> {
    const [id, from, to] = span;
    const statement = this.#statement(tier, this.#recent.tables(tier, id)(from, to));
    for (let offset = 0; ; offset += ROWS_AT_ONCE) {
      // Not by an iterator of SQLite's: each of them waits for the collector of what is old, and there are thousands.
      const rows = statement.all(...span, ROWS_AT_ONCE, offset) as unknown as number[][];
      for (const [startMs = 0, ...figures] of rows)
        yield [startMs, tier === 'raw' ? readingOf(startMs, figures) : rollupOf(figures)];
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  #statement(tier: Tier, table: string): StatementSync {
    const known = this.#statements.get(table);
    if (known !== undefined) return known;
    const { time } = TABLES[tier];
    const made = this.#database.prepare(
      `SELECT ${tier === 'raw' ? READING : ROLLUP} FROM ${table}
       WHERE series_id = ? AND ${time} >= ? AND ${time} < ? ORDER BY ${time} LIMIT ? OFFSET ?`,
    );
    // An object for each row would be a dictionary, ten times as large.
    made.setReturnArrays(true);
    this.#statements.set(table, made);
    return made;
  }
}

function readingOf(atMs: number, [value = 0, quality = 0]: readonly number[]): Summary {
  return withReading(undefined, value, quality, atMs);
}

function rollupOf(figures: readonly number[]): Summary {
  const [count = 0, flagged = 0, sum = 0, min = 0, max = 0, first = 0, last = 0] = figures;
  const [firstMs = 0, lastMs = 0, increase = 0, quality = 0] = figures.slice(7);
  return { count, flagged, sum, min, max, first, last, firstMs, lastMs, increase, quality };
}
