import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isMetricName, parseReadings, type Reading } from '@nongtin/broker/wire';
import { explainProblem, StartProblem } from '@nongtin/service';
import {
  type Aggregate,
  planQuery,
  type SeriesName,
  type SeriesPoint,
  type SeriesQuery,
  type WriteOutcome,
} from './store.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY,
  metric TEXT NOT NULL,
  device TEXT NOT NULL,
  channel TEXT NOT NULL,
  UNIQUE (metric, device, channel)
) STRICT;
CREATE TABLE IF NOT EXISTS points (
  series_id INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  value REAL NOT NULL,
  quality INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (series_id, time_ns)
) STRICT, WITHOUT ROWID;
`;

/** Of a window that is joined by SQL; 'last' takes the row that holds the window's highest time. */
const JOINED: Record<Exclude<Aggregate, 'raw' | 'last'>, string> = {
  mean: 'AVG(p.value)',
  min: 'MIN(p.value)',
  max: 'MAX(p.value)',
  sum: 'SUM(p.value)',
};

const MATCHING = `FROM series s JOIN points p ON p.series_id = s.id
  WHERE s.metric = :metric AND s.device = :device AND (:channel IS NULL OR s.channel = :channel)
    AND p.time_ns >= :fromNs AND p.time_ns < :toNs`;

/**
 * The series tables. Synchronous: meant for a worker thread (sqlite-worker.ts).
 * Commits are fsynced, because the journal's cursor moves on after them and must never be ahead of the disk.
 */
export class SeriesTables {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 2_000 });
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(SCHEMA);
    this.#insert = this.#database.prepare(
      `INSERT INTO points (series_id, time_ns, value, quality, received_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, quality = excluded.quality, received_ms = excluded.received_ms`,
    );
  }

  write(lines: string): WriteOutcome {
    let readings: Reading[];
    try {
      readings = parseReadings(lines);
    } catch (error) {
      return { outcome: 'reject', reason: (error as Error).message };
    }
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const reading of readings) this.#put(reading);
      this.#database.exec('COMMIT');
      return { outcome: 'accepted' };
    } catch (error) {
      // An id that was given out in this transaction does not exist any more.
      this.#ids.clear();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return outcomeOfError(error);
    }
  }

  query(query: SeriesQuery): SeriesPoint[] {
    const plan = planQuery(query);
    const named = {
      metric: query.metric,
      device: query.device,
      channel: query.channel ?? null,
      fromNs: BigInt(plan.fromMs) * 1_000_000n,
      toNs: BigInt(plan.toMs) * 1_000_000n,
    };
    if (plan.aggregate === 'raw') {
      const rows = this.#database
        .prepare(
          `SELECT p.time_ns / 1000000 AS atMs, p.value AS value, p.quality AS quality ${MATCHING}
           ORDER BY p.time_ns DESC LIMIT :limit`,
        )
        .all({ ...named, limit: plan.limit });
      return (rows as unknown as SeriesPoint[]).reverse();
    }
    const joined =
      plan.aggregate === 'last'
        ? 'MAX(p.time_ns) AS newest, p.value AS value, p.quality AS quality'
        : `${JOINED[plan.aggregate]} AS value, MAX(p.quality) AS quality`;
    const statement = this.#database.prepare(
      `SELECT :fromMs + :windowMs * ((p.time_ns / 1000000 - :fromMs) / :windowMs) AS atMs, ${joined} ${MATCHING}
       GROUP BY 1 ORDER BY 1`,
    );
    // Whole times in nanoseconds do not fit a number.
    statement.setReadBigInts(true);
    const rows = statement.all({ ...named, fromMs: BigInt(plan.fromMs), windowMs: BigInt(plan.windowMs) });
    return rows.map((row) => ({
      atMs: Number(row.atMs),
      value: Number(row.value),
      quality: Number(row.quality),
    }));
  }

  seriesOf(device: string): SeriesName[] {
    const rows = this.#database.prepare('SELECT metric, channel FROM series WHERE device = ?').all(device);
    return rows.flatMap((row) => {
      const metric = String(row.metric);
      return isMetricName(metric) ? [{ metric, channel: String(row.channel) }] : [];
    });
  }

  close(): void {
    this.#database.close();
  }

  #put(reading: Reading): void {
    const { value, quality, receivedAtMs, timeNs } = reading;
    this.#insert.run(this.#idOf(reading), timeNs, value, quality, receivedAtMs);
  }

  #idOf({ metric, device, channel }: Reading): number {
    const key = `${metric}\n${device}\n${channel}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const row = this.#database
      .prepare(
        `INSERT INTO series (metric, device, channel) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET metric = excluded.metric RETURNING id`,
      )
      .get(metric, device, channel);
    const id = Number(row?.id);
    this.#ids.set(key, id);
    return id;
  }
}

/** A full or unreadable disk needs a person; a lock of another program passes. */
function outcomeOfError(error: unknown): WriteOutcome {
  const explained = explainProblem(error, { path: 'the series database' });
  const reason = explained instanceof Error ? explained.message : String(explained);
  return { outcome: explained instanceof StartProblem ? 'keep' : 'wait', reason };
}
