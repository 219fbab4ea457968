import type { DatabaseSync } from 'node:sqlite';

/** A reader that was not seen for so long no longer holds anything back: it may be of a store that is gone. */
const FORGOTTEN_AFTER_MS = 30 * 86_400_000;

interface Cursor {
  number: number;
  movedAtMs: number;
  /** A reader of this run asked for it. */
  isUsed: boolean;
  isSaved: boolean;
}

/**
 * How far each reader has come. Moves are kept in memory and saved together from time to time, without an fsync of their
 * own: after a kill a reader sees some entries again, which changes nothing, and a disk is not worn for each of them.
 * With a cursor its entry's hash is saved, so that the chain goes on even when its end is lost to damage (salvage.ts).
 */
export class Cursors {
  readonly #database: DatabaseSync;
  readonly #cursors = new Map<string, Cursor>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    for (const row of database.prepare('SELECT name, number, moved_at_ms FROM cursors').all()) {
      this.#cursors.set(String(row.name), {
        number: Number(row.number),
        movedAtMs: Number(row.moved_at_ms),
        isUsed: false,
        isSaved: true,
      });
    }
  }

  /** From here on the cursor counts: what its reader has not seen is not given up. */
  number(name: string, nowMs: number): number {
    const cursor = this.#cursors.get(name) ?? { number: 0, movedAtMs: nowMs, isUsed: true, isSaved: false };
    cursor.isUsed = true;
    this.#cursors.set(name, cursor);
    return cursor.number;
  }

  move(name: string, number: number, nowMs: number): void {
    this.#cursors.set(name, { number, movedAtMs: nowMs, isUsed: true, isSaved: false });
  }

  /** Everything up to here has been delivered to every reader there is; 0 when there is none. */
  deliveredUpTo(nowMs: number): number {
    const used = [...this.#cursors.values()].filter(
      ({ isUsed, movedAtMs }) => isUsed || Math.abs(nowMs - movedAtMs) <= FORGOTTEN_AFTER_MS,
    );
    return used.length === 0 ? 0 : Math.min(...used.map(({ number }) => number));
  }

  get isSaved(): boolean {
    return [...this.#cursors.values()].every((cursor) => cursor.isSaved);
  }

  save(): void {
    const moved = [...this.#cursors].filter(([, cursor]) => !cursor.isSaved);
    if (moved.length === 0) return;
    this.#database.exec('PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE');
    try {
      const insert = this.#database.prepare(
        `INSERT INTO cursors VALUES (?1, ?2, ?3, (SELECT hash FROM entries WHERE number = ?2)) ON CONFLICT (name)
          DO UPDATE SET number = excluded.number, moved_at_ms = excluded.moved_at_ms, hash = excluded.hash`,
      );
      for (const [name, { number, movedAtMs }] of moved) insert.run(name, number, Math.trunc(movedAtMs));
      this.#database.exec('COMMIT');
      for (const [, cursor] of moved) cursor.isSaved = true;
    } finally {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#database.exec('PRAGMA synchronous = FULL');
    }
  }
}
