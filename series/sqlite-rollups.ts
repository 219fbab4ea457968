import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { floorTo } from './plan.ts';
import type { RecentRows } from './sqlite-recent.ts';
import { FINER, TABLES } from './sqlite-schema.ts';
import { type Span, SummaryRows } from './sqlite-summaries.ts';
import { inTransaction } from './sqlite-transaction.ts';
import type { RollupSpan, Tier, WriteOutcome } from './store.ts';
import { merge, type Summary } from './summary.ts';

/** Rows read, or deleted, before a write that waits gets its turn. */
const ROWS_A_TURN = 10_000;

/** Computes and thins out the series tables. Synchronous, in turns: between two of them others may write. */
export class SeriesRollups {
  readonly #database: DatabaseSync;
  readonly #recent: RecentRows;
  readonly #rows: SummaryRows;
  readonly #ids: StatementSync;

  constructor(database: DatabaseSync, recent: RecentRows) {
    this.#database = database;
    this.#recent = recent;
    this.#rows = new SummaryRows(database, recent);
    this.#ids = database.prepare('SELECT id FROM series WHERE ?1 IS NULL OR device = ?1');
    this.#ids.setReturnArrays(true);
  }

  /** Yields between two turns; its value is the outcome. */
  *recompute(span: RollupSpan): Generator<void, WriteOutcome> {
    const device = span.device ?? null;
    const ids = (this.#ids.all(device) as unknown as number[][]).map(([id = 0]) => id);
    let next = 0;
    while (next < ids.length) {
      let rows = 0;
      const outcome = inTransaction(this.#database, () => {
        for (; next < ids.length && rows < ROWS_A_TURN; next += 1)
          rows += this.#recomputeOne(ids[next] ?? 0, span);
      });
      if (outcome.outcome !== 'accepted') return outcome;
      yield;
    }
    return { outcome: 'accepted' };
  }

  /** Whether there is more. Freed pages are used again by what is written next, so the file stops growing. */
  *forget(tier: Tier, beforeMs: number): Generator<void, boolean> {
    const { table, time, unitsPerMs } = TABLES[tier];
    const before = BigInt(beforeMs) * unitsPerMs;
    const remove = this.#database.prepare(
      `DELETE FROM ${table} WHERE series_id = ?1 AND ${time} IN
        (SELECT ${time} FROM ${table} WHERE series_id = ?1 AND ${time} < ?2 ORDER BY ${time} LIMIT ?3)`,
    );
    this.#recent.forget(tier, before);
    let left = ROWS_A_TURN;
    for (const { id } of this.#database.prepare('SELECT id FROM series').all()) {
      const { changes } = remove.run(id ?? null, before, left);
      left -= Number(changes);
      if (left <= 0) return true;
      if (Number(changes) > 0) yield;
    }
    return false;
  }

  /** Returns how much work it was, in rows. */
  #recomputeOne(id: number, { tier, fromMs, toMs, zoneOffsetMs }: RollupSpan): number {
    const finer = FINER[tier];
    const { unitsPerMs } = TABLES[finer];
    const span: Span = [id, BigInt(fromMs) * unitsPerMs, BigInt(toMs) * unitsPerMs];
    const windows = new Map<number, Summary>();
    let work = 1;
    for (const [startMs, summary] of this.#rows.of(finer, span)) {
      work += 1;
      const atMs = floorTo(tier, startMs, zoneOffsetMs);
      const before = windows.get(atMs);
      windows.set(atMs, before === undefined ? summary : merge(before, summary));
    }
    for (const [atMs, summary] of windows) this.#put(tier, id, atMs, summary);
    return work;
  }

  #put(tier: RollupSpan['tier'], id: number, atMs: number, row: Summary): void {
    const { count, flagged, sum, min, max, first, last, firstMs, lastMs, increase, quality } = row;
    this.#recent.put(
      ...[tier, id, atMs, count, flagged, sum, min, max, first, last, firstMs, lastMs, increase, quality],
    );
  }
}
