import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import { keepLatest } from './latest-readings.ts';
import { isCounter, type JournaledReading, rise, type Summary, summarise } from './summaries.ts';

/** Adds readings to the daily rows, and keeps the newest of each series. They are placed by the layout in force, so call it before a new layout. */
export async function projectReadings(
  trx: Kysely<Schema>,
  gateway: string,
  readings: readonly JournaledReading[],
): Promise<void> {
  await keepLatest(trx, gateway, readings);
  const summaries = summarise(readings);
  if (summaries.length === 0) return;
  const places = await placesOf(trx, gateway);
  const rows: DayRow[] = [];
  // In order: a counter's first value of a day rises from the last one of the day before.
  for (const summary of summaries) {
    const row = rowOf(gateway, places.get(summary.device) ?? '', summary);
    rows.push({ ...row, increase_micro: String(await increaseOf(trx, row, summary, rows)) });
  }
  for (let from = 0; from < rows.length; from += ROWS_IN_ONE_INSERT) {
    await upsert(trx, rows.slice(from, from + ROWS_IN_ONE_INSERT));
  }
}

/** One statement carries at most 65,535 parameters (the protocol counts them in 16 bits), a row has 16 of them. */
const ROWS_IN_ONE_INSERT = 1000;

type DayRow = Schema['reading_days'];

async function placesOf(trx: Kysely<Schema>, gateway: string): Promise<Map<string, string>> {
  const query = trx.selectFrom('devices').select(['device_id', 'plot_id']).where('gateway_id', '=', gateway);
  return new Map((await query.execute()).map((row) => [row.device_id, row.plot_id]));
}

function rowOf(gateway: string, plot: string, summary: Summary): DayRow {
  return {
    gateway_id: gateway,
    plot_id: plot,
    device_id: summary.device,
    metric: summary.metric,
    channel: summary.channel,
    day: summary.day,
    count: summary.count,
    sum_micro: String(summary.sumMicro),
    min: summary.min,
    max: summary.max,
    increase_micro: '0',
    last: summary.last,
    last_good_entry: summary.lastGoodEntry,
    flagged: summary.flagged,
    first_entry: summary.firstEntry,
    last_entry: summary.lastEntry,
  };
}

/** Of a counter: how much it rose within the summary, and from the value before to the summary's first. */
async function increaseOf(
  trx: Kysely<Schema>,
  row: DayRow,
  { metric, first, firstEntry, increaseMicro }: Summary,
  pending: readonly DayRow[],
): Promise<bigint> {
  if (!isCounter(metric) || first === null) return increaseMicro;
  const before = pending.findLast(
    (other) =>
      other.last !== null &&
      other.device_id === row.device_id &&
      other.metric === row.metric &&
      other.channel === row.channel,
  );
  const newest = before ?? (await newestValue(trx, row));
  // Dated long after: what came later has risen from before these readings, and with that over all of them.
  if ((newest?.last_good_entry ?? 0) > firstEntry) return 0n;
  return increaseMicro + rise(newest?.last ?? null, first);
}

async function newestValue(
  trx: Kysely<Schema>,
  row: DayRow,
): Promise<Pick<DayRow, 'last' | 'last_good_entry'> | undefined> {
  return trx
    .selectFrom('reading_days')
    .select(['last', 'last_good_entry'])
    .where('gateway_id', '=', row.gateway_id)
    .where('device_id', '=', row.device_id)
    .where('metric', '=', row.metric)
    .where('channel', '=', row.channel)
    .where('last', 'is not', null)
    .orderBy('last_good_entry', 'desc')
    .orderBy('day', 'desc')
    .executeTakeFirst();
}

async function upsert(trx: Kysely<Schema>, rows: readonly DayRow[]): Promise<void> {
  await trx
    .insertInto('reading_days')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['gateway_id', 'plot_id', 'device_id', 'metric', 'channel', 'day'])
        .doUpdateSet(() => ({
          count: sql`reading_days.count + excluded.count`,
          sum_micro: sql`reading_days.sum_micro + excluded.sum_micro`,
          min: sql`least(reading_days.min, excluded.min)`,
          max: sql`greatest(reading_days.max, excluded.max)`,
          increase_micro: sql`reading_days.increase_micro + excluded.increase_micro`,
          // What was dated long after comes late: it is not the newest.
          last: sql`case when excluded.last_good_entry >= coalesce(reading_days.last_good_entry, 0)
            then excluded.last else reading_days.last end`,
          last_good_entry: sql`greatest(excluded.last_good_entry, reading_days.last_good_entry)`,
          flagged: sql`reading_days.flagged + excluded.flagged`,
          first_entry: sql`least(reading_days.first_entry, excluded.first_entry)`,
          last_entry: sql`greatest(reading_days.last_entry, excluded.last_entry)`,
        })),
    )
    .execute();
}
