import {
  type HarvestRecord,
  isRecordPayload,
  type MetricName,
  metrics,
  observedAtMs,
  parseReadings,
} from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { EntryStore, StoredEntry } from '../uplink/entry-store.ts';
import {
  DAY_MS,
  fromMicro,
  isCounter,
  type JournaledReading,
  micro,
  type SeriesKey,
  summarise,
} from '../uplink/summaries.ts';

/** What buyers and agronomists ask of a season, and whose devices tell: the plot's own, or the whole farm's too. */
const seasonMetrics = {
  soil_moisture: 'plot',
  soil_temperature: 'plot',
  soil_ec: 'plot',
  air_temperature: 'farm',
  relative_humidity: 'farm',
  rain: 'farm',
  solar_radiation: 'farm',
  water_ec: 'farm',
  water_ph: 'farm',
} as const satisfies Partial<Record<MetricName, 'plot' | 'farm'>>;

/** A counter tells how much came; any other metric its mean and extremes. `flagged` readings are not in them. */
interface SeasonFigures {
  readonly count: number;
  readonly flagged: number;
  readonly unit: string;
  readonly mean?: number;
  readonly min?: number;
  readonly max?: number;
  readonly total?: number;
}

/**
 * A plot's season in figures: of the readings observed from its start up to the harvest, as far as the gateway had
 * journaled them when it journaled the harvest. So it follows from the entries 1 … lastEntry alone, and whoever has
 * them works out the same figures.
 */
export interface Season {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly gatewayId: string;
  readonly firstEntry: number;
  /** The harvest's own entry, with its place in the gateway's chain. */
  readonly lastEntry: number;
  readonly lastEntryHash: string;
  readonly lastEntrySignature: string;
  readonly irrigation: {
    readonly runs: number;
    /** Of the runs whose meter gave a figure. */
    readonly measuredLitres: number;
    readonly unmeasuredRuns: number;
  };
  readonly readings: { readonly [metric: string]: SeasonFigures };
}

export interface SeasonSource {
  readonly db: Kysely<Schema>;
  readonly entries: EntryStore;
}

type DayRow = Schema['reading_days'];

/** Every entry before the harvest's must be projected, and none after it. */
export async function seasonOf(
  source: SeasonSource,
  gateway: string,
  entry: StoredEntry,
  harvest: HarvestRecord,
): Promise<Season> {
  const rows = await seasonRows(source, gateway, harvest);
  const runs = await seasonRuns(source.db, gateway, harvest);
  const measured = runs.map((run) => run.measured_litres).filter((litres) => litres !== null);
  const sources = [...rows.map((row) => row.first_entry), ...runs.map((run) => run.entry_number)];
  return {
    startedAtMs: harvest.seasonStartedAtMs,
    endedAtMs: harvest.atMs,
    gatewayId: gateway,
    firstEntry: sources.reduce((least, number) => Math.min(least, number), entry.number),
    lastEntry: entry.number,
    lastEntryHash: entry.hash,
    lastEntrySignature: entry.signature,
    irrigation: {
      runs: runs.length,
      measuredLitres: Math.round(measured.reduce((sum, litres) => sum + litres, 0) * 1000) / 1000,
      unmeasuredRuns: runs.length - measured.length,
    },
    readings: figuresByMetric(rows),
  };
}

function seasonRuns(db: Kysely<Schema>, gateway: string, harvest: HarvestRecord) {
  return db
    .selectFrom('irrigation_runs')
    .select(['measured_litres', 'entry_number'])
    .where('gateway_id', '=', gateway)
    .where('plot_id', '=', harvest.plot)
    .where('started_at_ms', '>=', harvest.seasonStartedAtMs)
    .where('started_at_ms', '<=', harvest.atMs)
    .orderBy('entry_number')
    .execute();
}

/** Whole days as they were summed up; of the first and the last day only the readings that belong to the season. */
async function seasonRows({ db, entries }: SeasonSource, gateway: string, harvest: HarvestRecord) {
  const firstDay = Math.floor(harvest.seasonStartedAtMs / DAY_MS);
  const lastDay = Math.floor(harvest.atMs / DAY_MS);
  const rows = await db
    .selectFrom('reading_days')
    .selectAll()
    .where('gateway_id', '=', gateway)
    .where('plot_id', 'in', [harvest.plot, ''])
    .where('metric', 'in', Object.keys(seasonMetrics))
    .where('day', '>=', firstDay)
    .where('day', '<=', lastDay)
    .execute();
  const told = rows.filter((row) => row.plot_id !== '' || seasonMetrics[metricOf(row)] === 'farm');
  const whole = told.filter((row) => row.day > firstDay && row.day < lastDay);
  const cut = told.filter((row) => row.day === firstDay || row.day === lastDay);
  return [...whole, ...(await cutRows(entries, gateway, cut, harvest))];
}

