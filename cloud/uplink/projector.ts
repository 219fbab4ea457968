import { setTimeout as wait } from 'node:timers/promises';
import {
  type HarvestRecord,
  isRecordPayload,
  isUndated,
  type JournalRecord,
  parseReadings,
  parseRecord,
} from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { EntryStore, StoredEntry } from './entry-store.ts';
import { Overtaken } from './overtaken.ts';
import { projectReadings } from './project-readings.ts';
import { projectHarvest, projectRecord } from './project-records.ts';
import type { JournaledReading } from './summaries.ts';
import { datedGateways, dateOrHold, noteUnreadable, projectDated } from './undated.ts';

export interface ProjectorOptions {
  readonly db: Kysely<Schema>;
  readonly entries: EntryStore;
  /** JSON of the season that a harvest closes; everything before the harvest's entry is projected by then. */
  readonly seasonOf: (gateway: string, entry: StoredEntry, harvest: HarvestRecord) => Promise<string>;
  /** Called after rows of this gateway may have changed. */
  readonly onProjected?: (gateway: string) => void;
  readonly logger: Logger;
  /** Entries in one transaction. */
  readonly batchSize?: number;
  /** Gateways at the same time; 1 unless told otherwise, which is all that one connection allows. */
  readonly atOnce?: number;
}

/** How long another process's transaction may take before it is looked at again. */
const OVERTAKEN_MS = 100;

