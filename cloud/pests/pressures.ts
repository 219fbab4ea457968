import type { PestPressureRecord } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** More than a trap can hold; what is above would be handed to other farms. */
const MOST_PER_TRAP_PER_DAY = 1_000_000;
const LONGEST_PEST = 64;

/**
 * Writes one farm's pressure of one pest. Throws a RangeError on what no answer to another farm could hold, so that the entry is
 * kept, told among the unprojected and passed over.
 */
export async function projectPestPressure(
  trx: Kysely<Schema>,
  gateway: string,
  entry: number,
  record: PestPressureRecord,
): Promise<void> {
  const { pest, date, atMs, perTrapPerDay, traps, trapDays, latitude, longitude } = record;
  const problem = problemOf(record);
  if (problem !== undefined) throw new RangeError(`pest_pressure: ${problem}`);
  const isPlaced = latitude !== undefined && longitude !== undefined;
  const row = {
    ...{ entry_number: entry, at_ms: atMs, per_trap_per_day: perTrapPerDay, traps, trap_days: trapDays },
    ...(isPlaced ? { latitude, longitude } : { latitude: null, longitude: null }),
  };
  await trx
    .insertInto('pest_pressures')
    .values({ gateway_id: gateway, pest, date, ...row })
    .onConflict((conflict) => conflict.columns(['gateway_id', 'pest', 'date']).doUpdateSet(row))
    .execute();
}

function problemOf({ pest, date, perTrapPerDay }: PestPressureRecord): string | undefined {
  if (pest.length === 0 || pest.length > LONGEST_PEST) return `pest has ${pest.length} characters`;
  if (!isDate(date)) return `date ${date} is none of the calendar`;
  if (perTrapPerDay > MOST_PER_TRAP_PER_DAY)
    return `perTrapPerDay ${perTrapPerDay} is more than a trap holds`;
  return undefined;
}

function isDate(date: string): boolean {
  const atMs = Date.parse(`${date}T00:00:00Z`);
  return Number.isFinite(atMs) && new Date(atMs).toISOString().startsWith(date);
}
