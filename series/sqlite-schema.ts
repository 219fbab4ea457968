import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { openWithLog } from './sqlite-open.ts';
import type { RollupTier, Tier } from './store.ts';

const POINT_COLUMNS = `
  series_id INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  value REAL NOT NULL,
  quality INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (series_id, time_ns)`;

const ROLLUP_COLUMNS = `
  series_id INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  flagged INTEGER NOT NULL,
  sum REAL NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  first REAL NOT NULL,
  last REAL NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  increase REAL NOT NULL,
  quality INTEGER NOT NULL,
  PRIMARY KEY (series_id, start_ms)`;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY,
  metric TEXT NOT NULL,
  device TEXT NOT NULL,
  channel TEXT NOT NULL,
  UNIQUE (metric, device, channel)
) STRICT;
CREATE INDEX IF NOT EXISTS series_by_device ON series (device);
CREATE TABLE IF NOT EXISTS points (${POINT_COLUMNS}) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollups_5m (${ROLLUP_COLUMNS}) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollups_1d (${ROLLUP_COLUMNS}) STRICT, WITHOUT ROWID;
`;

/** In memory: what is not on the disk yet, and a view of both for each tier. */
const RECENT = [
  ['points', POINT_COLUMNS],
  ['rollups_5m', ROLLUP_COLUMNS],
  ['rollups_1d', ROLLUP_COLUMNS],
].map(
  ([table, columns]) => `
CREATE TEMP TABLE recent_${table} (${columns}) STRICT, WITHOUT ROWID;
CREATE TEMP VIEW all_${table} AS SELECT * FROM main.${table} UNION ALL SELECT * FROM temp.recent_${table};`,
);

/** Pages of the log before they go into the file: the same page changed by several flushes goes there once. */
const PAGES_A_CHECKPOINT = 4_000;

/** Table and time column of each tier, and how many of the column's units are a millisecond. */
export const TABLES: Record<Tier, { table: string; time: string; unitsPerMs: bigint }> = {
  raw: { table: 'points', time: 'time_ns', unitsPerMs: 1_000_000n },
  '5m': { table: 'rollups_5m', time: 'start_ms', unitsPerMs: 1n },
  '1d': { table: 'rollups_1d', time: 'start_ms', unitsPerMs: 1n },
};

export const FINER: Record<RollupTier, Tier> = { '5m': 'raw', '1d': '5m' };

export interface OpenedSeries {
  readonly database: DatabaseSync;
  /** Made with the file: another file, even under the same name, begins empty. */
  readonly id: string;
  /** Whether the file is older than ids are. */
  readonly isOlderThanIds: boolean;
}

/** Commits are fsynced, because the journal's cursor moves on after a flush and must never be ahead of the disk. */
export function openSeries(path: string): OpenedSeries {
  const database = openWithLog(path, 2_000);
  try {
    database.exec('PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;');
    database.exec(`PRAGMA wal_autocheckpoint = ${PAGES_A_CHECKPOINT}`);
    const hasTable = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    const isOlder = hasTable.get('points') !== undefined && hasTable.get('meta') === undefined;
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA}`);
    const fresh = database.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING');
    fresh.run('id', randomBytes(8).toString('hex'));
    fresh.run('older_than_ids', isOlder ? 'yes' : 'no');
    database.exec('COMMIT');
    database.exec(RECENT.join('\n'));
    const meta = database.prepare('SELECT value FROM meta WHERE name = ?');
    const metaOf = (name: string) => String(meta.get(name)?.value);
    return { database, id: metaOf('id'), isOlderThanIds: metaOf('older_than_ids') === 'yes' };
  } catch (error) {
    database.close();
    throw error;
  }
}
