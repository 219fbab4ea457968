import type { Lines } from '@nongtin/series';
import { bytesOf, type JournalEntry } from '../journal/index.ts';

const NEWLINE = Buffer.from('\n');
/** InfluxDB is at its best with five to ten thousand. */
const MOST_LINES = 10_000;

/** Times of readings whose boot had no clock to trust: edge/clock. */
export interface Dating {
  /** Whether the readings of this entry have no time yet: they are passed over, and delivered when they have one. */
  hold(entry: JournalEntry): boolean;
  /** Whether anything in the entry's lines has to be moved. */
  moves(entry: JournalEntry): boolean;
  /** The entry's lines with the times they are known to have; the same string where nothing has to be moved. */
  shift(lines: string, entry: JournalEntry): string;
}

/** Where every reading has its time. */
export const asDated: Dating = { hold: () => false, moves: () => false, shift: (lines) => lines };

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

/**
 * The readings of a batch as they go to the store; the bytes that were committed, when all of them are at hand and none has
 * to be moved. Records and what was thinned away have none.
 */
export function linesOf(batch: readonly JournalEntry[], dating: Dating): Lines {
  const entries = batch.filter(
    (entry) => entry.count > 0 && (bytesOf(entry) ?? entry.payload).length > 0 && !dating.hold(entry),
  );
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const bytes = dating.moves(entry) ? undefined : bytesOf(entry);
    if (bytes === undefined) return entries.map((one) => dating.shift(one.payload, one)).join('\n');
    if (parts.length > 0) parts.push(NEWLINE);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
