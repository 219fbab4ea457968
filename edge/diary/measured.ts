import type { JournalRecord, Reason } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { nutrientsOf } from '../fertigation/nutrient-ledger.ts';
import { dateText, localDay, timeText } from '../irrigation/programs/calendar.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

/** Kinds of journal records that entries are made of. */
export const measuredKinds = ['run', 'dose', 'alarm', 'weather_hour'] as const;
type MeasuredKind = (typeof measuredKinds)[number];
export interface Numbered<K extends JournalRecord['kind'] = MeasuredKind> {
  readonly number: number;
  readonly record: RecordOf<K>;
}

/**
 * An entry that wrote itself. It is reckoned from journal records whenever somebody asks and stands nowhere else, so that it
 * cannot disagree with them; nobody can change it.
 */
export interface MeasuredEntry {
  /** 'run:…', 'dose:…', 'alarm:…', 'weather:2026-11-23'. */
  readonly entryId: string;
  readonly entryKind: 'watering' | 'dosing' | 'alarm' | 'weather';
  /** By the farm's calendar, YYYY-MM-DD and HH:MM. */
  readonly date: string;
  readonly startTime: string;
  /** Null: it has not ended, or nobody saw it end. */
  readonly endTime: string | null;
  readonly plot: string | null;
  readonly zone: string | null;
  /** Null: not measured. Units stand in the names. */
  readonly figures: Readonly<Record<string, string | number | null>>;
  readonly reason: Reason | null;
  /** Numbers of the journal entries that it is made of. */
  readonly journalEntries: readonly number[];
}

