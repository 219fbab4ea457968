import {
  isRecordPayload,
  isUndated,
  observedAtMs,
  parseReadings,
  type Reading,
  type UplinkEntry,
  type UplinkSummary,
} from '@nongtin/broker/wire';

type Row = UplinkSummary['rows'][number] & { readonly lastAtMs: number };

const HOUR_MS = 3_600_000;
/** Rows of one message: about 8 KiB on the wire, a second at 64 kbit/s. */
const MOST_ROWS = 500;
/** Longer steps say nothing any more: what does not fit then is left out. */
const MOST_STEP_MS = 64 * HOUR_MS;
const ENTRIES_AT_ONCE = 100;
/** A backlog of weeks is not read through before anything is sent; what is newest counts. */
const MOST_ENTRIES = 20_000;
const MOST_TIME_MS = 3_000;

interface SummaryOptions {
  readonly journal: { read(after: number, limit: number): Promise<readonly UplinkEntry[]> };
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly monotonicMs: () => number;
}

/**
 * Figures of the readings of these entries, the newest first, as far as three seconds and 20,000 entries go. A series is
 * one device's metric and channel; a row is one series for an hour, or as much longer as it takes for the rows to fit.
 */
export async function summaryOf(options: SummaryOptions): Promise<UplinkSummary> {
  const { journal, firstNumber, lastNumber, monotonicMs } = options;
  const rows = new Rows();
  const startedAtMs = monotonicMs();
  let before = lastNumber + 1;
  const enough = () =>
    lastNumber - before >= MOST_ENTRIES || monotonicMs() - startedAtMs > MOST_TIME_MS || rows.isCrowded;
  while (before > firstNumber && !enough()) {
    const after = Math.max(firstNumber - 1, before - 1 - ENTRIES_AT_ONCE);
    const entries = await wholeRange(journal, after, before - 1);
    for (const entry of entries) rows.add(entry);
    before = after + 1;
  }
  const { stepMs } = rows;
  const complete = before <= firstNumber && !rows.isCrowded;
  return { firstNumber: before, lastNumber, stepMs, complete, rows: rows.list() };
}

/** A read gives as much as fits: large entries take several. */
async function wholeRange(journal: SummaryOptions['journal'], after: number, last: number) {
  const entries: UplinkEntry[] = [];
  for (let at = after; at < last; ) {
    const read = await journal.read(at, last - at);
    const newest = read.at(-1);
    if (newest === undefined) break;
    entries.push(...read);
    at = newest.number;
  }
  return entries;
}

/** Does not depend on the order in which entries come. */
class Rows {
  stepMs = HOUR_MS;
  /** There are more series than rows, however long the steps. */
  isCrowded = false;
  #rows = new Map<string, Row>();

  add(entry: UplinkEntry): void {
    for (const reading of readingsOf(entry)) if (reading.quality === 0) this.#put(rowOf(reading));
  }

  list(): UplinkSummary['rows'] {
    return [...this.#rows.values()]
      .sort((a, b) => b.startAtMs - a.startAtMs)
      .map(({ lastAtMs: _, ...row }) => row);
  }

  #put(row: Row): void {
    const startAtMs = Math.floor(row.startAtMs / this.stepMs) * this.stepMs;
    const key = JSON.stringify([row.device, row.metric, row.channel, startAtMs]);
    const before = this.#rows.get(key);
    if (before === undefined && this.#rows.size >= MOST_ROWS) {
      this.#lengthen(row);
      return;
    }
    this.#rows.set(key, joined(before, { ...row, startAtMs }));
  }

  /** Steps twice as long, so that this row may find a place. */
  #lengthen(row: Row): void {
    if (this.stepMs >= MOST_STEP_MS) {
      this.isCrowded = true;
      return;
    }
    this.stepMs *= 2;
    const rows = this.#rows;
    this.#rows = new Map();
    for (const one of rows.values()) this.#put(one);
    this.#put(row);
  }
}

/** None where it has no date, or cannot be read: the entry itself will tell the cloud. */
function readingsOf({ payload }: UplinkEntry): Reading[] {
  if (payload === '' || isRecordPayload(payload) || isUndated(payload)) return [];
  try {
    return parseReadings(payload);
  } catch {
    return [];
  }
}

function rowOf(reading: Reading): Row {
  const { device, metric, channel, value } = reading;
  const atMs = observedAtMs(reading);
  return {
    device,
    metric,
    channel,
    startAtMs: atMs,
    count: 1,
    min: value,
    max: value,
    last: value,
    lastAtMs: atMs,
  };
}

function joined(before: Row | undefined, row: Row): Row {
  if (before === undefined) return row;
  const newest = row.lastAtMs >= before.lastAtMs ? row : before;
  return {
    ...newest,
    count: before.count + row.count,
    min: Math.min(before.min, row.min),
    max: Math.max(before.max, row.max),
  };
}
