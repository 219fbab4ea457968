import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { isBusy } from '../busy.ts';
import type { Commit, ReadingsEntry, Tail, ThreadData, Trouble } from './protocol.ts';
import type { JournalEntry } from './types.ts';

const SCHEMA_VERSION = 1;
/** The payload stands last: what comes before it is read without walking through its pages. */
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
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_kind ON entries (kind, number) WHERE kind <> 'readings';
CREATE TABLE cursors (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** How far back start looks: enough to notice a damaged end, quick on a small board. */
const CHECKED_ENTRIES = 64;
const RECENT_KEYS_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 4 * 1024 * 1024;

const ENTRY = `number, previous_hash, hash, boot_id, monotonic_ms, kind, count, first_at_ms, last_at_ms, signature,
  payload`;

type Row = Record<string, SQLOutputValue>;

class JournalTrouble extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.trouble);
    this.trouble = trouble;
  }
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof JournalTrouble) return error.trouble;
  const { message, errcode, code } = error as Error & { errcode?: number; code?: string };
  return {
    trouble: 'system',
    message,
    ...(errcode === undefined ? {} : { errcode }),
    ...(code === undefined ? {} : { code }),
  };
}

/**
 * The journal's tables. Synchronous: lives in the journal's thread (journal-worker.ts).
 *
 * A commit is one transaction in WAL mode with synchronous=FULL: SQLite fsyncs the log before COMMIT returns, and
 * drops a commit whose frames are incomplete (sqlite.org/walformat.html, "checksums") when it opens the file again. So
 * a torn end heals by itself, and what COMMIT has confirmed is never part of it.
 */
export class JournalTables {
  readonly #genesisHash: string;
  readonly #database: DatabaseSync;
  readonly #privateKey: KeyObject;
  readonly #insert: StatementSync;
  #lastNumber = 0;
  #lastHash: string;

