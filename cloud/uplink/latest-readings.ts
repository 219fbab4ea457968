import { observedAtMs } from '@nongtin/broker/wire';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { JournaledReading } from './summaries.ts';

type Row = Schema['latest_readings'];

/** One statement carries at most 65,535 parameters (the protocol counts them in 16 bits), a row has 8 of them. */
const ROWS_IN_ONE_INSERT = 2000;

/** Keeps the newest reading of each series, flagged ones included; what comes late does not replace it. */
export async function keepLatest(
  trx: Kysely<Schema>,
  gateway: string,
  readings: readonly JournaledReading[],
): Promise<void> {
  const rows = newest(gateway, readings);
  for (let from = 0; from < rows.length; from += ROWS_IN_ONE_INSERT)
    await upsert(trx, rows.slice(from, from + ROWS_IN_ONE_INSERT));
}

function newest(gateway: string, readings: readonly JournaledReading[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { reading, entry } of readings) {
    const key = JSON.stringify([reading.device, reading.metric, reading.channel]);
    const observed_at_ms = observedAtMs(reading);
    if ((rows.get(key)?.observed_at_ms ?? Number.NEGATIVE_INFINITY) > observed_at_ms) continue;
    const { device: device_id, metric, channel, value, quality } = reading;
    rows.set(key, {
      ...{ gateway_id: gateway, device_id, metric, channel, value, quality },
      ...{ observed_at_ms, entry_number: entry },
    });
  }
  return [...rows.values()];
}

async function upsert(trx: Kysely<Schema>, rows: readonly Row[]): Promise<void> {
  await trx
    .insertInto('latest_readings')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['gateway_id', 'device_id', 'metric', 'channel'])
        .doUpdateSet(({ ref }) => ({
          value: ref('excluded.value'),
          quality: ref('excluded.quality'),
          observed_at_ms: ref('excluded.observed_at_ms'),
          entry_number: ref('excluded.entry_number'),
        }))
        .where(sql<boolean>`excluded.observed_at_ms >= latest_readings.observed_at_ms`),
    )
    .execute();
}
