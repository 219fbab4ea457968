import type { JournalEntry } from '../journal/index.ts';

/** InfluxDB is at its best with five to ten thousand. */
const MOST_LINES = 10_000;

/** Times of readings whose boot had no clock to trust: edge/clock. */
export interface Dating {
  /** Whether the readings of this entry have no time yet: they are passed over, and delivered when they have one. */
  hold(entry: JournalEntry): boolean;
  /** The entry's lines with the times they are known to have; the same string where nothing has to be moved. */
  shift(lines: string, entry: JournalEntry): string;
}

/** Where every reading has its time. */
export const asDated: Dating = { hold: () => false, shift: (lines) => lines };

/** Small entries together, up to so many lines; a larger one alone. */
export function batchesOf(entries: readonly JournalEntry[]): JournalEntry[][] {
  const batches: JournalEntry[][] = [];
  let batch: JournalEntry[] = [];
  let lines = 0;
  for (const entry of entries) {
    if (batch.length === 0 || lines + entry.count > MOST_LINES) {
      batch = [];
      batches.push(batch);
      lines = 0;
    }
    batch.push(entry);
    lines += entry.count;
  }
  return batches;
}

/** The readings of a batch as they go to the store. Records and what was thinned away have none. */
export function linesOf(batch: readonly JournalEntry[], dating: Dating): string {
  return batch
    .filter((entry) => entry.count > 0 && entry.payload !== '' && !dating.hold(entry))
    .map((entry) => dating.shift(entry.payload, entry))
    .join('\n');
}
