import { dateReading, isRecordPayload, isUndated, parseReadings, quality } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { EntryStore, StoredEntry } from './entry-store.ts';
import { Overtaken } from './overtaken.ts';
import { projectReadings } from './project-readings.ts';
import type { JournaledReading } from './summaries.ts';

/**
 * Readings that a gateway sent before it knew what time it was. They wait, by the number of their entry, until a clock
 * record dates their boot; what comes after them is projected meanwhile. They are placed by the layout in force then.
 */

/** Readings of an entry that can be projected now; the others are noted down. */
export async function dateOrHold(
  trx: Kysely<Schema>,
  gateway: string,
  { number, bootId }: StoredEntry,
  readings: readonly JournaledReading[],
): Promise<readonly JournaledReading[]> {
  const shiftMs = await shiftOf(trx, gateway, bootId);
  if (shiftMs !== undefined) return dated(readings, shiftMs);
  const row = { gateway_id: gateway, entry_number: number, boot_id: bootId };
  await trx
    .insertInto('undated_entries')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return readings.filter((one) => !isUncertain(one));
}

/**
 * Projects some of what is dated by now, in one transaction. False when there is nothing. `problem`: why that failed
 * before; then it is noted down instead.
 */
export async function projectDated(
  { db, entries }: { readonly db: Kysely<Schema>; readonly entries: EntryStore },
  gateway: string,
  limit: number,
  problem?: string,
): Promise<boolean> {
  const waiting = await db
    .selectFrom('undated_entries')
    .innerJoin('dated_boots', (join) =>
      join
        .onRef('dated_boots.gateway_id', '=', 'undated_entries.gateway_id')
        .onRef('dated_boots.boot_id', '=', 'undated_entries.boot_id'),
    )
    .select(['undated_entries.entry_number', 'dated_boots.shift_ms'])
    .where('undated_entries.gateway_id', '=', gateway)
    .orderBy('undated_entries.entry_number')
    .limit(limit)
    .execute();
  if (waiting.length === 0) return false;
  const readings: JournaledReading[] = [];
  for (const { entry_number: number, shift_ms: shiftMs } of waiting) {
    const [stored] = await entries.read(gateway, number - 1, 1);
    if (stored?.number === number) readings.push(...dated(uncertainOf(stored), shiftMs));
  }
  await db.transaction().execute(async (trx) => {
    const numbers = waiting.map((row) => row.entry_number);
    const { numDeletedRows } = await trx
      .deleteFrom('undated_entries')
      .where('gateway_id', '=', gateway)
      .where('entry_number', 'in', numbers)
      .executeTakeFirstOrThrow();
    if (numDeletedRows !== BigInt(numbers.length)) throw new Overtaken(gateway);
    if (problem === undefined) await projectReadings(trx, gateway, readings);
    else for (const number of numbers) await noteUnreadable(trx, gateway, number, problem);
  });
  return true;
}

/** Gateways with readings that wait although their boot is dated: the process that dated it died. */
export async function datedGateways(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db
    .selectFrom('undated_entries')
    .innerJoin('dated_boots', (join) =>
      join
        .onRef('dated_boots.gateway_id', '=', 'undated_entries.gateway_id')
        .onRef('dated_boots.boot_id', '=', 'undated_entries.boot_id'),
    )
    .select('undated_entries.gateway_id')
    .distinct()
    .execute();
  return rows.map((row) => row.gateway_id);
}

/** An entry that this version cannot read or store: kept in the entry store, passed over here. */
export async function noteUnreadable(trx: Kysely<Schema>, gateway: string, entry: number, problem: string) {
  const reason = problem.replaceAll('\0', '').slice(0, 500);
  const row = { gateway_id: gateway, entry_number: entry, reason };
  await trx
    .insertInto('unprojected_entries')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function shiftOf(trx: Kysely<Schema>, gateway: string, bootId: string): Promise<number | undefined> {
  const row = await trx
    .selectFrom('dated_boots')
    .select('shift_ms')
    .where('gateway_id', '=', gateway)
    .where('boot_id', '=', bootId)
    .executeTakeFirst();
  return row?.shift_ms;
}

function dated(readings: readonly JournaledReading[], shiftMs: number): JournaledReading[] {
  return readings.map(({ reading, entry }) => ({ reading: dateReading(reading, shiftMs), entry }));
}

function uncertainOf({ number, payload }: StoredEntry): JournaledReading[] {
  if (isRecordPayload(payload) || !isUndated(payload)) return [];
  return parseReadings(payload)
    .map((reading) => ({ reading, entry: number }))
    .filter(isUncertain);
}

function isUncertain({ reading }: JournaledReading): boolean {
  return (reading.quality & quality.clockUncertain) !== 0;
}
