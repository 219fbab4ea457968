import { setTimeout as delay } from 'node:timers/promises';
import type { QuarantineRecord } from '@nongtin/broker/wire';
import type { SeriesStore, WriteOutcome } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import type { Journal, JournalEntry } from '../journal/index.ts';
import { Rejections } from './rejections.ts';

/** The part of the journal that a delivery reads. */
export type DeliveredJournal = Pick<
  Journal,
  'read' | 'lastNumber' | 'cursor' | 'moveCursor' | 'onCommit' | 'appendRecord'
>;

interface SeriesDeliveryOptions {
  readonly journal: DeliveredJournal;
  readonly store: SeriesStore;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
  /** For boots whose clock was not trusted: which entries are passed over until they are dated, and true times. */
  readonly dating?: {
    hold(entry: JournalEntry): boolean;
    shift(lines: string, entry: JournalEntry): string;
  };
  /** Waits; handed in by tests. Throws when the signal fires. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface SeriesDeliveryState {
  readonly store: SeriesStore['name'];
  /** Entries of the journal that the store does not hold yet. */
  readonly behindEntries: number;
  readonly lastOutcome: 'none' | 'accepted' | 'wait' | 'keep' | 'split' | 'reject';
  /** Why the last write was not accepted. */
  readonly reason?: string;
  /** Readings the store will never take; they stand in the journal's quarantine. */
  readonly rejected: number;
}

export interface SeriesDelivery {
  start(): Promise<void>;
  /** Ends after the write under way. What is not delivered waits in the journal. */
  stop(): Promise<void>;
  state(): SeriesDeliveryState;
}

export function createSeriesDelivery(options: SeriesDeliveryOptions): SeriesDelivery {
  return new CursorDelivery(options);
}

const ENTRIES_A_READ = 256;
const MOST_LINES = 5_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Between two writes: what is committed meanwhile goes out together. The first after a quiet time goes at once. */
const BETWEEN_WRITES_MS = 20;

/**
 * Carries readings from the journal to the series store, with a cursor for each store, so that one that is new to us
 * gets everything. The cursor moves after the store has accepted a batch; a kill in between means that the batch is
 * written again, which changes nothing.
 */
class CursorDelivery implements SeriesDelivery {
  readonly #options: SeriesDeliveryOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #rejections: Rejections;
  /** Lines of the batch under way that are recorded as refused: a wait after them must not record them again. */
  readonly #refused = new Set<string>();
  readonly #cursorName: string;
  #ending = new AbortController();
  #running: Promise<void> | undefined;
  #unsubscribe = () => {};
  #wake = () => {};
  #cursor = 0;
  #isStuck = false;
  #last: Pick<SeriesDeliveryState, 'lastOutcome' | 'reason'> = { lastOutcome: 'none' };

  constructor(options: SeriesDeliveryOptions) {
    this.#options = options;
    this.#cursorName = `series:${options.store.place}`;
    this.#pause = options.pause ?? ((ms, signal) => delay(ms, undefined, { signal }));
    this.#rejections = new Rejections((record) => this.#keepRejected(record), options.clock);
  }

  /** The journal must be open. The store may be away. */
  async start(): Promise<void> {
    this.#ending = new AbortController();
    this.#cursor = await this.#options.journal.cursor(this.#cursorName);
    this.#unsubscribe = this.#options.journal.onCommit(() => this.#wake());
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#unsubscribe();
    this.#wake();
    await this.#running;
  }

