import { setTimeout as wait } from 'node:timers/promises';
import { type SeriesStore, writeNarrowing } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { EntryStore, StoredEntry } from '../uplink/entry-store.ts';
import { seriesLines } from './lines.ts';

export interface SeriesWriterOptions {
  readonly db: Kysely<Schema>;
  readonly entries: Pick<EntryStore, 'read'>;
  readonly stores: { of(cooperative: string): SeriesStore };
  readonly logger: Logger;
  /** Waits before a store that is away is tried again; handed in by tests. Rejects when the signal fires. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Since the process started. */
export interface SeriesFigures {
  readonly lines: number;
  /** Lines that a store will never take; their entries are kept. */
  readonly refused: number;
  /** Gateways whose store does not take anything at the moment. */
  readonly waiting: number;
}

const ENTRIES_A_WRITE = 200;
const DATED_A_WRITE = 20;
/** InfluxDB is at its best with five to ten thousand. */
const LINES_A_WRITE = 10_000;
/** Gateways that are written at the same time: a store's answer is mostly waiting for its disk. */
const AT_A_TIME = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Brings readings into the series of their cooperative, with a cursor for each gateway and store. It follows the
 * projector, which knows what time it was for a gateway that did not, and never holds it up. Written again, a line changes
 * nothing: so a kill costs nothing, and nothing is locked against other processes that write the same.
 */
export class SeriesWriter {
  readonly #options: SeriesWriterOptions;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #woken = new Set<string>();
  /** Gateways that are being written, each with what became of it. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #stopping = new AbortController();
  #lines = 0;
  #refused = 0;

  constructor(options: SeriesWriterOptions) {
    this.#options = options;
    this.#pause = options.pause ?? ((ms, signal) => wait(ms, undefined, { signal }));
  }

  /** Looks for what is behind: of before the start, or of a process that died. */
  async start(): Promise<void> {
    const known = await this.#options.db.selectFrom('projection_cursors').select('gateway_id').execute();
    for (const { gateway_id: gateway } of known) this.wake(gateway);
  }

  /** There may be something new of this gateway. */
  wake(gateway: string): void {
    if (this.#stopping.signal.aborted || this.#waiting.get(gateway)?.isPaused) return;
    this.#woken.add(gateway);
    this.#next();
  }

  /** Resolves when nothing is left that could be written. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running.values());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#woken.clear();
    await this.idle();
  }

  figures(): SeriesFigures {
    return { lines: this.#lines, refused: this.#refused, waiting: this.#waiting.size };
  }

  #next(): void {
    for (const gateway of this.#woken) {
      if (this.#running.size >= AT_A_TIME) return;
      if (this.#running.has(gateway)) continue;
      this.#woken.delete(gateway);
      const run = this.#run(gateway).finally(() => {
        this.#running.delete(gateway);
        this.#next();
      });
      this.#running.set(gateway, run);
    }
  }

  /** Until this gateway is up to date. One whose store is away leaves its place to others while it waits. */
  async #run(gateway: string): Promise<void> {
    try {
      while (!this.#stopping.signal.aborted && (await this.#step(gateway)));
      this.#waiting.delete(gateway);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#later(gateway, error as Error);
    }
  }

  #later(gateway: string, error: Error): void {
    const before = this.#waiting.get(gateway);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, before === undefined ? FIRST_PAUSE_MS : before.pauseMs * 2);
    const told = { gateway, ...(error instanceof StoreWaits ? { reason: error.message } : { err: error }) };
    if (before?.reason !== error.message) this.#options.logger.warn(told, 'series wait');
    const waiting = { reason: error.message, pauseMs, isPaused: true };
    this.#waiting.set(gateway, waiting);
    this.#pause(pauseMs, this.#stopping.signal).then(
      () => {
        waiting.isPaused = false;
        this.wake(gateway);
      },
      () => {},
    );
  }

  /** One write further. False when nothing is left of this gateway. */
  async #step(gateway: string): Promise<boolean> {
    const { db, stores } = this.#options;
    const owner = await db
      .selectFrom('gateways')
      .select('cooperative_id')
      .where('gateway_id', '=', gateway)
      .executeTakeFirst();
    if (owner === undefined) return false;
    const store = stores.of(owner.cooperative_id);
    return (await this.#writeDated(gateway, store)) || (await this.#writeNext(gateway, store));
  }