const metricOf = (row: Pick<DayRow, 'metric'>) => row.metric as keyof typeof seasonMetrics;

/** The same rows, summed up anew from the entries, without what lies outside the season. */
async function cutRows(
  entries: EntryStore,
  gateway: string,
  rows: readonly DayRow[],
  harvest: HarvestRecord,
): Promise<DayRow[]> {
  const readings = await readingsBehind(entries, gateway, rows);
  const kept = readings.filter(({ reading }) => {
    const at = observedAtMs(reading);
    return at >= harvest.seasonStartedAtMs && at <= harvest.atMs;
  });
  const whole = new Map(summarise(readings).map((summary) => [keyOfSummary(summary), summary]));
  const firstDay = Math.floor(harvest.seasonStartedAtMs / DAY_MS);
  return summarise(kept).flatMap((summary) => {
    const row = rows.find((one) => keyOfRow(one) === keyOfSummary(summary));
    if (row === undefined) return [];
    // Of a later day only the end is cut off: the rise from the day before into it stays.
    const cutOff = (whole.get(keyOfSummary(summary))?.increaseMicro ?? 0n) - summary.increaseMicro;
    const increase = row.day === firstDay ? summary.increaseMicro : BigInt(row.increase_micro) - cutOff;
    return [
      {
        ...row,
        ...{ count: summary.count, flagged: summary.flagged, min: summary.min, max: summary.max },
        ...{ first_entry: summary.firstEntry, last_entry: summary.lastEntry },
        ...{ sum_micro: String(summary.sumMicro), increase_micro: String(increase) },
      },
    ];
  });
}

/** The readings that these daily rows were made of. */
async function readingsBehind(entries: EntryStore, gateway: string, rows: readonly DayRow[]) {
  const byKey = new Map(rows.map((row) => [keyOfRow(row), row]));
  const readings: JournaledReading[] = [];
  const last = Math.max(...rows.map((row) => row.last_entry));
  for (let after = Math.min(...rows.map((row) => row.first_entry)) - 1; after < last; ) {
    const batch = await entries.read(gateway, after, 100);
    for (const journaled of batch.flatMap(readingsOf)) {
      const { reading, entry } = journaled;
      const day = Math.floor(observedAtMs(reading) / DAY_MS);
      const row = byKey.get(keyOfSummary({ ...reading, day }));
      if (row !== undefined && entry >= row.first_entry && entry <= row.last_entry) readings.push(journaled);
    }
    after = batch.at(-1)?.number ?? last;
    // A long day is read in pieces, so that gateways and people are answered meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return readings;
}

function keyOfRow({ device_id, metric, channel, day }: DayRow): string {
  return JSON.stringify([device_id, metric, channel, day]);
}

function keyOfSummary({ device, metric, channel, day }: SeriesKey): string {
  return JSON.stringify([device, metric, channel, day]);
}

function readingsOf({ number, payload }: StoredEntry): JournaledReading[] {
  if (isRecordPayload(payload)) return [];
  try {
    return parseReadings(payload).map((reading) => ({ reading, entry: number }));
  } catch {
    // The projector has passed over this entry too.
    return [];
  }
}

function figuresByMetric(rows: readonly DayRow[]): Record<string, SeasonFigures> {
  const names = [...new Set(rows.map(metricOf))].sort();
  return Object.fromEntries(names.map((name) => [name, figures(name, rowsOf(rows, name))]));
}

const rowsOf = (rows: readonly DayRow[], name: string) => rows.filter((row) => row.metric === name);

function figures(name: keyof typeof seasonMetrics, rows: readonly DayRow[]): SeasonFigures {
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const flagged = rows.reduce((sum, row) => sum + row.flagged, 0);
  const told = { count, flagged, unit: metrics[name].unit };
  if (count === 0) return told;
  if (isCounter(name)) return { ...told, total: fromMicro(total(rows, 'increase_micro')) };
  return {
    ...told,
    mean: fromMicro(total(rows, 'sum_micro') / BigInt(count)),
    min: rounded(Math.min(...rows.flatMap((row) => row.min ?? []))),
    max: rounded(Math.max(...rows.flatMap((row) => row.max ?? []))),
  };
}

/** To millionths, like the mean. */
function rounded(value: number): number {
  return fromMicro(micro(value));
}

function total(rows: readonly DayRow[], column: 'sum_micro' | 'increase_micro'): bigint {
  return rows.reduce((sum, row) => sum + BigInt(row[column]), 0n);
}