  state(): SeriesDeliveryState {
    return {
      store: this.#options.store.name,
      behindEntries: Math.max(0, this.#options.journal.lastNumber() - this.#cursor),
      ...this.#last,
      rejected: this.#rejections.count,
    };
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#isEnding) {
      try {
        if (this.#cursor >= this.#options.journal.lastNumber()) await this.#committed();
        else if (await this.#deliverNext()) {
          pauseMs = FIRST_PAUSE_MS;
          await this.#rest(BETWEEN_WRITES_MS);
        } else {
          await this.#rest(pauseMs);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      } catch (error) {
        // A journal that cannot be read; an answer nobody foresaw. The readings are safe where they are.
        if (!this.#isEnding)
          this.#options.logger.error({ err: error }, 'delivery to the series store failed');
        await this.#rest(LONGEST_PAUSE_MS);
      }
    }
  }

  /** Until the journal has something new. Checked and awaited in one go, so no commit is missed. */
  #committed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#isEnding) resolve();
    });
  }

  async #rest(ms: number): Promise<void> {
    // Ends early, by a rejection, when we are stopped.
    await this.#pause(ms, this.#ending.signal).catch(() => {});
  }

  /** Whether the cursor moved. */
  async #deliverNext(): Promise<boolean> {
    const entries = await this.#options.journal.read(this.#cursor, ENTRIES_A_READ);
    for (const batch of batchesOf(entries)) {
      const lines = this.#linesOf(batch);
      if (lines !== '' && !(await this.#write(lines))) return false;
      const upTo = batch.at(-1)?.number ?? this.#cursor;
      await this.#options.journal.moveCursor(this.#cursorName, upTo);
      this.#cursor = upTo;
      this.#refused.clear();
      if (this.#isEnding) break;
    }
    return true;
  }

  /** Without those that an earlier try at this batch has found to be refused. */
  #linesOf(batch: readonly JournalEntry[]): string {
    const { dating } = this.#options;
    const lines = batch
      .filter((entry) => entry.count > 0 && dating?.hold(entry) !== true)
      .map((entry) => dating?.shift(entry.payload, entry) ?? entry.payload);
    if (this.#refused.size === 0) return lines.join('\n');
    return lines
      .flatMap((payload) => payload.split('\n'))
      .filter((line) => !this.#refused.has(line))
      .join('\n');
  }

  /** Whether nothing of these lines needs to be written again. */
  async #write(lines: string): Promise<boolean> {
    const outcome = await this.#options.store.write(lines);
    this.#note(outcome);
    if (outcome.outcome === 'accepted') return true;
    if (outcome.outcome === 'wait' || outcome.outcome === 'keep') return false;
    const halves = halve(lines);
    if (halves === undefined) {
      await this.#rejections.add(lines, outcome.reason);
      this.#refused.add(lines);
      return true;
    }
    // What a partly refused write has already stored is only written again.
    for (const half of halves) if (!(await this.#write(half))) return false;
    return true;
  }

  /** Told once when it begins and once when it ends; a write that is being narrowed down does neither. */
  #note(outcome: WriteOutcome): void {
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    const store = this.#options.store.name;
    const isStuck = outcome.outcome === 'wait' || outcome.outcome === 'keep';
    if (isStuck && !this.#isStuck) {
      this.#options.logger.warn(
        { store, outcome: outcome.outcome, reason },
        'the series store takes no readings',
      );
    } else if (this.#isStuck && !isStuck) {
      this.#options.logger.info({ store }, 'the series store takes readings again');
    }
    this.#isStuck = isStuck;
    this.#last = { lastOutcome: outcome.outcome, ...(reason === undefined ? {} : { reason }) };
  }

  async #keepRejected(record: QuarantineRecord): Promise<void> {
    await this.#options.journal.appendRecord(record);
  }
}

/** Small entries together, up to so many lines; a larger one alone. */
function batchesOf(entries: readonly JournalEntry[]): JournalEntry[][] {
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

/** Two parts of about the same number of lines; undefined for a single line. */
function halve(lines: string): [string, string] | undefined {
  let cut = lines.indexOf('\n', lines.length / 2);
  if (cut < 0) cut = lines.lastIndexOf('\n');
  return cut < 0 ? undefined : [lines.slice(0, cut), lines.slice(cut + 1)];
}
