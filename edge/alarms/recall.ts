import { isRecordPayload, parseReadings, type Reading } from '@nongtin/broker/wire';
import type { Journal, JournalEntry } from '../journal/index.ts';

/** A reading of an earlier start. */
interface Recalled {
  readonly reading: Reading;
  /** When it came: ms of gateways that ran, and of the pauses between them; the zero is arbitrary. */
  readonly atMs: number;
  /** When the gateway that took it ended, on the same count. */
  readonly endMs: number;
}

export interface Recall {
  /** The oldest first. */
  readonly readings: readonly Recalled[];
  /** Now, on their count. */
  readonly nowMs: number;
}

/** What a gateway that was off for longer knows of before is no word about now. */
const LONGEST_PAUSE_MS = 3_600_000;
const PAGE = 500;
/** Of a day, readings of 14 devices each minute; of ten minutes, of any farm. */
const MOST_ENTRIES = 20_000;

/**
 * Readings of some metrics that the journal holds of earlier starts, at most so far back. What came in one start is told apart by its
 * monotonic time; of the pause before the next one by the clock, as far as that can be believed: a clock that went back says nothing.
 */
export async function recall(
  journal: Pick<Journal, 'read' | 'lastNumber'>,
  metrics: ReadonlySet<string>,
  backMs: number,
): Promise<Recall> {
  const timed = timeline(await newestEntries(journal, backMs + LONGEST_PAUSE_MS));
  const ends = new Map(timed.map(({ entry: { bootId }, atMs }) => [bootId, atMs]));
  const readings = timed.flatMap(({ entry, atMs }) =>
    readingsOf(entry, metrics).map((reading) => ({ reading, atMs, endMs: ends.get(entry.bootId) ?? atMs })),
  );
  return { readings, nowMs: timed.at(-1)?.atMs ?? 0 };
}

/** The oldest first. */
async function newestEntries(journal: Pick<Journal, 'read' | 'lastNumber'>, backMs: number) {
  const pages: JournalEntry[][] = [];
  const last = journal.lastNumber();
  let newestAtMs: number | undefined;
  for (let to = last; to > 0 && last - to < MOST_ENTRIES; to -= PAGE) {
    const page = await pageOf(journal, Math.max(0, to - PAGE), to);
    pages.unshift(page);
    newestAtMs ??= page.at(-1)?.lastAtMs;
    const oldest = page[0];
    if (oldest === undefined || oldest.lastAtMs < (newestAtMs ?? 0) - backMs) break;
  }
  return pages.flat();
}

/** A read gives as much as it likes at once. */
async function pageOf(journal: Pick<Journal, 'read'>, after: number, to: number): Promise<JournalEntry[]> {
  const page: JournalEntry[] = [];
  for (let number = after; number < to; ) {
    const found = await journal.read(number, to - number);
    const last = found.at(-1);
    if (last === undefined) break;
    page.push(...found.filter((entry) => entry.number <= to));
    number = last.number;
  }
  return page;
}

/** Those since the last pause that was too long. */
function timeline(entries: readonly JournalEntry[]) {
  let timed: { readonly entry: JournalEntry; readonly atMs: number }[] = [];
  let before: JournalEntry | undefined;
  let beganMs = 0;
  for (const entry of entries) {
    if (before !== undefined && before.bootId !== entry.bootId) {
      const pauseMs = entry.lastAtMs - before.lastAtMs;
      if (pauseMs > LONGEST_PAUSE_MS) timed = [];
      beganMs += before.monotonicMs + Math.max(0, pauseMs) - entry.monotonicMs;
    }
    timed.push({ entry, atMs: beganMs + entry.monotonicMs });
    before = entry;
  }
  return timed;
}

function readingsOf({ payload, count }: JournalEntry, metrics: ReadonlySet<string>): Reading[] {
  if (count === 0 || payload === '' || isRecordPayload(payload)) return [];
  const lines = payload.split('\n').filter((line) => metrics.has(line.slice(0, line.search(/[, ]/))));
  return lines.length === 0 ? [] : parseReadings(lines.join('\n'));
}
