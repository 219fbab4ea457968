import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  type Attachment,
  type DiaryEntry,
  type DiaryRevision,
  type DiaryRevisionRecord,
  mergeEntry,
} from '@nongtin/broker/wire';
import { systemCodeOf } from '@nongtin/service';

/** What the book reads of the journal. */
export interface BookJournal {
  lastNumber(): number;
  recordsAfter(
    kind: 'diary_revision',
    after: number,
    limit: number,
  ): Promise<readonly { readonly number: number; readonly record: DiaryRevisionRecord }[]>;
}

/** A revision and when the gateway got it; `number` is of its journal entry. */
export interface BookedRevision {
  readonly number: number;
  readonly receivedAtMs: number;
  readonly revision: DiaryRevision;
}

export interface BookedEntry extends DiaryEntry {
  /** Of each of its revisions, by id: journal entry and when the gateway got it. */
  readonly booked: Readonly<Record<string, { readonly number: number; readonly receivedAtMs: number }>>;
}

const PAGE = 500;
const FORMAT = 1;
const MEMORY = ':memory:';

/**
 * The diary as it stands in the journal, kept so that an entry is found without reading the journal: derived, and made anew
 * from there when it is missing, of another version, or tells of a journal that is not this one.
 */
export class DiaryBook {
  readonly #path: string;
  #database: DatabaseSync;
  #statements: ReturnType<typeof prepare>;

