import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { giveBack } from './bytes.ts';
import { digestOf, Signer } from './chain.ts';
import { checkChain, checkEnd, checkSignature } from './check.ts';
import { Cursors } from './cursors.ts';
import { weightOf } from './packing.ts';
import { hexOf, storedPayload } from './packs.ts';
import type {
  Commit,
  Committed,
  CommittedReadings,
  ReadingsEntry,
  Tail,
  ThreadData,
  UpkeepReport,
  UpkeepRequest,
} from './protocol.ts';
import { blob, EntryReader } from './reader.ts';
import { CHECKPOINT_PAGES, openDatabase } from './schema.ts';
import { isDamage, isFull } from './trouble-of.ts';
import type { JournalEntry, TimeSpan } from './types.ts';
import { type Turn, Upkeep } from './upkeep.ts';

/** In one go: a signature takes a third of a millisecond on a small board. */
const LOOKED_THROUGH = 64;
/** On a full disk the log is written back early: it and what the next step changes have this much room. */
const TIGHT_LOG_PAGES = 1_024;
const LOG_ROOM_BYTES = 3 * 1024 * 1024;
/** SQLite's own limit. */
const MOST_PAGES = 0xfffffffe;
/** They stay in memory; ingest has use for 65,536 of 14 bytes. */
const RECENT_KEYS_BYTES = 1024 * 1024;

/** Takes back a step that would not help. */
class NothingToGive extends Error {}

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
  /** Where this round of looking ends: on a busy farm more entries come than are looked at. */
  #lookUpTo: number;
  #isLookedThrough = false;
  #isTight = false;
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
      this.#lookUpTo = end.number;
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

  /** All entries of the commit, or none and an error. */
  commit(commit: Commit): Committed {
    return this.#transaction(() => {
      const { readings } = commit;
      const kept = readings === undefined ? undefined : this.#appendReadings(commit, readings);
      for (const record of commit.records) this.#append(commit, { count: 0, ...record });
      this.#upkeep.appended(readings === undefined ? 0 : weightOf(readings.keys));
      return { lastNumber: this.#lastNumber, ...(kept === undefined ? {} : { readings: kept }) };
    });
  }

  read(after: number, limit: number): JournalEntry[] {
    return this.#reader.read(after, limit);
  }

  records(kind: string, limit: number): string[] {
    return this.#reader.records(kind, limit);
  }

  recordsAfter(kind: string, after: number, limit: number, span: TimeSpan | undefined) {
    return this.#reader.recordsAfter(kind, after, limit, span);
  }

  newest(kind: string, field: string): string[] {
    return this.#reader.newest(kind, field);
  }

  /** One bounded turn of housekeeping: thinning, joining or packing, in one transaction. */
  upkeep(request: UpkeepRequest): UpkeepReport {
    return this.#transaction(() => {
      const { records, report } = this.#upkeep.turn(request, this.#lastNumber);
      for (const record of records) this.#append(request, record);
      return this.#reportOf(report);
    });
  }

  #reportOf(done: Pick<UpkeepReport, 'thinned' | 'more'>): UpkeepReport {
    const { isTight, isLookedThrough } = this;
    return { ...done, lastNumber: this.#lastNumber, fill: this.#upkeep.fill(), isTight, isLookedThrough };
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
    const isRound = last === undefined || last.number >= this.#lookUpTo;
    this.#lookedUpTo = isRound ? 0 : last.number;
    if (!isRound) return;
    this.#lookUpTo = this.#lastNumber;
    this.#isLookedThrough = true;
  }

  /** Every entry that was there when this journal was opened or salvaged has been looked at since, and is whole. */
  get isLookedThrough(): boolean {
    return this.#isLookedThrough;
  }

  /**
   * Frees pages of a full disk: packs, else gives up what is delivered, else what is not. Undefined, and nothing is
   * changed, when none of it would help.
   */
  makeRoom(request: UpkeepRequest): UpkeepReport | undefined {
    return (
      this.#stepForRoom(request, () => this.#upkeep.packForRoom(this.#lastNumber)) ??
      this.#stepForRoom(request, () => this.#upkeep.thinForRoom(request, this.#lastNumber))
    );
  }

  #stepForRoom(request: UpkeepRequest, step: () => Turn | undefined): UpkeepReport | undefined {
    try {
      return this.#transaction(() => {
        const turn = step();
        if (turn === undefined) throw new NothingToGive();
        for (const record of turn.records) this.#append(request, record);
        return this.#reportOf(turn.report);
      });
    } catch (error) {
      if (error instanceof NothingToGive || isFull(error)) return undefined;
      throw error;
    }
  }

  /** The disk is so full that nothing is set aside any more, and the file may not grow as it likes. */
  get isTight(): boolean {
    return this.#isTight;
  }

  /**
   * For a full disk: the log is written back, and from here on the file grows only as far as leaves the log its room.
   * Whether it may grow at all. When there is no room even for writing back, the next try may find some.
   */
  stopGrowing(freeBytes: () => number): boolean {
    this.#isTight = true;
    try {
      this.#database.exec(`PRAGMA wal_autocheckpoint = ${TIGHT_LOG_PAGES}; PRAGMA wal_checkpoint(TRUNCATE)`);
    } catch (error) {
      if (isDamage(error)) throw error;
    }
    return this.#growBy(freeBytes() - LOG_ROOM_BYTES);
  }

  /** For a journal so small that nothing is worth giving up: what is left is shared between file and log. */
  growIntoLast(freeBytes: () => number): void {
    this.#growBy(freeBytes() / 2);
  }

  growAgain(): void {
    if (!this.#isTight) return;
    this.#isTight = false;
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.limitPages(MOST_PAGES);
  }

  #growBy(bytes: number): boolean {
    const pragma = (name: string) => Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name]);
    const pages = Math.max(0, Math.floor(bytes / pragma('page_size')));
    this.limitPages(pragma('page_count') + pages);
    return pages > 0;
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

  #appendReadings(commit: Commit, readings: ReadingsEntry): CommittedReadings {
    const previousHash = this.#lastHash;
    const signature = this.#append(commit, { kind: 'readings', ...readings });
    return {
      number: this.#lastNumber,
      previousHash: hexOf(previousHash),
      hash: hexOf(this.#lastHash),
      signature: hexOf(signature),
      payload: readings.payload,
    };
  }

  /** Returns its signature. */
  #append(by: { readonly bootId: string; readonly monotonicMs: number }, entry: NewEntry): Uint8Array {
    const number = this.#lastNumber + 1;
    const bootId = Buffer.from(by.bootId, 'hex');
    const { payload } = entry;
    const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
    const digest = digestOf(number, this.#lastHash, bootId, bytes);
    const stored = typeof payload === 'string' ? payload : storedPayload(payload);
    const signature = this.#signer.sign(digest);
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
      signature,
      entry.firstReading ?? null,
      entry.keys ?? null,
      stored,
    );
    if (stored instanceof Uint8Array) giveBack(stored);
    this.#lastNumber = number;
    this.#lastHash = digest;
    return signature;
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
