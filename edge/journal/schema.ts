import { DatabaseSync } from 'node:sqlite';
import { systemCodeOf } from '@nongtin/service';
import { JournalTrouble } from './trouble-of.ts';

const SCHEMA_VERSION = 2;

/**
 * Rows for what is new and for records; packs for readings that are old. The payload stands last: what comes before it
 * is read without walking through its pages. Every row names the hash before its own, although the row before has it
 * too: when a page is damaged, its neighbours still prove themselves, and the hash that was lost is known from them.
 *
 * `entries.payload`: text; compressed with zstd (a blob); or NULL when it was thinned.
 * `packs`: a run of entries of readings, see packs.ts; `payloads` holds what they said until it is thinned.
 */
const TABLES = `
CREATE TABLE packs (
  first_number INTEGER PRIMARY KEY,
  last_number INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  readings INTEGER NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  next_reading INTEGER NOT NULL,
  previous_hash BLOB NOT NULL,
  heads BLOB NOT NULL
) STRICT;
CREATE TABLE payloads (first_number INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE cursors (
  name TEXT PRIMARY KEY,
  number INTEGER NOT NULL,
  moved_at_ms INTEGER NOT NULL,
  hash BLOB
) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

const SCHEMA = `
CREATE TABLE entries (
  number INTEGER PRIMARY KEY,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  boot_id BLOB NOT NULL,
  monotonic_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  signature BLOB NOT NULL,
  first_reading INTEGER,
  keys BLOB,
  payload ANY
) STRICT;
CREATE INDEX records_by_kind ON entries (kind, number) WHERE kind <> 'readings';
${TABLES}`;

/**
 * Bytes of a page of a new journal. A commit of a trickle writes one page and its frame's head to the log: with pages of
 * 4 KiB that touches two blocks of the disk, with 1 KiB mostly one (docs/operations.md has the figures).
 */
export const PAGE_BYTES = 1_024;
/** The log is written back when it holds so many pages: seldom, for then each page is written a second time. */
export const CHECKPOINT_PAGES = 4_096;

export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  try {
    // Exclusive: two gateways on one journal would each continue the chain in its own way.
    database.exec(`PRAGMA page_size = ${PAGE_BYTES};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -512;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${16 * 1024 * 1024};
      BEGIN IMMEDIATE; COMMIT;`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    else if (version === 1) migrate(database);
    else if (version !== SCHEMA_VERSION) throw new JournalTrouble({ trouble: 'newer_format', version });
    return database;
  } catch (error) {
    database.close();
    if (systemCodeOf(error) === 'EBUSY') throw new JournalTrouble({ trouble: 'held_by_another' });
    throw error;
  }
}

/**
 * From version 1, whose payloads were text. The rows stay as they are, only what the column may hold is more: a change
 * of the schema's text that the rows on the disk do not notice (sqlite.org/lang_altertable.html, section 7).
 */
function migrate(database: DatabaseSync): void {
  database.enableDefensive(false);
  database.exec(`BEGIN IMMEDIATE;
    CREATE TEMP TABLE old_cursors AS SELECT name, number FROM cursors;
    DROP TABLE cursors;
    ${TABLES}
    INSERT INTO cursors SELECT name, number, 0, NULL FROM old_cursors;
    DROP TABLE temp.old_cursors;
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'payload TEXT NOT NULL', 'payload ANY') WHERE name = 'entries';
    PRAGMA writable_schema = RESET;
    COMMIT;`);
  database.enableDefensive(true);
}
