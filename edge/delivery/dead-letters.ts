import type { DatabaseSync } from 'node:sqlite';
import { openWithLog, type SeriesStore, writeNarrowing } from '@nongtin/series';
import { explainProblem, type Logger } from '@nongtin/service';

/** A reading that the series store will never take. It stands in the journal as well. */
interface DeadLetter {
  readonly id: number;
  /** As it was written, in canonical line protocol. */
  readonly line: string;
  /** The store's own words. */
  readonly reason: string;
  readonly atMs: number;
  /** The store's place. */
  readonly store: string;
  /** How often it was refused. */
  readonly attempts: number;
}

interface RetryResult {
  readonly taken: number;
  readonly refused: number;
  /** Still to be tried, because the store takes nothing at the moment. */
  readonly waiting: number;
}

export interface DeadLetters {
  /** Keeps refused lines; a line that is there already is only counted. */
  add(lines: readonly string[], reason: string): void;
  /** The newest first. */
  list(limit: number): DeadLetter[];
  /** How many are kept, and how many have ever been dropped for want of room. */
  counts(): { readonly kept: number; readonly dropped: number };
  /** Writes them again: these, or the oldest thousand. A person asks for it after the cause is gone. */
  retry(ids?: readonly number[]): Promise<RetryResult>;
  close(): void;
}

interface DeadLetterOptions {
  readonly path: string;
  readonly store: SeriesStore;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
  /** Letters kept at the most; the oldest go first. */
  readonly capacity?: number;
}

const CAPACITY = 10_000;
const MOST_A_RETRY = 1_000;
const MOST_WORDS = 1_000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  line TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  store TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  UNIQUE (store, line)
) STRICT;
CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO totals VALUES ('dropped', 0);
`;

/** Opens the table; throws a StartProblem when the file is none. */
export function openDeadLetters(options: DeadLetterOptions): DeadLetters {
  try {
    const database = openWithLog(options.path, 1_000);
    // Without an fsync of its own: after a power cut the journal still has the reading.
    database.exec(`PRAGMA synchronous = NORMAL; ${SCHEMA}`);
    return new DeadLetterTable(database, options);
  } catch (error) {
    throw explainProblem(error, { path: options.path });
  }
}

class DeadLetterTable implements DeadLetters {
  readonly #database: DatabaseSync;
  readonly #options: DeadLetterOptions;

  constructor(database: DatabaseSync, options: DeadLetterOptions) {
    this.#database = database;
    this.#options = options;
  }

  add(lines: readonly string[], reason: string): void {
    const { clock, store, logger, capacity = CAPACITY } = this.#options;
    const atMs = Math.trunc(clock.nowMs());
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const insert = this.#database.prepare(
        `INSERT INTO letters (line, reason, at_ms, store, attempts) VALUES (?, ?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET reason = excluded.reason, at_ms = excluded.at_ms, attempts = attempts + 1`,
      );
      // Of a flood only what fits is worth writing.
      for (const line of lines.slice(-capacity))
        insert.run(line, reason.slice(0, MOST_WORDS).toWellFormed(), atMs, store.place);
      this.#makeRoom(capacity, Math.max(0, lines.length - capacity));
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      // The reading is in the journal; delivery must not stand still for want of this copy.
      logger.error({ err: error, readings: lines.length, reason }, 'refused readings could not be listed');
    }
  }

  list(limit: number): DeadLetter[] {
    return this.#select('ORDER BY id DESC LIMIT ?', limit);
  }

  counts(): { kept: number; dropped: number } {
    const of = (sql: string) => Number(this.#database.prepare(sql).get()?.count);
    return {
      kept: of('SELECT COUNT(*) AS count FROM letters'),
      dropped: of('SELECT count FROM totals'),
    };
  }

  async retry(ids?: readonly number[]): Promise<RetryResult> {
    const letters =
      ids === undefined
        ? this.#select('ORDER BY id LIMIT ?', MOST_A_RETRY)
        : ids.slice(0, MOST_A_RETRY).flatMap((id) => this.#select('WHERE id = ?', id));
    const refused = new Set<string>();
    const taken: DeadLetter[] = [];
    for (const letter of letters) {
      const { line } = letter;
      const refuse = (lines: readonly string[], words: string) => {
        refused.add(line);
        this.add(lines, words);
      };
      if (!(await writeNarrowing(this.#options.store, line, { note: () => {}, refuse }))) break;
      if (!refused.has(line)) taken.push(letter);
    }
    // They must not be gone from here before they are on the store's disk.
    const flushed = taken.length > 0 ? await this.#options.store.flush?.() : undefined;
    if (flushed !== undefined && flushed.outcome !== 'accepted') taken.length = 0;
    this.#remove(taken);
    return {
      taken: taken.length,
      refused: refused.size,
      waiting: letters.length - taken.length - refused.size,
    };
  }

  close(): void {
    this.#database.close();
  }

  #makeRoom(capacity: number, notWritten: number): void {
    const { changes } = this.#database
      .prepare('DELETE FROM letters WHERE id IN (SELECT id FROM letters ORDER BY id DESC LIMIT -1 OFFSET ?)')
      .run(capacity);
    const dropped = Number(changes) + notWritten;
    if (dropped > 0) this.#database.prepare('UPDATE totals SET count = count + ?').run(dropped);
  }

  #remove(letters: readonly DeadLetter[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    const remove = this.#database.prepare('DELETE FROM letters WHERE id = ?');
    for (const { id } of letters) remove.run(id);
    this.#database.exec('COMMIT');
  }

  #select(rest: string, value: number): DeadLetter[] {
    const rows = this.#database
      .prepare(`SELECT id, line, reason, at_ms AS atMs, store, attempts FROM letters ${rest}`)
      .all(value);
    return rows as unknown as DeadLetter[];
  }
}
