import type { JournalEntry, JournalFill, TimeSpan } from './types.ts';

/** Between the journal and its thread. */
export interface ThreadData {
  readonly path: string;
  readonly privateKeyPem: string;
  /** What the first entry names as its predecessor, 64 hex digits. */
  readonly genesisHash: string;
  readonly limits: JournalLimits;
  /** How long a cursor's move may stay in memory. */
  readonly cursorsSavedMs: number;
}

export interface JournalLimits {
  /** Above it the oldest delivered readings are given up. */
  readonly maxBytes: number;
  /** Weight of rows that are not packed; tests make it small. */
  readonly unpackedBytes?: number;
}

/** What a damaged journal lost, and what became of it. */
export interface DamageReport {
  /** First entry that is not whole any more; 0 when all are. */
  readonly firstLost: number;
  readonly lostEntries: number;
  /** Entries whose readings are lost, but not their place in the chain. */
  readonly lostPayloads: number;
  readonly lastNumber: number;
  /** Where the damaged file is now. */
  readonly keptAs: string;
}

/** What the thread knows of neither by itself: the time, and who writes. */
export interface UpkeepRequest {
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly nowMs: number;
  /** Little arrives: there is time to pack. */
  readonly mayPack: boolean;
}

export interface UpkeepReport {
  /** Payloads of the thinned records that were journaled. */
  readonly thinned: readonly string[];
  /** There is more to do. */
  readonly more: boolean;
  readonly lastNumber: number;
  readonly fill: Omit<JournalFill, 'entries'>;
  /** The disk is so full that nothing is set aside any more. */
  readonly isTight: boolean;
  /** Every entry was looked at since the start, or since damage was found, and whole. */
  readonly isLookedThrough: boolean;
}

/** Why the journal cannot be opened or written, in a form that passes between threads. */
export type Trouble =
  | { readonly trouble: 'newer_format'; readonly version: number }
  | { readonly trouble: 'held_by_another' }
  | { readonly trouble: 'wrong_key' }
  | { readonly trouble: 'damaged'; readonly number: number }
  | {
      readonly trouble: 'system';
      readonly message: string;
      readonly errcode?: number;
      readonly code?: string;
    };

/** One transaction: at most one entry of readings, then one entry a record. */
export interface Commit {
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly nowMs: number;
  readonly readings?: ReadingsEntry;
  readonly records: readonly RecordEntry[];
}

export interface Committed {
  /** Number of the commit's last entry. */
  readonly lastNumber: number;
  /** The entry of readings comes back, for who reads it next. */
  readonly readings?: CommittedReadings;
}

/** What the thread adds to an entry of readings; all in hexadecimal but the payload, which is handed back. */
export interface CommittedReadings {
  readonly number: number;
  readonly previousHash: string;
  readonly hash: string;
  readonly signature: string;
  readonly payload: Uint8Array;
}

export interface ReadingsEntry {
  /** UTF-8, in a buffer of its own: it is handed over to the thread without a copy. */
  readonly payload: Uint8Array;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Running number of the first reading. */
  readonly firstReading: number;
  readonly keys: Uint8Array;
}

export interface RecordEntry {
  readonly kind: string;
  readonly payload: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** State of the journal's end, as the thread found it at start. */
export interface Tail {
  readonly lastNumber: number;
  /** The running number the next reading gets. */
  readonly nextReading: number;
  readonly recentKeys: Uint8Array;
  readonly damage?: DamageReport;
  readonly fill: Omit<JournalFill, 'entries'>;
}

export type Ask =
  | { readonly ask: 'commit'; readonly commit: Commit }
  | { readonly ask: 'read'; readonly after: number; readonly limit: number }
  | { readonly ask: 'cursor'; readonly name: string; readonly nowMs: number }
  | { readonly ask: 'moveCursor'; readonly name: string; readonly number: number; readonly nowMs: number }
  | { readonly ask: 'upkeep'; readonly upkeep: UpkeepRequest }
  | { readonly ask: 'records'; readonly kind: string; readonly limit: number }
  | {
      readonly ask: 'recordsAfter';
      readonly kind: string;
      readonly after: number;
      readonly limit: number;
      readonly span: TimeSpan | undefined;
    }
  | { readonly ask: 'newest'; readonly kind: string; readonly field: string }
  | { readonly ask: 'close' };

export type Request = Ask & { readonly id: number };

/**
 * Answers carry the id of the request. `opened` or `refused` comes first; `trouble` while a commit is being retried;
 * `room` when a full disk had to be relieved, `salvaged` when damage was found.
 */
export type Answer =
  | { readonly answer: 'opened'; readonly tail: Tail }
  | { readonly answer: 'refused'; readonly why: Trouble }
  | { readonly answer: 'trouble'; readonly why: Trouble }
  | { readonly answer: 'salvaged'; readonly damage: DamageReport }
  | { readonly answer: 'room'; readonly report: UpkeepReport }
  | { readonly answer: 'done'; readonly id: number; readonly value: unknown }
  | { readonly answer: 'failed'; readonly id: number; readonly message: string };

/** What each question is answered with. */
export interface Values {
  commit: Committed;
  read: JournalEntry[];
  cursor: number;
  moveCursor: undefined;
  upkeep: UpkeepReport;
  records: string[];
  recordsAfter: { readonly number: number; readonly payload: string }[];
  newest: string[];
  close: undefined;
}
