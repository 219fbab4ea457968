import { setTimeout as delay } from 'node:timers/promises';
import { type Lines, type SeriesStore, textOf, type WriteOutcome, writeNarrowing } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import type { Journal, JournalEntry } from '../journal/index.ts';
import { asDated, batchesOf, type Dating, linesOf } from './batches.ts';
import { SeriesCursors } from './cursors.ts';
import type { DeadLetters } from './dead-letters.ts';

/** The part of the journal that a delivery reads. */
export type DeliveredJournal = Pick<Journal, 'read' | 'lastNumber' | 'cursor' | 'moveCursor' | 'onCommit'>;

interface SeriesDeliveryOptions {
  readonly journal: DeliveredJournal;
  readonly store: SeriesStore;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
  /** Keeps what the store will never take; absent: it is only counted, and stands in the journal. */
  readonly deadLetters?: Pick<DeadLetters, 'add'>;
  /** For boots whose clock was not trusted; absent: every reading has its time. */
  readonly dating?: Dating;
  /** How often what a store holds in memory goes to its disk; 0: at once. */
  readonly flushEveryMs?: number;
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
  /** Readings that the store has refused since the start; they are dead letters, and in the journal. */
  readonly rejected: number;
}

export interface SeriesDelivery {
  start(): Promise<void>;
  /** Ends after the write under way and a flush. What is not delivered waits in the journal. */
  stop(): Promise<void>;
  state(): SeriesDeliveryState;
  /** The store holds all readings up to this entry of the journal; after a kill some of them are delivered again. */
  deliveredUpTo(): number;
  /** For others who write into this store what they can make again from the journal. Used while the delivery runs. */
  readonly cursors: Pick<SeriesCursors, 'cursor' | 'moveCursor' | 'isStale'>;
}

export function createSeriesDelivery(options: SeriesDeliveryOptions): SeriesDelivery {
  return new CursorDelivery(options);
}

const ENTRIES_A_READ = 256;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Between two writes: what is committed meanwhile goes out together. The first after a quiet time goes at once. */
const BETWEEN_WRITES_MS = 12;
/** How long readings may be in the journal and in memory only; the longer, the less the card is worn. */
const FLUSH_EVERY_MS = 7_200_000;
/** After so many readings there is a flush before its time: memory (9 MB), and the way back after a kill, stay short. */
const MOST_UNFLUSHED = 100_000;

/**
 * Carries readings from the journal to the series store, with a cursor for each store, so that one that is new to us
 * gets everything. Ours moves after the store has accepted a batch, the journal's after a flush (cursors.ts); a kill in
 * between means that what came since is written again, which changes nothing.
 */
class CursorDelivery implements SeriesDelivery {
  readonly #options: SeriesDeliveryOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #dating: Dating;
  readonly #cursors: SeriesCursors;
  /** Lines of the batch under way that are recorded as refused: a wait after them must not record them again. */
  readonly #refused = new Set<string>();
  #ending = new AbortController();
  #running: Promise<void> | undefined;
  #unsubscribe = () => {};
  #wake = () => {};
  #place = '';
  #cursor = 0;
  #unflushed = 0;
  #rejected = 0;
  #retryAfterMs = 0;
  #isStuck = false;
  #last: Pick<SeriesDeliveryState, 'lastOutcome' | 'reason'> = { lastOutcome: 'none' };

  constructor(options: SeriesDeliveryOptions) {
    this.#options = options;
    this.#dating = options.dating ?? asDated;
    this.#pause = options.pause ?? ((ms, signal) => delay(ms, undefined, { signal }));
    this.#cursors = new SeriesCursors({ flushEveryMs: FLUSH_EVERY_MS, ...options });
  }

  /** The journal must be open and the store started; it may be away. */
  async start(): Promise<void> {
    this.#ending = new AbortController();
    await this.#findPlace();
    this.#unsubscribe = this.#options.journal.onCommit(() => this.#wake());
    this.#cursors.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#unsubscribe();
    this.#wake();
    await this.#running;
    await this.#cursors.stop();
  }

  state(): SeriesDeliveryState {
    return {
      store: this.#options.store.name,
      behindEntries: Math.max(0, this.#options.journal.lastNumber() - this.#cursor),
      ...this.#last,
      rejected: this.#rejected,
    };
  }

  deliveredUpTo(): number {
    // What was lost is not there until it has been delivered again.
    return this.#isLost ? 0 : this.#cursor;
  }

  get cursors(): SeriesDelivery['cursors'] {
    return this.#cursors;
  }

  /** Where we are is not true any more: the store began anew, or has lost what was not flushed. */
  get #isLost(): boolean {
    return this.#place !== this.#options.store.place || this.#cursors.isStale(`series:${this.#place}`);
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#isEnding) {
      try {
        if (this.#isLost) await this.#findPlace();
        if (this.#cursor >= this.#options.journal.lastNumber()) await this.#committed();
        else if (await this.#deliverNext()) {
          pauseMs = FIRST_PAUSE_MS;
          await this.#rest(BETWEEN_WRITES_MS);
        } else {
          await this.#rest(Math.max(pauseMs, this.#retryAfterMs));
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

  /** Where we are with this store; one that was known by another name goes on from there. */
  async #findPlace(): Promise<void> {
    const { place, formerPlace = place } = this.#options.store;
    // Until it is found nothing counts as delivered.
    this.#place = '';
    const cursor = await this.#cursors.cursor(`series:${place}`);
    this.#cursor = cursor > 0 ? cursor : await this.#cursors.cursor(`series:${formerPlace}`);
    this.#place = place;
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
    const { journal } = this.#options;
    for (const batch of batchesOf(await journal.read(this.#cursor, ENTRIES_A_READ))) {
      const lines = this.#linesOf(batch);
      if (lines.length > 0 && !(await this.#write(lines))) return false;
      const upTo = batch.at(-1)?.number ?? this.#cursor;
      await this.#cursors.moveCursor(`series:${this.#place}`, upTo);
      this.#cursor = upTo;
      this.#flushSometimes(batch);
      this.#refused.clear();
      if (this.#isEnding) break;
    }
    return true;
  }

  #flushSometimes(batch: readonly JournalEntry[]): void {
    for (const { count } of batch) this.#unflushed += count;
    if (this.#unflushed < MOST_UNFLUSHED) return;
    this.#unflushed = 0;
    // Beside the delivery, which goes on; when it fails there is another one in time.
    this.#cursors.flush().catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the series store could not write to its disk; tried again');
    });
  }

  /** Without those that an earlier try at this batch has found to be refused. */
  #linesOf(batch: readonly JournalEntry[]): Lines {
    const lines = linesOf(batch, this.#dating);
    if (this.#refused.size === 0) return lines;
    return textOf(lines)
      .split('\n')
      .filter((line) => !this.#refused.has(line))
      .join('\n');
  }

  #write(lines: Lines): Promise<boolean> {
    return writeNarrowing(this.#options.store, lines, {
      note: (outcome) => this.#note(outcome),
      refuse: (refused, words) => {
        this.#rejected += refused.length;
        this.#options.deadLetters?.add(refused, words);
        for (const line of refused) this.#refused.add(line);
      },
    });
  }

  /** Told once when it begins and once when it ends; a write that is being narrowed down does neither. */
  #note(outcome: WriteOutcome): void {
    const reason = 'reason' in outcome ? outcome.reason : undefined;
    this.#retryAfterMs = outcome.outcome === 'wait' ? (outcome.retryAfterMs ?? 0) : 0;
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
}
