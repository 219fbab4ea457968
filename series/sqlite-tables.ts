import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isMetricName, parseReading } from '@nongtin/broker/wire';
import { type RawLine, rawLine } from './raw-line.ts';
import type { RecentRows } from './sqlite-recent.ts';
import { inTransaction } from './sqlite-transaction.ts';
import type { SeriesName, WriteOutcome } from './store.ts';

/** Names of series are told apart by their text; a farm has some thousands. */
const MOST_KNOWN_SERIES = 50_000;

/** Writes readings into the series tables. Synchronous: meant for a worker thread (sqlite-worker.ts). */
export class SeriesTables {
  readonly #database: DatabaseSync;
  readonly #recent: RecentRows;
  readonly #known: StatementSync;
  readonly #ids = new Map<string, number>();

  constructor(database: DatabaseSync, recent: RecentRows) {
    this.#database = database;
    this.#recent = recent;
    this.#known = database.prepare('SELECT id FROM series WHERE metric = ? AND device = ? AND channel = ?');
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
    const id = this.#ids.get(key) ?? this.#idOf(key);
    this.#recent.put('raw', id, timeNs, value, quality, receivedAtMs);
  }

  /** A new series is on the disk at once: that it exists is told once, and rows in memory refer to it. */
  #idOf(key: string): number {
    const { metric, device, channel } = parseReading(`${key} value=0 0`);
    const row =
      this.#known.get(metric, device, channel) ??
      this.#database
        .prepare('INSERT INTO series (metric, device, channel) VALUES (?, ?, ?) RETURNING id')
        .get(metric, device, channel);
    const id = Number(row?.id);
    if (this.#ids.size >= MOST_KNOWN_SERIES) this.#ids.clear();
    this.#ids.set(key, id);
    return id;
  }
}
