import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explainProblem } from '@nongtin/service';
import {
  type AppendedAt,
  type EntryStore,
  type Fork,
  type Head,
  HeadMoved,
  type StoredEntry,
  StoreFailure,
} from './entry-store.ts';
import { firstNumberOf, isThinned } from './thinned.ts';

/** The entries in one file, whose append resolves when they are on the disk. For one process. */
export class SqliteEntryStore implements EntryStore {
  readonly #path: string;
  #db: DatabaseSync | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    if (this.#db !== undefined) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const db = new DatabaseSync(this.#path);
      // FULL: a commit returns after fsync of the write-ahead log (sqlite.org/pragma.html#pragma_synchronous).
      db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000');
      db.exec(TABLES);
      keepHeads(db);
      this.#db = db;
    } catch (error) {
      throw explainProblem(error, { path: this.#path });
    }
  }

  async close(): Promise<void> {
    this.#db?.close();
    this.#db = undefined;
  }

  async head(gateway: string): Promise<Head | undefined> {
    return this.#work((db) => headOf(db, gateway));
  }

  async hashes(gateway: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return this.#work((db) => {
      const one = db.prepare('select hash from entries where gateway = ? and number = ?');
      const held = numbers.map((number) => [number, one.get(gateway, number)?.hash] as const);
      return new Map(held.filter((pair): pair is [number, string] => typeof pair[1] === 'string'));
    });
  }

  async append(gateway: string, entries: readonly StoredEntry[], at: AppendedAt): Promise<void> {
    this.#work((db) => append(db, gateway, entries, at));
  }

  async read(gateway: string, after: number, limit: number): Promise<StoredEntry[]> {
    return this.#open().prepare(READ).all(gateway, after, limit) as unknown as StoredEntry[];
  }

  async heads(): Promise<(Head & { gateway: string })[]> {
    return this.#open()
      .prepare('select gateway, number, hash from heads order by gateway')
      .all() as unknown as (Head & { gateway: string })[];
  }

  async lastReceivedMs(gateway: string): Promise<number | undefined> {
    const newest = 'select received_at_ms as ms from entries where gateway = ? order by number desc limit 1';
    const row = this.#open().prepare(newest).get(gateway);
    return row === undefined ? undefined : Number(row.ms);
  }

  async thinned(gateway: string): Promise<number> {
    const sum =
      'select coalesce(sum(number - first_number + 1), 0) as entries from thinned where gateway = ?';
    return Number(this.#open().prepare(sum).get(gateway)?.entries);
  }

  async check(): Promise<void> {
    this.#open().prepare('select 1').get();
  }

  async keepFork(gateway: string, offered: StoredEntry, heldHash: string, seenAtMs: number): Promise<void> {
    const values = [
      gateway,
      offered.number,
      offered.hash,
      heldHash,
      JSON.stringify(offered),
      seenAtMs,
    ] as const;
    this.#work((db) =>
      db.prepare('insert into forks values (?, ?, ?, ?, ?, ?) on conflict do nothing').run(...values),
    );
  }

  async forks(gateway: string): Promise<Fork[]> {
    return this.#open().prepare(FORKS).all(gateway) as unknown as Fork[];
  }

  #work<T>(work: (db: DatabaseSync) => T): T {
    try {
      return work(this.#open());
    } catch (error) {
      throw isFailure(error) ? new StoreFailure('the entry file fails', { cause: error }) : error;
    }
  }

  #open(): DatabaseSync {
    if (this.#db === undefined) throw new Error('the entry store is closed');
    return this.#db;
  }
}

function append(
  db: DatabaseSync,
  gateway: string,
  entries: readonly StoredEntry[],
  { after, receivedAtMs }: AppendedAt,
): void {
  const insert = db.prepare(INSERT);
  const keepThinned = db.prepare('insert into thinned values (?, ?, ?)');
  db.exec('begin immediate');
  try {
    if (headOf(db, gateway)?.hash !== after?.hash) throw new HeadMoved(gateway);
    for (const entry of entries) {
      insert.run(
        gateway,
        entry.number,
        entry.hash,
        entry.previousHash,
        entry.bootId,
        entry.monotonicMs,
        entry.count,
        entry.firstAtMs,
        entry.lastAtMs,
        entry.payload,
        entry.signature,
        receivedAtMs,
      );
      if (isThinned(entry)) keepThinned.run(gateway, entry.number, firstNumberOf(entry));
    }
    const last = entries.at(-1);
    if (last !== undefined) db.prepare(SET_HEAD).run(gateway, last.number, last.hash);
    db.exec('commit');
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function headOf(db: DatabaseSync, gateway: string): Head | undefined {
  return db.prepare('select number, hash from heads where gateway = ?').get(gateway) as unknown as
    | Head
    | undefined;
}

/** Whether the file itself failed: a full disk, damage. */
function isFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

const TABLES = `
  create table if not exists entries (
    gateway text not null,
    number integer not null,
    hash text not null,
    previous_hash text not null,
    boot_id text not null,
    monotonic_ms integer not null,
    count integer not null,
    first_at_ms integer not null,
    last_at_ms integer not null,
    payload text not null,
    signature text not null,
    received_at_ms integer not null,
    primary key (gateway, number)
  ) strict;
  create table if not exists thinned (
    gateway text not null,
    number integer not null,
    first_number integer not null,
    primary key (gateway, number)
  ) strict;
  create table if not exists forks (
    gateway text not null,
    number integer not null,
    offered_hash text not null,
    held_hash text not null,
    entry text not null,
    seen_at_ms integer not null,
    primary key (gateway, number, offered_hash)
  ) strict;`;

/** Beside the entries, because looking for each gateway's newest goes through all of them. */
function keepHeads(db: DatabaseSync): void {
  const there = db.prepare("select 1 from sqlite_schema where type = 'table' and name = 'heads'").get();
  if (there !== undefined) return;
  db.exec(`begin immediate; ${HEADS}; commit`);
}

const HEADS = `
  create table heads (
    gateway text not null primary key,
    number integer not null,
    hash text not null
  ) strict;
  insert into heads select gateway, max(number), hash from entries group by gateway`;

const SET_HEAD = `
  insert into heads values (?, ?, ?)
  on conflict (gateway) do update set number = excluded.number, hash = excluded.hash`;

const INSERT = 'insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

const READ = `
  select number, hash, previous_hash as previousHash, boot_id as bootId, monotonic_ms as monotonicMs, count,
    first_at_ms as firstAtMs, last_at_ms as lastAtMs, payload, signature
  from entries where gateway = ? and number > ? order by number limit ?`;

const FORKS = `
  select number, held_hash as heldHash, offered_hash as offeredHash, seen_at_ms as seenAtMs
  from forks where gateway = ? order by seen_at_ms limit 100`;
