import { encodeRecord, type JournalRecord } from '@nongtin/broker/wire';
import type { Commit, ReadingsEntry, RecordEntry } from './protocol.ts';
import type { ReadingsBatch } from './types.ts';

/** An entry of readings holds at most this much; a single batch is never divided. */
const MOST_READINGS = 5_000;
const MOST_CHARACTERS = 1024 * 1024;
const MOST_RECORDS = 500;

interface Waiting {
  resolve(number: number): void;
  reject(error: Error): void;
}

interface WaitingReadings extends Waiting {
  readonly batch: ReadingsBatch;
  /** Running number of its first reading. */
  readonly firstReading: number;
}

interface WaitingRecord extends Waiting {
  readonly entry: RecordEntry;
}

/** What one commit holds, and who waits for it. */
export interface Group {
  /** Number of appends in it. */
  readonly size: number;
  readonly commit: Pick<Commit, 'readings' | 'records'>;
  /** Tells everyone their entry's number, from the number of the commit's last entry. */
  resolve(lastNumber: number): void;
  reject(error: Error): void;
}

/** What waits for the next commit, in order of arrival. */
export class AppendQueue {
  #readings: WaitingReadings[] = [];
  #records: WaitingRecord[] = [];

  get isEmpty(): boolean {
    return this.#readings.length === 0 && this.#records.length === 0;
  }

  addReadings(batch: ReadingsBatch, firstReading: number): Promise<number> {
    return new Promise((resolve, reject) => this.#readings.push({ batch, firstReading, resolve, reject }));
  }

  addRecord(record: JournalRecord): Promise<number> {
    const entry = { kind: record.kind, payload: encodeRecord(record), ...timesOf(record) };
    return new Promise((resolve, reject) => this.#records.push({ entry, resolve, reject }));
  }

  /** Takes as much as one commit may hold. */
  take(): Group {
    const readings = this.#takeReadings();
    const records = this.#records.splice(0, MOST_RECORDS);
    const joined = joinBatches(readings);
    return {
      size: readings.length + records.length,
      commit: {
        ...(joined === undefined ? {} : { readings: joined }),
        records: records.map((record) => record.entry),
      },
      resolve: (lastNumber) => {
        const first = lastNumber - records.length;
        for (const waiting of readings) waiting.resolve(first);
        for (const [index, waiting] of records.entries()) waiting.resolve(first + 1 + index);
      },
      reject: (error) => {
        for (const waiting of [...readings, ...records]) waiting.reject(error);
      },
    };
  }

  #takeReadings(): WaitingReadings[] {
    let count = 0;
    let characters = 0;
    let length = 0;
    for (const { batch } of this.#readings) {
      count += batch.count;
      characters += batch.lines.length + 1;
      if (length > 0 && (count > MOST_READINGS || characters > MOST_CHARACTERS)) break;
      length += 1;
    }
    if (length < this.#readings.length) return this.#readings.splice(0, length);
    const all = this.#readings;
    this.#readings = [];
    return all;
  }
}

function joinBatches(waiting: readonly WaitingReadings[]): ReadingsEntry | undefined {
  const [first] = waiting;
  if (first === undefined) return undefined;
  let { count, firstAtMs, lastAtMs } = first.batch;
  for (const { batch } of waiting.slice(1)) {
    count += batch.count;
    firstAtMs = Math.min(firstAtMs, batch.firstAtMs);
    lastAtMs = Math.max(lastAtMs, batch.lastAtMs);
  }
  return {
    payload: waiting.map(({ batch }) => batch.lines).join('\n'),
    count,
    firstAtMs,
    lastAtMs,
    firstReading: first.firstReading,
    keys: Buffer.concat(waiting.map(({ batch }) => batch.keys)),
  };
}

/** When a record happened: its own time, or for a run its start and end. */
function timesOf(record: JournalRecord): { firstAtMs: number; lastAtMs: number } {
  if ('atMs' in record) return { firstAtMs: record.atMs, lastAtMs: record.atMs };
  return { firstAtMs: record.startedAtMs, lastAtMs: record.endedAtMs };
}
