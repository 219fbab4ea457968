import { metrics, observedAtMs, quality, type Reading } from '@nongtin/broker/wire';

export const DAY_MS = 86_400_000;
const MICRO = 1_000_000;

/** One device's metric on one day; the place is added by whoever knows the layout. */
export interface SeriesKey {
  readonly device: string;
  readonly metric: Reading['metric'];
  readonly channel: string;
  /** UTC, days since 1970. */
  readonly day: number;
}

/** Figures of some readings of one series, in journal order. Sums are millionths, so that adding is exact. */
export interface Summary extends SeriesKey {
  readonly count: number;
  readonly sumMicro: bigint;
  readonly min: number | null;
  readonly max: number | null;
  readonly first: number | null;
  readonly last: number | null;
  /** The entry that `last` came in. */
  readonly lastGoodEntry: number | null;
  /** Of a counter: how much it rose from `first` to `last`. */
  readonly increaseMicro: bigint;
  readonly flagged: number;
  readonly firstEntry: number;
  readonly lastEntry: number;
}

/** A reading and the number of the entry it came in. */
export interface JournaledReading {
  readonly reading: Reading;
  readonly entry: number;
}

/** Readings, in journal order, as one summary for each device, metric, channel and day. */
export function summarise(readings: Iterable<JournaledReading>): Summary[] {
  const summaries = new Map<string, Summary>();
  for (const { reading, entry } of readings) {
    // A raw field has no unit that could be added up.
    if (reading.metric === 'raw') continue;
    const day = Math.floor(observedAtMs(reading) / DAY_MS);
    const key = JSON.stringify([reading.device, reading.metric, reading.channel, day]);
    const before = summaries.get(key) ?? empty({ ...reading, day }, entry);
    summaries.set(key, isGood(reading) ? withGood(before, reading, entry) : withFlagged(before, entry));
  }
  return [...summaries.values()];
}

/** Flags that say nothing against the value: a battery that is nearly empty, a counter that began anew. */
const HARMLESS = quality.lowBattery | quality.counterReset;

/** Trusted for a summary: no flag against it, and a value this metric can have, whatever the gateway says. */
function isGood({ quality: bits, metric, value }: Reading): boolean {
  return (bits & ~HARMLESS) === 0 && value >= metrics[metric].min && value <= metrics[metric].max;
}

/**
 * How much a counter rose between two of its values, in millionths. A smaller value means that it began anew from
 * zero; without a value before there is no rise to tell.
 */
export function rise(before: number | null, now: number): bigint {
  if (before === null) return 0n;
  return now >= before ? micro(now) - micro(before) : micro(now);
}

export function micro(value: number): bigint {
  return BigInt(Math.round(value * MICRO));
}

/** Millionths as a number of whole units. */
export function fromMicro(value: bigint): number {
  return Number(value) / MICRO;
}

export function isCounter(metric: Reading['metric']): boolean {
  return metrics[metric].aggregate === 'counter';
}

function empty({ device, metric, channel, day }: SeriesKey, entry: number): Summary {
  return {
    ...{ device, metric, channel, day, count: 0, sumMicro: 0n, increaseMicro: 0n, flagged: 0 },
    ...{
      min: null,
      max: null,
      first: null,
      last: null,
      lastGoodEntry: null,
      firstEntry: entry,
      lastEntry: entry,
    },
  };
}

function withGood(before: Summary, { metric, value }: Reading, entry: number): Summary {
  return {
    ...before,
    count: before.count + 1,
    sumMicro: before.sumMicro + micro(value),
    min: Math.min(before.min ?? value, value),
    max: Math.max(before.max ?? value, value),
    first: before.first ?? value,
    last: value,
    lastGoodEntry: entry,
    increaseMicro: before.increaseMicro + (isCounter(metric) ? rise(before.last, value) : 0n),
    lastEntry: entry,
  };
}

function withFlagged(before: Summary, entry: number): Summary {
  return { ...before, flagged: before.flagged + 1, lastEntry: entry };
}
