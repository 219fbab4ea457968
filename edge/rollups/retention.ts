import { setTimeout as delay } from 'node:timers/promises';
import type { SeriesStore } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import { KEPT_MS } from './times.ts';

interface RetentionOptions {
  readonly store: Pick<SeriesStore, 'rollups'>;
  /** Rows of five minutes are complete up to here: nothing is deleted that they do not know. */
  readonly rolledUpToMs: () => number;
  /** Without a clock that can be trusted nothing is old. */
  readonly isClockTrusted: () => boolean;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Waits; handed in by tests. Throws when the signal fires. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const EVERY_MS = 3_600_000;
/** Between two deletions, so that what comes in is written meanwhile. */
const BETWEEN_MS = 100;
const MOST_A_SWEEP = 2_000;

/** Once an hour deletes what is kept long enough, a little at a time. Days are kept for ever. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  #ending = new AbortController();
  #running: Promise<void> | undefined;
  #lastMs: number | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#pause = options.pause ?? ((ms, signal) => delay(ms, undefined, { signal }));
  }

  start(): void {
    this.#ending = new AbortController();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#rest(EVERY_MS);
      try {
        if (!this.#ending.signal.aborted) await this.#sweep();
      } catch (error) {
        this.#options.logger.warn(
          { err: error },
          'old readings could not be deleted; tried again in an hour',
        );
      }
    }
  }

  /** By the clock of an hour ago as well: one that jumped ahead has an hour to be set right before anything is gone. */
  async #sweep(): Promise<void> {
    const { store, rolledUpToMs, isClockTrusted, clock } = this.#options;
    const nowMs = clock.nowMs();
    const soberMs = Math.min(nowMs, (this.#lastMs ?? Number.NEGATIVE_INFINITY) + 2 * EVERY_MS);
    this.#lastMs = nowMs;
    if (!isClockTrusted() || !Number.isFinite(soberMs)) return;
    for (const tier of ['raw', '5m'] as const) {
      const beforeMs = Math.min(soberMs - KEPT_MS[tier], rolledUpToMs());
      if (!Number.isFinite(beforeMs)) continue;
      for (let turn = 0; turn < MOST_A_SWEEP && !this.#ending.signal.aborted; turn += 1) {
        if (!(await store.rollups.forget(tier, beforeMs))) break;
        await this.#rest(BETWEEN_MS);
      }
    }
  }

  async #rest(ms: number): Promise<void> {
    // Ends early, by a rejection, when we are stopped.
    await this.#pause(ms, this.#ending.signal).catch(() => {});
  }
}
