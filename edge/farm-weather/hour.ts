import type { WeatherHourRecord } from '@nongtin/broker/wire';
import { type RainGauge, rainAfter } from './rain.ts';

/** The metrics of which an hour of weather is made, in their own units (broker/wire: metrics). */
const averaged = [
  'air_temperature',
  'relative_humidity',
  'dew_point',
  'air_pressure',
  'wind_speed',
  'solar_radiation',
  'leaf_wetness',
] as const;
type Averaged = (typeof averaged)[number];

/** Readings of one metric within one hour, by whoever tells it. */
interface Spread {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** An hour under way: who has told what in it. Devices are those of the farm's weather, the first of them counts most. */
export interface OpenHour {
  readonly startMs: number;
  /** By metric, then by `DEVICE\nCHANNEL`. */
  readonly spreads: Readonly<Partial<Record<Averaged, Readonly<Record<string, Spread>>>>>;
  /** By `DEVICE\nCHANNEL`. */
  readonly rainMm: Readonly<Record<string, number>>;
}

export interface WeatherReading {
  readonly device: string;
  readonly channel: string;
  readonly metric: string;
  readonly value: number;
}

export interface Gathering {
  readonly hour: OpenHour;
  /** By `DEVICE\nCHANNEL`; outlives the hours. */
  readonly gauges: Readonly<Record<string, RainGauge>>;
}

const HOUR_MS = 3_600_000;

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}

export function newHour(atMs: number): OpenHour {
  return { startMs: hourOf(atMs), spreads: {}, rainMm: {} };
}

/** With one reading more; what is no weather changes nothing. */
export function gather(before: Gathering, reading: WeatherReading, atMs: number): Gathering {
  const { device, channel, metric, value } = reading;
  const who = `${device}\n${channel}`;
  const { hour, gauges } = before;
  if (metric === 'rain') {
    const { gauge, fallenMm } = rainAfter(gauges[who], value, atMs);
    const rainMm = { ...hour.rainMm, [who]: (hour.rainMm[who] ?? 0) + fallenMm };
    return { hour: { ...hour, rainMm }, gauges: { ...gauges, [who]: gauge } };
  }
  if (!isAveraged(metric)) return before;
  const told = hour.spreads[metric] ?? {};
  const spreads = { ...hour.spreads, [metric]: { ...told, [who]: withValue(told[who], value) } };
  return { hour: { ...hour, spreads }, gauges };
}

/**
 * The hour as it is journaled: of each metric what the first of the farm's weather devices that told it has told. Null where
 * nobody did; nothing is made up.
 */
export function closed(gathering: Gathering, devices: readonly string[]): Omit<WeatherHourRecord, 'kind'> {
  const { hour, gauges } = gathering;
  const of = (metric: Averaged) => firstOf(hour.spreads[metric] ?? {}, devices);
  const mean = (metric: Averaged) => {
    const spread = of(metric);
    return spread === undefined ? null : round(spread.sum / spread.count);
  };
  const air = of('air_temperature');
  const humidity = of('relative_humidity');
  const leafWetness = mean('leaf_wetness');
  const counted = Object.entries(gauges).map(([who, { countedMm }]) => {
    const [device = '', channel = ''] = who.split('\n');
    return { device, channel, countedMm };
  });
  return {
    atMs: hour.startMs + HOUR_MS,
    startMs: hour.startMs,
    samples: air?.count ?? 0,
    airTemperature: air ? { min: air.min, max: air.max, mean: round(air.sum / air.count) } : null,
    relativeHumidity: humidity
      ? { min: humidity.min, max: humidity.max, mean: round(humidity.sum / humidity.count) }
      : null,
    dewPoint: mean('dew_point'),
    airPressure: mean('air_pressure'),
    windSpeed: mean('wind_speed'),
    solarRadiation: mean('solar_radiation'),
    rain: roundOrNull(firstOf(hour.rainMm, devices)),
    ...(leafWetness === null ? {} : { leafWetness }),
    gauges: counted,
  };
}

function isAveraged(metric: string): metric is Averaged {
  return (averaged as readonly string[]).includes(metric);
}

function withValue(before: Spread | undefined, value: number): Spread {
  if (before === undefined) return { count: 1, sum: value, min: value, max: value };
  return {
    count: before.count + 1,
    sum: before.sum + value,
    min: Math.min(before.min, value),
    max: Math.max(before.max, value),
  };
}

/** What the first device has told; of its channels the first by name. */
function firstOf<T>(told: Readonly<Record<string, T>>, devices: readonly string[]): T | undefined {
  const whos = Object.keys(told).sort();
  for (const device of devices) {
    const who = whos.find((name) => name.startsWith(`${device}\n`));
    if (who !== undefined) return told[who];
  }
  return undefined;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function roundOrNull(value: number | undefined): number | null {
  return value === undefined ? null : round(value);
}
