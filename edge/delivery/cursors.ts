import { setTimeout as delay } from 'node:timers/promises';
import type { SeriesStore } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import type { Journal } from '../journal/index.ts';

interface SeriesCursorsOptions {
  readonly journal: Pick<Journal, 'cursor' | 'moveCursor'>;
  readonly store: Pick<SeriesStore, 'flush' | 'losses'>;
  readonly logger: Logger;
  /** Between two flushes; 0: at each move. */
  readonly flushEveryMs: number;
  /** Waits; throws when the signal fires. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Cursors of those who write into a series store. They move in the journal only after a flush, because the journal is
 * the durable copy of what a store still holds in memory; with a store that has no flush they move at once.
 */
export class SeriesCursors {
  readonly #options: SeriesCursorsOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #waiting = new Map<string, number>();
  /** How often the store had lost something when each reader began. */
  readonly #begun = new Map<string, number>();
  #ending = new AbortController();
  #running: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(options: SeriesCursorsOptions) {
    this.#options = options;
    this.#pause = options.pause ?? ((ms, signal) => delay(ms, undefined, { signal }));
  }

  start(): void {
    this.#ending = new AbortController();
    const { store, flushEveryMs } = this.#options;
    if (store.flush !== undefined && flushEveryMs > 0) this.#running = this.#run();
  }

  /** After a last flush. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#running = undefined;
    await this.#tryFlush();
  }

  /** Where a reader begins, now or again: what it has moved since the last flush is forgotten. */
  async cursor(name: string): Promise<number> {
    this.#begun.set(name, this.#losses);
    this.#waiting.delete(name);
    return this.#options.journal.cursor(name);
  }

  /** Whether the store has lost something since the reader asked for its cursor: it has to ask again. */
  isStale(name: string): boolean {
    return (this.#begun.get(name) ?? this.#losses) !== this.#losses;
  }

  async moveCursor(name: string, number: number): Promise<void> {
    const { store, journal, flushEveryMs } = this.#options;
    if (store.flush === undefined) return journal.moveCursor(name, number);
    this.#waiting.set(name, number);
    if (flushEveryMs === 0) await this.flush();
  }

  /** Throws when the store cannot do it now. One at a time: who comes meanwhile waits for a flush after it. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => {});
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  get #losses(): number {
    return this.#options.store.losses ?? 0;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      // Ends early, by a rejection, when we are stopped.
      await this.#pause(this.#options.flushEveryMs, this.#ending.signal).catch(() => {});
      if (!this.#ending.signal.aborted) await this.#tryFlush();
    }
  }

  async #tryFlush(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the series store could not write to its disk; tried again');
    }
  }

  async #flush(): Promise<void> {
    const { store, journal } = this.#options;
    const losses = this.#losses;
    const moved = [...this.#waiting].filter(([name]) => !this.isStale(name));
    if (store.flush === undefined || moved.length === 0) return;
    const outcome = await store.flush();
    if (outcome.outcome !== 'accepted') throw new Error(outcome.reason);
    // Lost while it was being flushed: the readers are told.
    if (losses !== this.#losses) return;
    for (const [name, number] of moved) {
      await journal.moveCursor(name, number);
      if (this.#waiting.get(name) === number) this.#waiting.delete(name);
    }
  }
}
