import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { digestOf, Signer } from './chain.ts';
import { checkChain, checkEnd, checkSignature } from './check.ts';
import { Cursors } from './cursors.ts';
import { weightOf } from './packing.ts';
import { storedPayload } from './packs.ts';
import type { Commit, ReadingsEntry, Tail, ThreadData, UpkeepReport, UpkeepRequest } from './protocol.ts';
import { blob, EntryReader } from './reader.ts';
import { openDatabase } from './schema.ts';
import { isDamage } from './trouble-of.ts';
import type { JournalEntry } from './types.ts';
import { Upkeep } from './upkeep.ts';

/** In one go: a signature takes a third of a millisecond on a small board. */
const LOOKED_THROUGH = 64;
/** SQLite's own limit. */
const MOST_PAGES = 0xfffffffe;
const RECENT_KEYS_BYTES = 4 * 1024 * 1024;

type NewEntry = Partial<Omit<ReadingsEntry, 'payload'>> & {
  readonly kind: string;
  readonly payload: string | Uint8Array;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

/**
 * The journal's tables. Synchronous: lives in the journal's thread (journal-worker.ts).
 *
 * A commit is one transaction in WAL mode with synchronous=FULL: SQLite fsyncs the log before COMMIT returns, and
 * drops a commit whose frames are incomplete (sqlite.org/walformat.html, "checksums") when it opens the file again. So
 * a torn end heals by itself, and what COMMIT has confirmed is never part of it.
 */
export class JournalTables {
  readonly cursors: Cursors;
  readonly #database: DatabaseSync;
  readonly #signer: Signer;
  readonly #reader: EntryReader;
  readonly #upkeep: Upkeep;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #genesisHash: string;
  #lookedUpTo = 0;
  #lastNumber: number;
  #lastHash: Uint8Array;

  constructor({ path, privateKeyPem, genesisHash, limits }: ThreadData) {
    this.#genesisHash = genesisHash;
    this.#signer = new Signer(privateKeyPem);
    this.#database = openDatabase(path);
    try {
      this.#reader = new EntryReader(this.#database);
      const genesis = Buffer.from(genesisHash, 'hex');
      const end = checkEnd(this.#database, this.#reader, this.#signer, genesis);
      this.#lastNumber = end.number;
      this.#lastHash = end.hash;
      this.cursors = new Cursors(this.#database);
      this.#upkeep = new Upkeep(this.#database, this.#reader, this.cursors, limits);
      this.#insert = this.#database.prepare(
        'INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      );
      this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
      this.#commit = this.#database.prepare('COMMIT');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Where the chain ends, for a salvage that must go on from there. */
  get end(): { readonly number: number; readonly hash: Uint8Array } {
    return { number: this.#lastNumber, hash: this.#lastHash };
  }

  tail(): Tail {
    const row = this.#database
      .prepare(
        `SELECT max(
          coalesce((SELECT first_reading + count FROM entries WHERE count > 0 ORDER BY number DESC LIMIT 1), 0),
          coalesce((SELECT max(next_reading) FROM packs), 0)) AS next`,
      )
      .get();
    return {
      lastNumber: this.#lastNumber,
      nextReading: Number(row?.next ?? 0),
      recentKeys: this.#recentKeys(),
      fill: this.#upkeep.fill(),
    };
  }

  /** All entries of the commit, or none and an error. Returns the number of the last one. */
  commit(commit: Commit): number {
    return this.#transaction(() => {
      const { readings } = commit;
      if (readings !== undefined) this.#append(commit, { kind: 'readings', ...readings });
      for (const record of commit.records) this.#append(commit, { count: 0, ...record });
      this.#upkeep.appended(readings === undefined ? 0 : weightOf(readings.keys));
      return this.#lastNumber;
    });
  }

  read(after: number, limit: number): JournalEntry[] {
    return this.#reader.read(after, limit);
  }

  records(kind: string, limit: number): string[] {
    return this.#reader.records(kind, limit);
  }

  /** One bounded turn of housekeeping: thinning, joining or packing, in one transaction. */
  upkeep(request: UpkeepRequest): UpkeepReport {
    return this.#transaction(() => {
      const done = this.#upkeep.turn(request, this.#lastNumber);
      if (done.record !== undefined) this.#append(request, done.record);
      return { ...done.report, lastNumber: this.#lastNumber, fill: this.#upkeep.fill() };
    });
  }

  /** Looks through the next few entries, round after round; throws a JournalTrouble that names a damaged one. */
  lookThrough(): void {
    const entries = this.#reader.read(this.#lookedUpTo, LOOKED_THROUGH);
    const last = checkChain(
      entries,
      this.#lookedUpTo,
      this.#lookedUpTo === 0 ? this.#genesisHash : undefined,
    );
    for (const entry of entries) checkSignature(entry, this.#lastNumber, this.#signer);
    this.#lookedUpTo = last === undefined || last.number >= this.#lastNumber ? 0 : last.number;
  }

  /** Frees pages of a full disk: what is delivered first, else what is not. Undefined when there is nothing to free. */
  makeRoom(request: UpkeepRequest): UpkeepReport | undefined {
    return this.#transaction(() => {
      const done = this.#upkeep.makeRoom(request, this.#lastNumber);
      if (done?.record === undefined) return undefined;
      this.#append(request, done.record);
      return { ...done.report, lastNumber: this.#lastNumber, fill: this.#upkeep.fill() };
    });
  }

  /**
   * For a full disk: the log is written back, and from here on the file does not grow, so that the space the log had is
   * there for the log again. Does nothing when there is no room even for that; the next try may find some.
   */
  stopGrowing(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.limitPages(Number(this.#database.prepare('PRAGMA page_count').get()?.page_count));
    } catch (error) {
      if (isDamage(error)) throw error;
    }
  }

  growAgain(): void {
    this.limitPages(MOST_PAGES);
  }

  /** The most pages the file may have: a disk as small as one likes. */
  limitPages(pages: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${pages}`);
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  close(): void {
    this.#database.close();
  }

  #transaction<Result>(work: () => Result): Result {
    const before = { number: this.#lastNumber, hash: this.#lastHash };
    try {
      this.#begin.run();
      const result = work();
      this.#commit.run();
      this.#upkeep.committed();
      return result;
    } catch (error) {
      this.#lastNumber = before.number;
      this.#lastHash = before.hash;
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#upkeep.rolledBack();
      this.#reader.forget();
      throw error;
    }
  }

  #append(by: { readonly bootId: string; readonly monotonicMs: number }, entry: NewEntry): void {
    const number = this.#lastNumber + 1;
    const bootId = Buffer.from(by.bootId, 'hex');
    const { payload } = entry;
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
    const digest = digestOf(number, this.#lastHash, bootId, bytes);
    this.#insert.run(
      number,
      this.#lastHash,
      digest,
      bootId,
      by.monotonicMs,
      entry.kind,
      entry.count,
      entry.firstAtMs,
      entry.lastAtMs,
      this.#signer.sign(digest),
      entry.firstReading ?? null,
      entry.keys ?? null,
      typeof payload === 'string' ? payload : storedPayload(payload),
    );
    this.#lastNumber = number;
    this.#lastHash = digest;
  }

  #recentKeys(): Uint8Array {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const rows = this.#database
      .prepare('SELECT keys FROM entries WHERE keys IS NOT NULL ORDER BY number DESC')
      .iterate();
    for (const row of rows) {
      const keys = blob(row.keys);
      parts.push(keys);
      bytes += keys.length;
      if (bytes >= RECENT_KEYS_BYTES) break;
    }
    return Buffer.concat(parts.reverse());
  }
}
