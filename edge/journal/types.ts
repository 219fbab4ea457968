import type { JournalRecord, ThinnedRecord, UplinkEntry } from '@nongtin/broker/wire';

/** Readings of one message, already encoded; they become durable together with their keys or not at all. */
export interface ReadingsBatch {
  /** Canonical line protocol, one line a reading: text or its UTF-8, copied when it is appended. */
  readonly lines: string | Uint8Array;
  readonly count: number;
  /** Observation times of the earliest and the latest reading. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** What ingest remembers of the message across a restart; opaque to the journal. */
  readonly keys: Uint8Array;
}

/** An entry as it travels, with its hash and what it holds ('readings' or the kind of its record). */
export type JournalEntry = UplinkEntry & { readonly hash: string; readonly kind: string };

/** Why nothing can be written: the disk is full, can only be read, or fails. */
export type WriteCause = 'full' | 'read_only' | 'failing';

export type JournalHealth =
  | { readonly healthy: true }
  | { readonly healthy: false; readonly cause: WriteCause; readonly reason: string };

/** How full the journal is; bytes are those in use, free pages not counted. */
export interface JournalFill {
  readonly bytes: number;
  readonly limitBytes: number;
  /** Number of the newest entry. */
  readonly entries: number;
  /** Of these, how many have given up their payload. */
  readonly thinnedEntries: number;
}

export interface AppendOptions {
  /** True unless given: committed at once, with everything that waits. Otherwise it may wait as readings do. */
  readonly urgent?: boolean;
}

export type RecordKind = JournalRecord['kind'];
export type RecordOf<Kind extends RecordKind> = Extract<JournalRecord, { kind: Kind }>;
/** A record and the number of its entry. */
export interface NumberedRecord<Kind extends RecordKind> {
  readonly number: number;
  readonly record: RecordOf<Kind>;
}
/** From `fromMs` to before `toMs`, by the times that the records name. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}
export type FieldOf<Kind extends RecordKind> = keyof RecordOf<Kind> & string;

/**
 * The append-only journal: what happened becomes durable here, once (design, idea 1).
 *
 * start() opens it and throws a StartProblem on damage; it may be retried. Appends resolve when the entry is on the
 * disk. They are never rejected while the journal is open: on a full or failing disk they wait, `health()` says why,
 * and memory stays bounded because the devices get no PUBACK.
 */
export interface Journal {
  start(): Promise<void>;
  /** Resolves with the number of the entry that holds the batch, once it is on the disk. */
  appendReadings(batch: ReadingsBatch): Promise<number>;
  appendRecord(record: JournalRecord, options?: AppendOptions): Promise<number>;
  /**
   * At most `limit` entries (and about 4 MiB) after this number, in order. A thinned one has `thinned` and an empty
   * payload; with `thinned.firstNumber` it stands for all from there on (older ones are joined).
   */
  read(afterNumber: number, limit: number): Promise<JournalEntry[]>;
  /** Number of the newest durable entry; 0 in an empty journal. */
  lastNumber(): number;
  /** Reserves `count` running numbers for series times and gives the first. Append the batch before reserving again. */
  nextRunningNumber(count: number): number;
  /** Last entry number a reader has dealt with; 0 for a new reader. What it has not seen is not thinned from now on. */
  cursor(name: string): Promise<number>;
  /** Saved within a second (gentle: half a minute): after a kill a reader must bear to see entries again. */
  moveCursor(name: string, number: number): Promise<void>;
  /** Newest first. */
  records<Kind extends RecordKind>(kind: Kind, limit: number): Promise<RecordOf<Kind>[]>;
  /**
   * At most `limit` records of a kind after an entry number, oldest first, with their numbers; with a span, those that tell of
   * a moment in it. For readers of one kind that follow, or look far back, page by page.
   */
  recordsAfter<Kind extends RecordKind>(
    kind: Kind,
    after: number,
    limit: number,
    span?: TimeSpan,
  ): Promise<NumberedRecord<Kind>[]>;
  /**
   * Of each value of a field the newest record, newest first: what is in force, however much was said since of other things.
   * Looks through all records of the kind, inside SQLite; for starts.
   */
  newest<Kind extends RecordKind>(kind: Kind, field: FieldOf<Kind>): Promise<RecordOf<Kind>[]>;
  /** Keys of the newest batches that were on the disk at start, oldest first. */
  recentKeys(): Uint8Array;
  /**
   * Called after each commit, after its appends have been resolved, with whether something urgent was in it. Returns the
   * way to stop it.
   */
  onCommit(listener: (lastNumber: number, isUrgent: boolean) => void): () => void;
  /** Called for each thinned record; one that is not `delivered` was given up because the disk is full. */
  onThinned(listener: (record: ThinnedRecord) => void): () => void;
  fill(): JournalFill;
  health(): JournalHealth;
  /** Appends that are not on the disk yet. */
  waiting(): number;
  /** Commits what waits (unless the disk refuses) and closes. */
  stop(): Promise<void>;
}