/** Entries of all records, the earliest first. One that began before the first record is left out: it is of another day. */
export function measuredEntries(
  records: readonly Numbered[],
  farm: Pick<Farm, 'plots' | 'timeZone'>,
): MeasuredEntry[] {
  const timeZone = farm.timeZone ?? 'Asia/Ho_Chi_Minh';
  const entries = [
    ...ofKind(records, 'run').flatMap((run) => wateringEntry(run, farm, timeZone)),
    ...ofKind(records, 'dose').flatMap((dose) => dosingEntries(dose, timeZone)),
    ...grouped(ofKind(records, 'alarm'), ({ record }) => record.alarmId).flatMap((its) =>
      alarmEntry(its, farm, timeZone),
    ),
    ...grouped(ofKind(records, 'weather_hour'), ({ record }) =>
      dateText(localDay(timeZone, record.startMs)),
    ).map((hours) => weatherEntry(hours, timeZone)),
  ];
  const order = ({ date, startTime, entryId }: MeasuredEntry) => `${date} ${startTime} ${entryId}`;
  return entries.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** A run that never began (too late when it could) watered nothing and is none. */
function wateringEntry({ number, record }: Numbered<'run'>, farm: Pick<Farm, 'plots'>, timeZone: string) {
  if (record.outcome === 'expired') return [];
  const { runId, zone, startedAtMs, actualSeconds, measuredLitres, plannedLitres, outcome, reason } = record;
  const minutes = actualSeconds === null ? null : round(actualSeconds / 60);
  return [
    {
      ...{ entryId: `run:${runId}`, entryKind: 'watering' as const },
      ...when(timeZone, startedAtMs),
      endTime: actualSeconds === null ? null : timeText(timeZone, record.endedAtMs),
      ...{ plot: plotOf(farm, zone), zone },
      figures: {
        litres: measuredLitres === null ? null : round(measuredLitres),
        ...{ minutes, plannedLitres: round(plannedLitres), outcome, proof: record.proof ?? null },
      },
      ...{ reason, journalEntries: [number] },
    },
  ];
}

/** A dose, zone by zone: what of it each got. One that gave nothing is none. */
function dosingEntries({ number, record }: Numbered<'dose'>, timeZone: string): MeasuredEntry[] {
  const { doseId, zones, tanks, recipe, startedAtMs, endedAtMs, ec, ph, isUpperBound, why } = record;
  const stock = tanks.reduce((sum, { millilitres }) => sum + millilitres, 0);
  if (stock <= 0) return [];
  const { N, P2O5, K2O } = nutrientsOf(tanks);
  return zones.map(({ zone, plot, share, litres }) => ({
    ...{ entryId: `dose:${doseId}:${zone}`, entryKind: 'dosing' as const },
    ...when(timeZone, startedAtMs),
    endTime: isUpperBound ? null : timeText(timeZone, endedAtMs),
    ...{ plot: plot === '' ? null : plot, zone },
    figures: {
      ...{
        recipe,
        litres: isUpperBound ? null : round(litres),
        stockLitres: hundredth((stock * share) / 1000),
      },
      nitrogenKg: hundredth(N * share),
      phosphateKg: hundredth(P2O5 * share),
      potashKg: hundredth(K2O * share),
      ...{ ec: ec === null ? null : hundredth(ec), ph: ph === null ? null : hundredth(ph) },
      isUpperBound: isUpperBound ? 'yes' : 'no',
    },
    ...{ reason: why, journalEntries: [number] },
  }));
}

/** From when it became active to when it was over; who has seen it in between. */
function alarmEntry(its: readonly Numbered<'alarm'>[], farm: Pick<Farm, 'plots'>, timeZone: string) {
  const first = its.find(({ record }) => record.state === 'active');
  if (first === undefined) return [];
  const cleared = its.find(({ record, number }) => record.state === 'cleared' && number > first.number);
  const seen = its.find(({ record }) => record.state === 'acknowledged');
  const { alarmId, atMs, severity, source, reason } = first.record;
  const end = cleared === undefined ? null : when(timeZone, cleared.record.atMs);
  const zone = farm.plots.flatMap(({ zones }) => zones).some(({ id }) => id === source) ? source : null;
  return [
    {
      ...{ entryId: `alarm:${alarmId}`, entryKind: 'alarm' as const },
      ...when(timeZone, atMs),
      endTime: end?.startTime ?? null,
      ...{ plot: zone === null ? null : plotOf(farm, zone), zone },
      figures: {
        ...{ severity, source, endDate: end?.date ?? null },
        acknowledgedBy: (seen?.record.reason.figures.acknowledgedBy as string | undefined) ?? null,
      },
      ...{ reason, journalEntries: its.map(({ number }) => number) },
    },
  ];
}

/** A day of the farm's weather station; an hour that was told twice counts as it was told last. */
function weatherEntry(hours: readonly Numbered<'weather_hour'>[], timeZone: string): MeasuredEntry {
  const last = [...new Map(hours.map((hour) => [hour.record.startMs, hour])).values()];
  const records = last.map(({ record }) => record);
  const startMs = Math.min(...records.map((hour) => hour.startMs));
  const air = records.flatMap(({ airTemperature }) => airTemperature ?? []);
  const humidity = records.flatMap(({ relativeHumidity }) => relativeHumidity ?? []);
  const known = (pick: (hour: RecordOf<'weather_hour'>) => number | null) =>
    records.flatMap((hour) => pick(hour) ?? []);
  const rain = known((hour) => hour.rain);
  const wind = known((hour) => hour.windSpeed);
  const { date, startTime } = when(timeZone, startMs);
  return {
    ...{ entryId: `weather:${date}`, entryKind: 'weather', date, startTime, endTime: null },
    ...{ plot: null, zone: null, reason: null },
    figures: {
      hours: records.length,
      airTemperatureMin: air.length === 0 ? null : round(Math.min(...air.map(({ min }) => min))),
      airTemperatureMax: air.length === 0 ? null : round(Math.max(...air.map(({ max }) => max))),
      relativeHumidityMean: mean(humidity.map((hour) => hour.mean)),
      rainMm: rain.length === 0 ? null : round(rain.reduce((sum, mm) => sum + mm, 0)),
      windSpeedMean: mean(wind),
    },
    journalEntries: last.map(({ number }) => number).sort((a, b) => a - b),
  };
}

function when(timeZone: string, atMs: number) {
  return { date: dateText(localDay(timeZone, atMs)), startTime: timeText(timeZone, atMs) };
}

function plotOf({ plots }: Pick<Farm, 'plots'>, zone: string): string | null {
  return plots.find(({ zones }) => zones.some(({ id }) => id === zone))?.id ?? null;
}

function ofKind<K extends MeasuredKind>(records: readonly Numbered[], kind: K): Numbered<K>[] {
  return records.filter((one): one is Numbered & Numbered<K> => one.record.kind === kind);
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : round(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Tenths: no meter and no station knows more. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
