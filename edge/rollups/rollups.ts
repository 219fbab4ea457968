import { setTimeout as delay } from 'node:timers/promises';
import { type ClockRecord, parseRecord } from '@nongtin/broker/wire';
import type { SeriesStore } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import type { Journal } from '../journal/index.ts';
import { ENTRIES_A_READ, type ScanOptions, touch, touchBoot } from './scan.ts';
import { DAY_MS, dayOf, KEPT_MS, STEP_MS, windowOf } from './times.ts';
import { Touched, type TouchedSpan } from './touched.ts';

interface RollupsOptions {
  readonly journal: Pick<Journal, 'read' | 'cursor' | 'moveCursor'> & {
    /** Whether the store has lost rows since the cursor was asked for. */
    isStale?(name: string): boolean;
  };
  readonly store: SeriesStore;
  /** The store holds all readings up to this entry; a row is never computed before. */
  readonly deliveredUpTo: () => number;
  /** Whether the store has more urgent work at the moment. */
  readonly isBusy: () => boolean;
  readonly dating: ScanOptions['dating'];
  /** Where the farm's day begins, east of Greenwich. */
  readonly zoneOffsetMs: number;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Waits; handed in by tests. Throws when the signal fires. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface RollupsState {
  /** Windows that wait to be computed. */
  readonly waitingWindows: number;
  /** Rows of five minutes are complete up to here; null before the first pass. */
  readonly rolledUpToMs: number | null;
  /** Why the last pass did not come to its end. */
  readonly reason?: string;
}

interface Rollups {
  start(): Promise<void>;
  stop(): Promise<void>;
  state(): RollupsState;
}

const EVERY_MS = 60_000;
/** A window is computed so long after its end: what is on its way arrives first. */
const SETTLED_AFTER_MS = 60_000;
const DAY_CLOSED_AFTER_MS = 600_000;
/** As many as 90 days have; a backlog that touches more is taken in parts. */
const MOST_WINDOWS = 26_000;
const MOST_SKIPPED = 10;
/** Late readings older than this are waited for by the pass, and not by the charts. */
const CHARTS_LOOK_BACK_MS = 2 * DAY_MS;

/**
 * Keeps the rows of five minutes and of days, with a cursor of its own: reads which windows the journal's entries touch,
 * and when a window has settled has it computed anew from the readings. The cursor stands before the first entry that a
 * waiting window needs, so that after a kill the same windows are touched again; computing them again changes nothing.
 */
export function createRollups(options: RollupsOptions): Rollups {
  return new JournalRollups(options);
}

class JournalRollups implements Rollups {
  readonly #options: RollupsOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #touched = new Touched();
  /** Starts of days whose rows of five minutes have changed. */
  readonly #days = new Set<number>();
  readonly #scan: ScanOptions;
  #ending = new AbortController();
  #running: Promise<void> | undefined;
  #place = '';
  #cursor = 0;
  #position = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #rolledUpToMs = Number.NEGATIVE_INFINITY;
  #skipped = 0;
  #reason: string | undefined;

  constructor(options: RollupsOptions) {
    this.#options = options;
    this.#pause = options.pause ?? ((ms, signal) => delay(ms, undefined, { signal }));
    this.#scan = { journal: options.journal, dating: options.dating, touched: this.#touched };
  }

  async start(): Promise<void> {
    this.#ending = new AbortController();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  state(): RollupsState {
    return {
      waitingWindows: this.#touched.size,
      rolledUpToMs: Number.isFinite(this.#rolledUpToMs) ? this.#rolledUpToMs : null,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        const reason = this.#isTooBusy() ? this.#reason : await this.#pass();
        if (reason !== undefined && reason !== this.#reason)
          this.#options.logger.warn({ reason }, 'rollups wait for the series store');
        this.#reason = reason;
      } catch (error) {
        this.#options.logger.error({ err: error }, 'rollups failed; they are tried again');
        this.#reason = (error as Error).message;
      }
      // Ends early, by a rejection, when we are stopped.
      await this.#pause(EVERY_MS, this.#ending.signal).catch(() => {});
    }
  }

  /** Readings come first; but not for ever. */
  #isTooBusy(): boolean {
    this.#skipped = this.#options.isBusy() ? this.#skipped + 1 : 0;
    return this.#skipped > 0 && this.#skipped <= MOST_SKIPPED;
  }