  /** `path`: a file that may be deleted at any time while the gateway is down. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openFile(path);
    this.#statements = prepare(this.#database);
  }

  /** Reads what the journal has and the book does not; in pages, whatever there is. */
  async follow(journal: BookJournal): Promise<void> {
    if (!(await this.#isOf(journal))) this.#beginAnew();
    for (;;) {
      const page = await journal.recordsAfter('diary_revision', this.lastNumber(), PAGE);
      this.add(page);
      if (page.length < PAGE) return;
    }
  }

  /** Number of the last journal entry that is in it; 0: none. */
  lastNumber(): number {
    return Number(this.#statements.last.get()?.last ?? 0);
  }

  revision(revisionId: string): DiaryRevision | undefined {
    const row = this.#statements.one.get(revisionId);
    return row === undefined ? undefined : parse(row.json);
  }

  entry(entryId: string): BookedEntry | undefined {
    const rows = this.#statements.ofEntry.all(entryId).map(booked);
    if (rows.length === 0) return undefined;
    const entries = rows.map(({ revision, number, receivedAtMs }) => [
      revision.revisionId,
      { number, receivedAtMs },
    ]);
    return { ...mergeEntry(rows.map(({ revision }) => revision)), booked: Object.fromEntries(entries) };
  }

  /** Entries whose date lies in [fromDate, toDate], the earliest first; withdrawn ones too. */
  entries(fromDate: string, toDate: string, limit: number): BookedEntry[] {
    return this.#statements.between.all(fromDate, toDate, limit).flatMap((row) => {
      const entry = this.entry(String(row.entry_id));
      return entry === undefined ? [] : [entry];
    });
  }

  /** Revisions in the order in which they came, for phones. */
  after(number: number, limit: number): BookedRevision[] {
    return this.#statements.after.all(number, limit).map(booked);
  }

  /** What some revision says of an attachment; undefined: none names it. */
  attachment(sha256: string): Attachment | undefined {
    const row = this.#statements.attachment.get(sha256);
    if (row === undefined) return undefined;
    return { sha256, mediaType: String(row.media_type), sizeBytes: Number(row.size_bytes) };
  }

  /** All in it, or nothing. What is there already stays as it is. */
  add(records: readonly { readonly number: number; readonly record: DiaryRevisionRecord }[]): void {
    if (records.length === 0) return;
    this.#database.exec('BEGIN');
    try {
      for (const { number, record } of records) this.#add(number, record);
      for (const entryId of new Set(records.map(({ record }) => record.revision.entryId))) {
        const date = this.entry(entryId)?.fields.date?.value;
        this.#statements.putEntry.run(entryId, typeof date === 'string' ? date : '');
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** What people call an account; shown, and never journaled. */
  rename(account: string, name: string): void {
    this.#statements.putName.run(account, name);
  }

  nameOf(account: string): string {
    return String(this.#statements.name.get(account)?.name ?? account);
  }

  close(): void {
    this.#database.close();
  }

  #add(number: number, { atMs, revision }: DiaryRevisionRecord): void {
    const { revisionId, entryId, attach } = revision;
    this.#statements.put.run(number, revisionId, entryId, atMs, JSON.stringify(revision));
    for (const { sha256, mediaType, sizeBytes } of attach)
      this.#statements.putAttachment.run(sha256, mediaType, sizeBytes);
  }

  /** Whether the last entry it knows is the journal's of that number: a restored journal may be another one. */
  async #isOf(journal: BookJournal): Promise<boolean> {
    const last = this.lastNumber();
    if (last === 0) return true;
    if (last > journal.lastNumber()) return false;
    const [same] = await journal.recordsAfter('diary_revision', last - 1, 1);
    return (
      same?.number === last &&
      this.after(last - 1, 1)[0]?.revision.revisionId === same.record.revision.revisionId
    );
  }

  #beginAnew(): void {
    this.#database.close();
    if (this.#path !== MEMORY) removeFile(this.#path);
    this.#database = openFile(this.#path);
    this.#statements = prepare(this.#database);
  }
}

type Row = Record<string, unknown>;

function booked(row: Row): BookedRevision {
  return { number: Number(row.number), receivedAtMs: Number(row.at_ms), revision: parse(row.json) };
}

function parse(json: unknown): DiaryRevision {
  return JSON.parse(String(json)) as DiaryRevision;
}

/**
 * The file, or a new one where it cannot be read: the journal has all of it. On a disk that takes nothing the book is kept in memory
 * until the next start, for a gateway that cannot write must still come up and say so.
 */
function openFile(path: string): DatabaseSync {
  try {
    if (path !== MEMORY) mkdirSync(dirname(path), { recursive: true });
    return withTables(path);
  } catch (error) {
    if (path === MEMORY) throw error;
    if (takesNothing(error)) return withTables(MEMORY);
    removeFile(path);
    return withTables(path);
  }
}

function takesNothing(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO'].includes(systemCodeOf(error));
}

function removeFile(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
}

function withTables(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version !== 0 && version !== FORMAT) throw new Error('a book of another version');
    database.exec(`
      CREATE TABLE IF NOT EXISTS revisions (
        number INTEGER PRIMARY KEY, revision_id TEXT NOT NULL UNIQUE, entry_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
        json TEXT NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS revisions_of_entry ON revisions (entry_id);
      CREATE TABLE IF NOT EXISTS entries (entry_id TEXT PRIMARY KEY, date TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS entries_by_date ON entries (date);
      CREATE TABLE IF NOT EXISTS attachments (
        sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE IF NOT EXISTS names (account TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
      PRAGMA user_version = ${FORMAT};`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    last: sql('SELECT max(number) AS last FROM revisions'),
    one: sql('SELECT json FROM revisions WHERE revision_id = ?'),
    ofEntry: sql('SELECT number, at_ms, json FROM revisions WHERE entry_id = ? ORDER BY number'),
    after: sql('SELECT number, at_ms, json FROM revisions WHERE number > ? ORDER BY number LIMIT ?'),
    between: sql('SELECT entry_id FROM entries WHERE date BETWEEN ? AND ? ORDER BY date, entry_id LIMIT ?'),
    put: sql('INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?, ?)'),
    putEntry: sql('INSERT OR REPLACE INTO entries VALUES (?, ?)'),
    attachment: sql('SELECT media_type, size_bytes FROM attachments WHERE sha256 = ?'),
    putAttachment: sql('INSERT OR IGNORE INTO attachments VALUES (?, ?, ?)'),
    name: sql('SELECT name FROM names WHERE account = ?'),
    putName: sql('INSERT OR REPLACE INTO names VALUES (?, ?)'),
  };
}
