/** The tables of version 1, as journals that exist have them: for ever. */
export const VERSION_1 = `
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
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_kind ON entries (kind, number) WHERE kind <> 'readings';
CREATE TABLE cursors (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
`;