/**
 * Makes rows of entries: each entry exactly once, because a cursor moves in the transaction that writes its rows. When
 * the records are lost, or an older copy is restored, it goes on from the cursor it finds there.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #woken = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<string>();
  readonly #lanes = new Set<Promise<void>>();
  /** Lanes that still look for more. */
  #working = 0;

  constructor(options: ProjectorOptions) {
    this.#options = options;
  }

  /** Looks for entries that are not projected yet: of before the start, or of a worker that died. */
  async start(): Promise<void> {
    const { db, entries } = this.#options;
    const cursors = await db.selectFrom('projection_cursors').selectAll().execute();
    const projected = new Map(cursors.map((row) => [row.gateway_id, row.projected_up_to]));
    for (const { gateway, number } of await entries.heads())
      if (number > (projected.get(gateway) ?? 0)) this.wake(gateway);
    for (const gateway of await datedGateways(db)) this.wake(gateway);
  }

  /** There are new entries of this gateway. */
  wake(gateway: string): void {
    if (this.#stopping.signal.aborted) return;
    this.#woken.add(gateway);
    if (this.#working >= (this.#options.atOnce ?? 1)) return;
    this.#working += 1;
    const lane = this.#run().finally(() => this.#lanes.delete(lane));
    this.#lanes.add(lane);
  }

  /** Resolves when everything that was there is projected; for tests and for closing. */
  async idle(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  async #run(): Promise<void> {
    // Let the caller, who may be about to answer a gateway, go first.
    await new Promise((resolve) => setImmediate(resolve));
    let [pauseMs, overtaken] = [0, 0];
    for (;;) {
      const gateway = this.#next();
      if (gateway === undefined) {
        // In the same moment as it found nothing, or whoever is woken next would find nobody at work.
        this.#working -= 1;
        return;
      }
      try {
        if (await this.#step(gateway)) this.#woken.add(gateway);
        this.#options.onProjected?.(gateway);
        pauseMs = 0;
        overtaken = 0;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#woken.add(gateway);
        if (error instanceof Overtaken) {
          overtaken += 1;
          // Others first; when all are in other hands, there is nothing to do for a moment.
          if (overtaken >= this.#woken.size) await this.#pause(OVERTAKEN_MS);
          continue;
        }
        this.#options.logger.error({ err: error, gateway }, 'projection waits');
        pauseMs = Math.min(30_000, Math.max(500, pauseMs * 2));
        await this.#pause(pauseMs);
      } finally {
        this.#underWay.delete(gateway);
      }
    }
  }

  /** Undefined when there is nothing that another lane is not at already; that one goes on with it. */
  #next(): string | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    for (const gateway of this.#woken) {
      if (this.#underWay.has(gateway)) continue;
      this.#woken.delete(gateway);
      this.#underWay.add(gateway);
      return gateway;
    }
    return undefined;
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  /** One transaction further. False when nothing is left of this gateway. */
  async #step(gateway: string): Promise<boolean> {
    const { db, entries, batchSize = 200 } = this.#options;
    if (await this.#projectDated(gateway, batchSize)) return true;
    const cursor = await cursorOf(db, gateway);
    const read = await entries.read(gateway, cursor, batchSize);
    const batch = untilTurn(read.map(readEntry));
    if (batch.length === 0) return false;
    try {
      await this.#project(gateway, cursor, batch);
    } catch (error) {
      if (!isDataProblem(error)) throw error;
      let passed = cursor;
      for (const entry of batch) {
        await this.#projectOrPass(gateway, passed, entry);
        passed = entry.stored.number;
      }
    }
    // After a clock record comes what it dates. What arrived meanwhile has woken us.
    const isDating = batch.at(-1)?.record?.kind === 'clock';
    return read.length >= batchSize || batch.length < read.length || isDating;
  }

  async #projectDated(gateway: string, limit: number): Promise<boolean> {
    try {
      return await projectDated(this.#options, gateway, limit);
    } catch (error) {
      if (!isDataProblem(error)) throw error;
      if (limit > 1) return this.#projectDated(gateway, 1);
      return projectDated(this.#options, gateway, 1, String((error as Error).message));
    }
  }

  /** What the database cannot hold (a number too large for its column, a NUL in a text) stops nothing. */
  async #projectOrPass(gateway: string, cursor: number, entry: ReadEntry): Promise<void> {
    try {
      await this.#project(gateway, cursor, [entry]);
    } catch (error) {
      if (!isDataProblem(error)) throw error;
      const problem = String((error as Error).message).slice(0, 500);
      await this.#project(gateway, cursor, [{ stored: entry.stored, problem }]);
    }
  }

  async #project(gateway: string, cursor: number, batch: readonly ReadEntry[]): Promise<void> {
    const { db, seasonOf } = this.#options;
    const [first] = batch;
    const harvest = first?.record?.kind === 'harvest' ? first.record : undefined;
    // Before the transaction: it may read a whole day of entries, and the embedded engine has one connection.
    const season = first && harvest ? await seasonOf(gateway, first.stored, harvest) : '';
    await db.transaction().execute(async (trx) => {
      // Not their count: one thinned entry may stand for many.
      await moveCursor(trx, gateway, cursor, batch.at(-1)?.stored.number ?? cursor);
      if (first && harvest) await projectHarvest(trx, gateway, first.stored.number, harvest, season);
      else await projectBatch(trx, gateway, batch);
    });
  }
}

/** An entry with what its payload says, or why that cannot be read. */
interface ReadEntry {
  readonly stored: StoredEntry;
  readonly readings?: readonly JournaledReading[];
  readonly record?: JournalRecord;
  readonly problem?: string;
}

function readEntry(stored: StoredEntry): ReadEntry {
  try {
    if (isRecordPayload(stored.payload)) return { stored, record: parseRecord(stored.payload) };
    const entry = stored.number;
    return { stored, readings: parseReadings(stored.payload).map((reading) => ({ reading, entry })) };
  } catch (error) {
    return { stored, problem: (error as Error).message };
  }
}

/**
 * A harvest is a step of its own: its season is worked out from the rows of everything before it. After a clock record
 * comes what it dates, before anything that arrived later.
 */
function untilTurn(entries: readonly ReadEntry[]): readonly ReadEntry[] {
  const at = entries.findIndex(({ record }) => record?.kind === 'harvest' || record?.kind === 'clock');
  if (at < 0) return entries;
  return entries.slice(0, entries[at]?.record?.kind === 'clock' ? at + 1 : Math.max(1, at));
}

async function projectBatch(trx: Kysely<Schema>, gateway: string, batch: readonly ReadEntry[]) {
  let readings: JournaledReading[] = [];
  for (const { stored, record, readings: more = [], problem } of batch) {
    readings.push(...(isUndated(stored.payload) ? await dateOrHold(trx, gateway, stored, more) : more));
    if (record?.kind === 'layout') {
      await projectReadings(trx, gateway, readings);
      readings = [];
    }
    if (record !== undefined) await projectRecord(trx, gateway, stored.number, record);
    if (problem !== undefined) await noteUnreadable(trx, gateway, stored.number, problem);
  }
  await projectReadings(trx, gateway, readings);
}

/** Number of the newest projected entry, 0 before the first. */
async function cursorOf(db: Kysely<Schema>, gateway: string): Promise<number> {
  const row = await db
    .selectFrom('projection_cursors')
    .select('projected_up_to')
    .where('gateway_id', '=', gateway)
    .executeTakeFirst();
  return row?.projected_up_to ?? 0;
}

async function moveCursor(trx: Kysely<Schema>, gateway: string, from: number, to: number): Promise<void> {
  await trx
    .insertInto('projection_cursors')
    .values({ gateway_id: gateway, projected_up_to: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  // Whoever holds the row is at work on this gateway; waiting for it would keep us from the others.
  const held = await trx
    .selectFrom('projection_cursors')
    .select('projected_up_to')
    .where('gateway_id', '=', gateway)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (held === undefined) throw new Overtaken(gateway);
  const { numUpdatedRows } = await trx
    .updateTable('projection_cursors')
    .set({ projected_up_to: to })
    .where('gateway_id', '=', gateway)
    .where('projected_up_to', '=', from)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new Overtaken(gateway);
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint): the same entry would fail for ever. */
function isDataProblem(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  const bySqlState = typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
  return bySqlState || error instanceof RangeError || error instanceof SyntaxError;
}
