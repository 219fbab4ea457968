import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isMetricName, parseReading } from '@nongtin/broker/wire';
import { explainProblem, StartProblem } from '@nongtin/service';
import { type RawLine, rawLine } from './raw-line.ts';
import type { SeriesName, WriteOutcome } from './store.ts';

/** Names of series are told apart by their text; a farm has some thousands. */
const MOST_KNOWN_SERIES = 50_000;

/** Writes readings into the series tables. Synchronous: meant for a worker thread (sqlite-worker.ts). */
export class SeriesTables {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO points (series_id, time_ns, value, quality, received_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, quality = excluded.quality, received_ms = excluded.received_ms`,
    );
  }

  write(lines: string): WriteOutcome {
    let readings: RawLine[];
    try {
      readings = lines === '' ? [] : lines.split('\n').map(rawLine);
    } catch (error) {
      return { outcome: 'reject', reason: (error as Error).message };
    }
    return inTransaction(
      this.#database,
      () => {
        for (const reading of readings) this.#put(reading);
      },
      // An id that was given out in this transaction does not exist any more.
      () => this.#ids.clear(),
    );
  }

  seriesOf(device: string): SeriesName[] {
    const rows = this.#database.prepare('SELECT metric, channel FROM series WHERE device = ?').all(device);
    return rows.flatMap((row) => {
      const metric = String(row.metric);
      return isMetricName(metric) ? [{ metric, channel: String(row.channel) }] : [];
    });
  }

  #put({ key, timeNs, value, quality, receivedAtMs }: RawLine): void {
    const id = this.#ids.get(key) ?? this.#newId(key);
    this.#insert.run(id, timeNs, value, quality, receivedAtMs);
  }

  #newId(key: string): number {
    const { metric, device, channel } = parseReading(`${key} value=0 0`);
    const row = this.#database
      .prepare(
        `INSERT INTO series (metric, device, channel) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET metric = excluded.metric RETURNING id`,
      )
      .get(metric, device, channel);
    const id = Number(row?.id);
    if (this.#ids.size >= MOST_KNOWN_SERIES) this.#ids.clear();
    this.#ids.set(key, id);
    return id;
  }
}

/** All of it or nothing. */
export function inTransaction(database: DatabaseSync, work: () => void, undone = () => {}): WriteOutcome {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
    return { outcome: 'accepted' };
  } catch (error) {
    undone();
    if (database.isTransaction) database.exec('ROLLBACK');
    return outcomeOfError(error);
  }
}

/** A full or unreadable disk needs a person; a lock of another program passes; a line that is none is refused. */
function outcomeOfError(error: unknown): WriteOutcome {
  if (error instanceof SyntaxError) return { outcome: 'reject', reason: error.message };
  const explained = explainProblem(error, { path: 'the series database' });
  const reason = explained instanceof Error ? explained.message : String(explained);
  return { outcome: explained instanceof StartProblem ? 'keep' : 'wait', reason };
}