  /** Entries that were passed before anything dated their boot. */
  async #writeDated(gateway: string, store: SeriesStore): Promise<boolean> {
    const { db, entries } = this.#options;
    const rows = await db
      .selectFrom('undated_series_entries as waiting')
      .innerJoin('dated_boots as boot', (join) =>
        join
          .onRef('boot.gateway_id', '=', 'waiting.gateway_id')
          .onRef('boot.boot_id', '=', 'waiting.boot_id'),
      )
      .select(['waiting.entry_number', 'boot.shift_ms'])
      .where('waiting.gateway_id', '=', gateway)
      .where('waiting.place', '=', store.place)
      .orderBy('waiting.entry_number')
      .limit(DATED_A_WRITE)
      .execute();
    if (rows.length === 0) return false;
    const lines: string[] = [];
    for (const { entry_number: number, shift_ms: shiftMs } of rows) {
      const [entry] = await entries.read(gateway, number - 1, 1);
      if (entry?.number === number) lines.push(...seriesLines(gateway, entry, shiftMs).lines);
    }
    await this.#write(store, gateway, lines);
    await db
      .deleteFrom('undated_series_entries')
      .where('gateway_id', '=', gateway)
      .where('place', '=', store.place)
      .where(
        'entry_number',
        'in',
        rows.map((row) => row.entry_number),
      )
      .execute();
    return true;
  }

  async #writeNext(gateway: string, store: SeriesStore): Promise<boolean> {
    const { projected, delivered } = await this.#progress(gateway, store.place);
    if (delivered >= projected) return false;
    const read = await this.#options.entries.read(gateway, delivered, ENTRIES_A_WRITE);
    const batch = read.filter(({ number }) => number <= projected);
    const shifts = await this.#shiftsOf(gateway, batch);
    const lines: string[] = [];
    const passed: StoredEntry[] = [];
    const undated: StoredEntry[] = [];
    for (const entry of batch) {
      const more = seriesLines(gateway, entry, shifts.get(entry.bootId));
      if (lines.length > 0 && lines.length + more.lines.length > LINES_A_WRITE) break;
      lines.push(...more.lines);
      passed.push(entry);
      if (more.isWaiting) undated.push(entry);
    }
    const last = passed.at(-1);
    if (last === undefined) return false;
    await this.#write(store, gateway, lines);
    await this.#pass(gateway, store.place, last.number, undated);
    return true;
  }

  async #progress(gateway: string, place: string): Promise<{ projected: number; delivered: number }> {
    const row = await this.#options.db
      .selectFrom('projection_cursors as projection')
      .leftJoin('series_cursors as series', (join) =>
        join.onRef('series.gateway_id', '=', 'projection.gateway_id').on('series.place', '=', place),
      )
      .select(['projection.projected_up_to', 'series.delivered_up_to'])
      .where('projection.gateway_id', '=', gateway)
      .executeTakeFirst();
    return { projected: row?.projected_up_to ?? 0, delivered: row?.delivered_up_to ?? 0 };
  }

  /** What dates the boots of these entries. */
  async #shiftsOf(gateway: string, batch: readonly StoredEntry[]): Promise<ReadonlyMap<string, number>> {
    const boots = await this.#options.db
      .selectFrom('dated_boots')
      .select(['boot_id', 'shift_ms'])
      .where('gateway_id', '=', gateway)
      .where('boot_id', 'in', [...new Set(batch.map((entry) => entry.bootId)), ''])
      .execute();
    return new Map(boots.map((row) => [row.boot_id, row.shift_ms]));
  }

  /** Throws StoreWaits when the store does not take them now. */
  async #write(store: SeriesStore, gateway: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    let reason = '';
    const isOver = await writeNarrowing(store, lines.join('\n'), {
      note: (outcome) => {
        reason = outcome.outcome === 'accepted' ? '' : outcome.reason;
      },
      refuse: (refused, words) => {
        this.#refused += refused.length;
        this.#options.logger.error({ gateway, lines: refused.length, words }, 'the series refuse lines');
      },
    });
    if (!isOver) throw new StoreWaits(reason);
    this.#lines += lines.length;
  }

  /** The cursor never goes back: another process may be further. */
  async #pass(gateway: string, place: string, to: number, undated: readonly StoredEntry[]): Promise<void> {
    await this.#options.db.transaction().execute(async (trx) => {
      if (undated.length > 0)
        await trx
          .insertInto('undated_series_entries')
          .values(
            undated.map(({ number, bootId }) => ({
              ...{ gateway_id: gateway, place, entry_number: number, boot_id: bootId },
            })),
          )
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      await trx
        .insertInto('series_cursors')
        .values({ gateway_id: gateway, place, delivered_up_to: to })
        .onConflict((conflict) =>
          conflict.columns(['gateway_id', 'place']).doUpdateSet({
            delivered_up_to: sql`greatest(series_cursors.delivered_up_to, excluded.delivered_up_to)`,
          }),
        )
        .execute();
    });
  }
}

/** A gateway whose store takes nothing. */
interface Waiting {
  readonly reason: string;
  readonly pauseMs: number;
  /** What comes meanwhile is written with the rest. */
  isPaused: boolean;
}

/** The store takes nothing now; in its own words. */
class StoreWaits extends Error {}
