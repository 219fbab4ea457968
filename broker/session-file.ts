import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Logger } from '@nongtin/service';

type RecordKind = 'session' | 'filter' | 'incoming' | 'outgoing' | 'retained' | 'will';

/** One thing the broker remembers. Kind, owner and name together are its key. */
export interface SavedRecord {
  readonly kind: RecordKind;
  /** The session's key; empty for what belongs to nobody. */
  readonly owner: string;
  readonly name: string;
  /** JSON. */
  readonly about: unknown;
  readonly payload: Uint8Array;
}

type Change = SavedRecord | { readonly gone: Pick<SavedRecord, 'kind' | 'owner' | 'name'> };

/** Where a broker's records are kept beyond its life. Before it is opened and once it is closed it takes none. */
export interface SessionFile {
  /** What was kept; nothing when that cannot be read. */
  open(): SavedRecord[];
  put(record: SavedRecord): void;
  remove(kind: RecordKind, owner: string, name: string): void;
  /** Resolves when what was put and removed so far is kept, or could not be; never rejects. */
  saved(): Promise<void>;
  close(): void;
}

interface OpenFile {
  readonly db: DatabaseSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
}

const RETRY_MS = 5_000;

/** Nothing outlives the broker. */
export const noFile: SessionFile = {
  open: () => [],
  put: () => {},
  remove: () => {},
  saved: () => Promise.resolve(),
  close: () => {},
};

/**
 * The records in an SQLite file. What changes in one turn of the event loop is one commit, and a commit does not wait for
 * the disk: the file outlives the process however it ends, and after a power cut it lacks at most what came last. It
 * holds what clients make anew when they come back: a disk that is full or a damaged file is told, and stops nothing.
 */
export function sessionFile(path: string, logger: Logger): SessionFile {
  return new SqliteFile(path, logger);
}

class SqliteFile implements SessionFile {
  readonly #path: string;
  readonly #logger: Logger;
  /** By key, so that what cannot be written for a while stays as small as what is remembered. */
  readonly #changes = new Map<string, Change>();
  #isOpen = false;
  /** Undefined while the disk does not let us. */
  #file: OpenFile | undefined;
  #commit: PromiseWithResolvers<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #fails = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  open(): SavedRecord[] {
    this.#isOpen = true;
    try {
      return this.#read();
    } catch (error) {
      if (!isDamage(error)) return this.#failed(error);
    }
    const aside = `${this.#path}.damaged`;
    this.#logger.error({ path: this.#path, aside }, 'the file of sessions is damaged: set aside, begun anew');
    try {
      renameSync(this.#path, aside);
      for (const rest of ['-wal', '-shm']) rmSync(this.#path + rest, { force: true });
      return this.#read();
    } catch (error) {
      return this.#failed(error);
    }
  }

  put(record: SavedRecord): void {
    this.#change(record, record);
  }

  remove(kind: RecordKind, owner: string, name: string): void {
    const gone = { kind, owner, name };
    this.#change(gone, { gone });
  }

  saved(): Promise<void> {
    return this.#commit?.promise ?? Promise.resolve();
  }

  close(): void {
    if (this.#changes.size > 0) this.#write();
    clearTimeout(this.#retry);
    this.#isOpen = false;
    this.#changes.clear();
    this.#file?.db.close();
    this.#file = undefined;
  }

  #read(): SavedRecord[] {
    this.#file = openFile(this.#path);
    try {
      return this.#file.db.prepare(READ).all().map(recordOf);
    } catch (error) {
      this.#file.db.close();
      this.#file = undefined;
      throw error;
    }
  }

  #change({ kind, owner, name }: Pick<SavedRecord, 'kind' | 'owner' | 'name'>, change: Change): void {
    if (!this.#isOpen) return;
    this.#changes.set(`${kind}\n${owner}\n${name}`, change);
    if (this.#commit !== undefined) return;
    this.#commit = Promise.withResolvers();
    setImmediate(() => this.#write());
  }

  #write(): void {
    const commit = this.#commit;
    this.#commit = undefined;
    try {
      if (this.#isOpen) this.#writeTo(this.#file ?? this.#begin());
    } catch (error) {
      this.#failed(error);
    }
    commit?.resolve();
  }

  /** What could not be read at the start is not mixed with what has happened since. */
  #begin(): OpenFile {
    const file = openFile(this.#path);
    file.db.exec('delete from records');
    this.#file = file;
    return file;
  }

  #writeTo({ db, put, remove }: OpenFile): void {
    db.exec('begin immediate');
    try {
      for (const change of this.#changes.values()) {
        if ('gone' in change) remove.run(change.gone.kind, change.gone.owner, change.gone.name);
        else put.run(change.kind, change.owner, change.name, JSON.stringify(change.about), change.payload);
      }
      db.exec('commit');
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
    this.#changes.clear();
    if (this.#fails) this.#logger.info({ path: this.#path }, 'sessions are kept again');
    this.#fails = false;
  }

  /** Told once; tried again until it works. */
  #failed(error: unknown): [] {
    if (!this.#fails)
      this.#logger.error({ err: error, path: this.#path }, 'sessions are not kept: a restart forgets them');
    this.#fails = true;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#write(), RETRY_MS).unref();
    return [];
  }
}

function openFile(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: 1_000 });
  try {
    // NORMAL: no fsync in a commit, only when the write-ahead log is folded in (sqlite.org/pragma.html#pragma_synchronous).
    db.exec(`pragma journal_mode = wal; pragma synchronous = normal; ${TABLE}`);
    return { db, put: db.prepare(PUT), remove: db.prepare(REMOVE) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function recordOf(row: Record<string, unknown>): SavedRecord {
  const { kind, owner, name, about, payload } = row as Record<'kind' | 'owner' | 'name' | 'about', string> & {
    payload: Uint8Array;
  };
  return { kind: kind as RecordKind, owner, name, about: JSON.parse(about), payload };
}

/** SQLITE_CORRUPT, SQLITE_NOTADB (sqlite.org/rescode.html), or a row that is no JSON. */
function isDamage(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && ((errcode & 0xff) === 11 || (errcode & 0xff) === 26);
}

const TABLE = `
  create table if not exists records (
    kind text not null,
    owner text not null,
    name text not null,
    about text not null,
    payload blob not null,
    primary key (kind, owner, name)
  ) strict, without rowid`;
const PUT = 'insert or replace into records values (?, ?, ?, ?, ?)';
const REMOVE = 'delete from records where kind = ? and owner = ? and name = ?';
const READ = 'select kind, owner, name, about, payload from records order by kind, owner, name';
