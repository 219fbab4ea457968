import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { UplinkEntry } from '@nongtin/broker/wire';
import { explainProblem } from '@nongtin/service';
import { firstNumberOf, isThinned } from './thinned.ts';

export interface StoredEntry extends UplinkEntry {
  /** 64 hex digits, recomputed by us. */
  readonly hash: string;
}

/** The newest entry held of a gateway. */
export interface Head {
  readonly number: number;
  readonly hash: string;
}

/** A gateway signed two different things for one place of its journal. The second is kept here, as evidence. */
export interface Fork {
  readonly number: number;
  readonly heldHash: string;
  readonly offeredHash: string;
  readonly seenAtMs: number;
}

/**
 * What gateways sent, for good: an append-only store whose append returns when the entries are on the disk. It stands
 * apart from the records, which can be made again from it.
 */
export class EntryStore {
  readonly #path: string;
  #db: DatabaseSync | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
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

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  head(gateway: string): Head | undefined {
    const row = this.#open()
      .prepare('select number, hash from entries where gateway = ? order by number desc limit 1')
      .get(gateway);
    return row as unknown as Head | undefined;
  }

  hashOf(gateway: string, number: number): string | undefined {
    return this.#open()
      .prepare('select hash from entries where gateway = ? and number = ?')
      .get(gateway, number)?.hash as string | undefined;
  }

  /** Durable when it returns; all of them or none. The caller has checked that they continue the chain. */
  append(gateway: string, entries: readonly StoredEntry[], receivedAtMs: number): void {
    const db = this.#open();
    const insert = db.prepare(INSERT);
    const keepThinned = db.prepare('insert into thinned values (?, ?, ?)');
    db.exec('begin immediate');
    try {
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

  /** Up to `limit` entries with numbers above `after`, in order. */
  read(gateway: string, after: number, limit: number): StoredEntry[] {
    return this.#open().prepare(READ).all(gateway, after, limit) as unknown as StoredEntry[];
  }

  /** Every gateway that ever sent an accepted entry, with its head. Costs the same however many entries there are. */
  heads(): (Head & { gateway: string })[] {
    return this.#open()
      .prepare('select gateway, number, hash from heads order by gateway')
      .all() as unknown as (Head & { gateway: string })[];
  }

  /** When the newest entry of this gateway came. */
  lastReceivedMs(gateway: string): number | undefined {
    const newest = 'select received_at_ms as ms from entries where gateway = ? order by number desc limit 1';
    const row = this.#open().prepare(newest).get(gateway);
    return row === undefined ? undefined : Number(row.ms);
  }

  /** How many entries came without their payload, because the gateway had given it up. */
  thinned(gateway: string): number {
    const sum =
      'select coalesce(sum(number - first_number + 1), 0) as entries from thinned where gateway = ?';
    return Number(this.#open().prepare(sum).get(gateway)?.entries);
  }

  /** Throws when the store answers nothing; cheap, because anybody may ask whether we are ready. */
  check(): void {
    this.#open().prepare('select 1').get();
  }

  /** Keeps the contradicting entry; seen again, it is not kept twice. */
  keepFork(gateway: string, offered: StoredEntry, heldHash: string, seenAtMs: number): void {
    this.#open()
      .prepare('insert into forks values (?, ?, ?, ?, ?, ?) on conflict do nothing')
      .run(gateway, offered.number, offered.hash, heldHash, JSON.stringify(offered), seenAtMs);
  }

  /** The first hundred, oldest first. */
  forks(gateway: string): Fork[] {
    return this.#open().prepare(FORKS).all(gateway) as unknown as Fork[];
  }

  #open(): DatabaseSync {
    if (this.#db === undefined) throw new Error('the entry store is closed');
    return this.#db;
  }
}

/** Whether the store itself failed: a full disk, a damaged file. */
export function isStoreFailure(error: unknown): boolean {
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