  constructor({ path, privateKeyPem, genesisHash }: ThreadData) {
    this.#genesisHash = genesisHash;
    this.#lastHash = genesisHash;
    this.#privateKey = createPrivateKey(privateKeyPem);
    this.#database = openDatabase(path);
    try {
      this.#checkEnd();
      this.#insert = this.#database.prepare(
        'INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      );
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  tail(): Tail {
    const row = this.#database
      .prepare(
        'SELECT first_reading + count AS next FROM entries WHERE count > 0 ORDER BY number DESC LIMIT 1',
      )
      .get();
    return {
      lastNumber: this.#lastNumber,
      nextReading: Number(row?.next ?? 0),
      recentKeys: this.#recentKeys(),
    };
  }

  /** All entries of the commit, or none and an error. Returns the number of the last one. */
  commit(commit: Commit): number {
    const before = { number: this.#lastNumber, hash: this.#lastHash };
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      if (commit.readings !== undefined) this.#append(commit, { kind: 'readings', ...commit.readings });
      for (const record of commit.records) this.#append(commit, { count: 0, ...record });
      this.#database.exec('COMMIT');
      return this.#lastNumber;
    } catch (error) {
      this.#lastNumber = before.number;
      this.#lastHash = before.hash;
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  read(after: number, limit: number): JournalEntry[] {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    const rows = this.#database
      .prepare(`SELECT ${ENTRY} FROM entries WHERE number > ? ORDER BY number LIMIT ?`)
      .iterate(after, limit);
    for (const row of rows) {
      const entry = toEntry(row);
      entries.push(entry);
      bytes += entry.payload.length;
      if (bytes >= READ_BYTES) break;
    }
    return entries;
  }

  cursor(name: string): number {
    const row = this.#database.prepare('SELECT number FROM cursors WHERE name = ?').get(name);
    return Number(row?.number ?? 0);
  }

  moveCursor(name: string, number: number): void {
    // Not worth an fsync of its own: after a power cut a reader sees some entries again, which changes nothing.
    this.#database.exec('PRAGMA synchronous = NORMAL');
    try {
      this.#database
        .prepare('INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET number = excluded.number')
        .run(name, number);
    } finally {
      this.#database.exec('PRAGMA synchronous = FULL');
    }
  }

  /** Payloads of the newest records of a kind, newest first. */
  records(kind: string, limit: number): string[] {
    const rows = this.#database
      .prepare(
        "SELECT payload FROM entries WHERE kind = ? AND kind <> 'readings' ORDER BY number DESC LIMIT ?",
      )
      .all(kind, limit);
    return rows.map((row) => String(row.payload));
  }

  /** The most pages the file may have: a disk as small as one likes. For tests of a full one. */
  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${pages}`);
  }

  close(): void {
    this.#database.close();
  }

  #append(
    commit: Commit,
    entry: Partial<ReadingsEntry> & {
      kind: string;
      payload: string;
      count: number;
      firstAtMs: number;
      lastAtMs: number;
    },
  ): void {
    const number = this.#lastNumber + 1;
    const digest = digestOf(number, this.#lastHash, commit.bootId, entry.payload);
    const digestBytes = Buffer.from(digest, 'hex');
    const values: SQLInputValue[] = [
      number,
      Buffer.from(this.#lastHash, 'hex'),
      digestBytes,
      Buffer.from(commit.bootId, 'hex'),
      commit.monotonicMs,
      entry.kind,
      entry.count,
      entry.firstAtMs,
      entry.lastAtMs,
      sign(null, digestBytes, this.#privateKey),
      entry.firstReading ?? null,
      entry.keys ?? null,
      entry.payload,
    ];
    this.#insert.run(...values);
    this.#lastNumber = number;
    this.#lastHash = digest;
  }

  #checkEnd(): void {
    const newest = this.#database
      .prepare(`SELECT ${ENTRY} FROM entries ORDER BY number DESC LIMIT ?`)
      .all(CHECKED_ENTRIES)
      .map(toEntry);
    for (const [index, entry] of newest.entries()) {
      const before = newest[index + 1];
      const linked =
        before === undefined
          ? entry.number > 1 || entry.previousHash === this.#genesisHash
          : entry.previousHash === before.hash && entry.number === before.number + 1;
      const digest = digestOf(entry.number, entry.previousHash, entry.bootId, entry.payload);
      if (!linked || digest !== entry.hash) {
        throw new JournalTrouble({ trouble: 'damaged', number: entry.number });
      }
    }
    const [last] = newest;
    if (last === undefined) return;
    if (
      !verify(
        null,
        Buffer.from(last.hash, 'hex'),
        createPublicKey(this.#privateKey),
        Buffer.from(last.signature, 'hex'),
      )
    ) {
      throw new JournalTrouble({ trouble: 'wrong_key' });
    }
    this.#lastNumber = last.number;
    this.#lastHash = last.hash;
  }

  #recentKeys(): Uint8Array {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const rows = this.#database
      .prepare('SELECT keys FROM entries WHERE keys IS NOT NULL ORDER BY number DESC')
      .iterate();
    for (const { keys } of rows) {
      if (!(keys instanceof Uint8Array)) continue;
      parts.push(keys);
      bytes += keys.length;
      if (bytes >= RECENT_KEYS_BYTES) break;
    }
    return Buffer.concat(parts.reverse());
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  try {
    // Exclusive: two gateways on one journal would each continue the chain in its own way.
    database.exec(`PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = ${16 * 1024 * 1024};
      BEGIN IMMEDIATE; COMMIT;`);
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    else if (version !== SCHEMA_VERSION) {
      throw new JournalTrouble({ trouble: 'newer_format', version });
    }
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) {
      throw new JournalTrouble({ trouble: 'held_by_another' });
    }
    throw error;
  }
}

/** Same bytes as the wire's entryHash, with the crypto of Node (see entry.ts there; tested to be equal). */
function digestOf(number: number, previousHash: string, bootId: string, payload: string): string {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(number));
  return hash(
    'sha256',
    Buffer.concat([head, Buffer.from(previousHash + bootId, 'hex'), Buffer.from(payload, 'utf8')]),
  );
}

const hex = (value: SQLOutputValue | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : '';

function toEntry(row: Row): JournalEntry {
  return {
    number: Number(row.number),
    previousHash: hex(row.previous_hash),
    hash: hex(row.hash),
    bootId: hex(row.boot_id),
    monotonicMs: Number(row.monotonic_ms),
    kind: String(row.kind),
    count: Number(row.count),
    firstAtMs: Number(row.first_at_ms),
    lastAtMs: Number(row.last_at_ms),
    payload: String(row.payload),
    signature: hex(row.signature),
  };
}
