import type { UplinkEntry } from '@nongtin/broker/wire';

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
 * What gateways sent, for good: append-only, and durable when `append` resolves. It stands apart from the rows made of
 * it, which can be made again. Two implementations: a SQLite file (sqlite-entry-store.ts), and PostgreSQL with
 * objects in a folder or a bucket (archive/archive-store.ts), which any number of processes may write at once.
 */
export interface EntryStore {
  /** May be retried, and is needed before anything else. Throws a StartProblem. */
  open(): Promise<void>;
  close(): Promise<void>;
  head(gateway: string): Promise<Head | undefined>;
  /** By number, of those among `numbers` that are held. */
  hashes(gateway: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /**
   * All of them or none. `after` is the head that they were checked against; when it is another one by now, nothing is
   * kept and this rejects with HeadMoved.
   */
  append(gateway: string, entries: readonly StoredEntry[], at: AppendedAt): Promise<void>;
  /** Up to `limit` entries with numbers above `after`, in order. */
  read(gateway: string, after: number, limit: number): Promise<StoredEntry[]>;
  /** Every gateway that ever sent an accepted entry. Costs the same however many entries there are. */
  heads(): Promise<(Head & { readonly gateway: string })[]>;
  /** When the newest entry of this gateway came. */
  lastReceivedMs(gateway: string): Promise<number | undefined>;
  /** How many entries came without their payload, because the gateway had given it up. */
  thinned(gateway: string): Promise<number>;
  /** Rejects when the store answers nothing; cheap, because anybody may ask whether we are ready. */
  check(): Promise<void>;
  /** Keeps the contradicting entry; seen again, it is not kept twice. */
  keepFork(gateway: string, offered: StoredEntry, heldHash: string, seenAtMs: number): Promise<void>;
  /** The first hundred, oldest first. */
  forks(gateway: string): Promise<Fork[]>;
}

export interface AppendedAt {
  readonly after: Head | undefined;
  readonly receivedAtMs: number;
}

/** Somebody else has appended to this gateway's chain since it was looked at. */
export class HeadMoved extends Error {
  override readonly name = 'HeadMoved';

  constructor(gateway: string) {
    super(`the chain of ${gateway} has grown meanwhile`);
  }
}

/** The store cannot keep anything now: a full disk, a database or a bucket that does not answer. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
}