  /** Why it could not be finished; undefined when all is done that can be. */
  async #pass(): Promise<string | undefined> {
    const { journal, store } = this.#options;
    if (this.#place !== store.place || journal.isStale?.(`rollups:${store.place}`)) await this.#begin();
    // What comes meanwhile is for the next pass: a day that is made anew is made once, not after every few entries.
    const last = this.#options.deliveredUpTo();
    for (;;) {
      const before = this.#position;
      await this.#read(last);
      const reason = (await this.#computeWindows()) ?? (await this.#computeDays());
      if (reason !== undefined || this.#ending.signal.aborted) return reason;
      await this.#moveOn();
      if (this.#position === before || this.#position >= last) return undefined;
    }
  }

  /** From the cursor of this store. The day it stands in may have rows that the day's row does not know. */
  async #begin(): Promise<void> {
    const { journal, store, zoneOffsetMs } = this.#options;
    this.#touched.remove(() => true);
    this.#days.clear();
    this.#cursor = await journal.cursor(`rollups:${store.place}`);
    this.#position = this.#cursor;
    this.#newestMs = Number.NEGATIVE_INFINITY;
    for (const entry of await journal.read(Math.max(0, this.#cursor - ENTRIES_A_READ), ENTRIES_A_READ))
      if (entry.count > 0 && entry.number <= this.#cursor) this.#sawTime(entry.lastAtMs);
    if (Number.isFinite(this.#newestMs)) {
      const today = dayOf(this.#newestMs, zoneOffsetMs);
      this.#days.add(today - DAY_MS).add(today);
    }
    this.#place = store.place;
  }

  async #read(last: number): Promise<void> {
    const { journal, deliveredUpTo, clock } = this.#options;
    while (this.#position < last && this.#touched.size < MOST_WINDOWS) {
      const entries = await journal.read(this.#position, ENTRIES_A_READ);
      // Fewer when the store has lost some meanwhile.
      const upTo = Math.min(last, deliveredUpTo());
      if (entries.length === 0 || this.#ending.signal.aborted) return;
      for (const entry of entries) {
        if (entry.number > upTo) return;
        if (entry.kind === 'clock') {
          const { bootId } = parseRecord(entry.payload) as ClockRecord;
          await touchBoot(this.#scan, bootId, entry.number, clock.nowMs());
        }
        touch(this.#scan, entry, clock.nowMs());
        if (entry.count > 0) this.#sawTime(entry.lastAtMs);
        this.#position = entry.number;
      }
    }
  }

  #sawTime(atMs: number): void {
    // A time ahead of ours does not speak for what follows.
    if (atMs <= this.#options.clock.nowMs() + STEP_MS['5m']) this.#newestMs = Math.max(this.#newestMs, atMs);
  }

  async #computeWindows(): Promise<string | undefined> {
    const nowMs = this.#nowMs();
    const isGone = (startMs: number) => startMs < nowMs - KEPT_MS.raw + DAY_MS;
    // Of these windows the readings are gone, or about to go: their row stays as it is.
    this.#touched.remove(isGone);
    const isSettled = (startMs: number) =>
      startMs + STEP_MS['5m'] + SETTLED_AFTER_MS <= nowMs || startMs > nowMs + STEP_MS['5m'];
    for (const span of this.#touched.spans(isSettled)) {
      const reason = await this.#compute('5m', span);
      if (reason !== undefined) return reason;
      for (let at = span.fromMs; at < span.toMs; at += STEP_MS['5m'])
        this.#days.add(dayOf(at, this.#options.zoneOffsetMs));
      if (this.#ending.signal.aborted) return undefined;
    }
    this.#touched.remove(isSettled);
    return undefined;
  }

  async #computeDays(): Promise<string | undefined> {
    const closed = [...this.#days].filter(
      (startMs) => startMs + DAY_MS + DAY_CLOSED_AFTER_MS <= this.#nowMs() || startMs > this.#nowMs(),
    );
    for (const fromMs of closed.sort((a, b) => a - b)) {
      const reason = await this.#compute('1d', { fromMs, toMs: fromMs + DAY_MS });
      if (reason !== undefined) return reason;
      this.#days.delete(fromMs);
      if (this.#ending.signal.aborted) return undefined;
    }
    return undefined;
  }

  async #compute(tier: '5m' | '1d', span: TouchedSpan): Promise<string | undefined> {
    const { store, zoneOffsetMs } = this.#options;
    const outcome = await store.rollups.recompute({ tier, ...span, zoneOffsetMs });
    return outcome.outcome === 'accepted' ? undefined : outcome.reason;
  }

  async #moveOn(): Promise<void> {
    const { journal, store, zoneOffsetMs } = this.#options;
    const waitsFor = this.#touched.firstEntry();
    const cursor = waitsFor === undefined ? this.#position : waitsFor - 1;
    if (cursor !== this.#cursor) await journal.moveCursor(`rollups:${this.#place}`, cursor);
    this.#cursor = cursor;
    const nowMs = this.#nowMs();
    const done = Number.isFinite(this.#newestMs) ? windowOf(this.#newestMs) + STEP_MS['5m'] : this.#newestMs;
    this.#rolledUpToMs = Math.min(this.#touched.earliest(nowMs - CHARTS_LOOK_BACK_MS) ?? done, done);
    const dayStarts = [dayOf(this.#rolledUpToMs, zoneOffsetMs), ...this.#days];
    store.rollups.mark({
      rawFromMs: nowMs - KEPT_MS.raw,
      fiveMinutesFromMs: nowMs - KEPT_MS['5m'],
      fiveMinutesToMs: this.#rolledUpToMs,
      daysToMs: Math.min(...dayStarts),
      zoneOffsetMs,
    });
  }

  /** A clock that jumps ahead by years makes nothing old: what is newest was written not long ago. */
  #nowMs(): number {
    const nowMs = this.#options.clock.nowMs();
    return Number.isFinite(this.#newestMs) ? Math.min(nowMs, this.#newestMs + 60 * DAY_MS) : nowMs;
  }
}
