import { encodeRecord, type JournalRecord } from '@nongtin/broker/wire';
import { Bytes } from './bytes.ts';
import type { Commit, ReadingsEntry, RecordEntry } from './protocol.ts';
import type { ReadingsBatch } from './types.ts';

/** An entry of readings holds at most this much; a single batch is never divided. */
const MOST_READINGS = 5_000;
const MOST_BYTES = 512 * 1024;
const MOST_RECORDS = 500;

const NEWLINE = Buffer.from('\n');

type Resolvers = ReturnType<typeof Promise.withResolvers<number>>;

/**
 * What waits for the next commits, in order of arrival. At 50,000 messages a second the queue runs for each of them, so
 * that everybody whose readings will be in the same entry is given the same promise, and nothing is joined before the commit.
 */
export class AppendQueue {
  #groups: Group[] = [];
  #newest: Group | undefined;
  #last: { readonly bytes: number; readonly keyBytes: number } | undefined;

  get isEmpty(): boolean {
    return this.#newest === undefined;
  }

  /** Whether a whole commit waits already. */
  get isFull(): boolean {
    return this.#groups.length > 1;
  }

  /** Appends that wait for the next commit. */
  get appends(): number {
    return this.#groups[0]?.size ?? 0;
  }

  get isUrgent(): boolean {
    return this.#groups.some((group) => group.isUrgent);
  }

  addReadings(batch: ReadingsBatch, firstReading: number): Promise<number> {
    let group = this.#newest;
    if (group === undefined || !group.hasRoomFor(batch)) group = this.#begin();
    return group.addReadings(batch, firstReading);
  }

  addRecord(record: JournalRecord, urgent: boolean): Promise<number> {
    const entry = { kind: record.kind, payload: encodeRecord(record), ...timesOf(record) };
    let group = this.#newest;
    if (group === undefined || group.records.length >= MOST_RECORDS) group = this.#begin();
    return group.addRecord(entry, urgent);
  }

  /** What the next commit holds. */
  take(): Group | undefined {
    const group = this.#groups.shift();
    if (group !== undefined) this.#last = { bytes: group.bytes, keyBytes: group.keyBytes };
    if (this.#groups.length === 0) this.#newest = undefined;
    return group;
  }

  #begin(): Group {
    // About as much as last time, so that it hardly ever has to grow.
    const group = new Group((this.#last?.bytes ?? 0) * 1.25, (this.#last?.keyBytes ?? 0) * 1.25);
    this.#groups.push(group);
    this.#newest = group;
    return group;
  }
}

/** What one commit holds, and who waits for it. */
export class Group {
  readonly records: RecordEntry[] = [];
  readonly #waiting: Resolvers[] = [];
  readonly #lines: Bytes;
  readonly #keys: Bytes;
  #readings: Resolvers | undefined;
  #batches = 0;
  #count = 0;
  #firstAtMs = Number.POSITIVE_INFINITY;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #firstReading = 0;
  isUrgent = false;

  /** Bytes of lines and of keys to make room for at first. */
  constructor(lineBytes: number, keyBytes: number) {
    this.#lines = new Bytes(lineBytes);
    this.#keys = new Bytes(keyBytes);
  }

  /** Number of appends in it. */
  get size(): number {
    return this.#batches + this.records.length;
  }

  /** Bytes of its readings. */
  get bytes(): number {
    return this.#lines.length;
  }

  get keyBytes(): number {
    return this.#keys.length;
  }

  hasRoomFor(batch: ReadingsBatch): boolean {
    return (
      this.#count === 0 ||
      (this.#count + batch.count <= MOST_READINGS && this.bytes + batch.lines.length < MOST_BYTES)
    );
  }

  addReadings(batch: ReadingsBatch, firstReading: number): Promise<number> {
    if (this.#readings === undefined) {
      this.#readings = Promise.withResolvers();
      this.#firstReading = firstReading;
    }
    if (this.#batches > 0) this.#lines.add(NEWLINE);
    if (typeof batch.lines === 'string') this.#lines.addText(batch.lines);
    else this.#lines.add(batch.lines);
    this.#keys.add(batch.keys);
    this.#batches += 1;
    this.#count += batch.count;
    if (batch.firstAtMs < this.#firstAtMs) this.#firstAtMs = batch.firstAtMs;
    if (batch.lastAtMs > this.#lastAtMs) this.#lastAtMs = batch.lastAtMs;
    return this.#readings.promise;
  }

  addRecord(entry: RecordEntry, urgent: boolean): Promise<number> {
    const resolvers: Resolvers = Promise.withResolvers();
    this.records.push(entry);
    this.#waiting.push(resolvers);
    this.isUrgent ||= urgent;
    return resolvers.promise;
  }

  content(): Pick<Commit, 'readings' | 'records'> {
    const { records } = this;
    return this.#readings === undefined ? { records } : { records, readings: this.#entry() };
  }

  /** Tells everyone their entry's number, from the number of the commit's last entry. */
  resolve(lastNumber: number): void {
    const first = lastNumber - this.records.length;
    this.#readings?.resolve(first);
    for (const [index, waiting] of this.#waiting.entries()) waiting.resolve(first + 1 + index);
  }

  reject(error: Error): void {
    this.#readings?.reject(error);
    for (const waiting of this.#waiting) waiting.reject(error);
  }

  #entry(): ReadingsEntry {
    return {
      payload: this.#lines.take(),
      count: this.#count,
      firstAtMs: this.#firstAtMs,
      lastAtMs: this.#lastAtMs,
      firstReading: this.#firstReading,
      keys: this.#keys.take(),
    };
  }
}

/** When a record happened: its own time, or for a run its start and end. */
function timesOf(record: JournalRecord): { firstAtMs: number; lastAtMs: number } {
  if ('atMs' in record) return { firstAtMs: record.atMs, lastAtMs: record.atMs };
  return { firstAtMs: record.startedAtMs, lastAtMs: record.endedAtMs };
}
