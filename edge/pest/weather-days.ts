import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import type { HeatDay } from './heat-sum.ts';
import type { WetHour } from './infection.ts';

/** So many measured hours tell the extremes of a day; with fewer its minimum or maximum may have been missed. */
export const ENOUGH_HOURS = 20;
/** Mean of an hour from which on leaves are taken for wet: of a leaf wetness sensor, and where there is none of the air, %. */
const WET_LEAF_PERCENT = 50;
const WET_AIR_PERCENT = 90;

/** The extremes of local days, day by day as numbers; those of which too few hours were measured are left out. */
export function heatDays(hours: readonly WeatherHour[], dayOf: (atMs: number) => number): HeatDay[] {
  const days = new Map<number, { hours: Set<number>; min: number; max: number }>();
  for (const { startMs, airTemperature } of hours) {
    if (airTemperature === null) continue;
    const day = dayOf(startMs);
    const known = days.get(day) ?? { hours: new Set(), min: Infinity, max: -Infinity };
    days.set(day, {
      hours: known.hours.add(startMs),
      min: Math.min(known.min, airTemperature.min),
      max: Math.max(known.max, airTemperature.max),
    });
  }
  return [...days].flatMap(([day, { hours: measured, min, max }]) =>
    measured.size >= ENOUGH_HOURS ? [{ day, extremes: { minCelsius: min, maxCelsius: max } }] : [],
  );
}

/**
 * Whether leaves were wet, hour by hour: by a leaf wetness sensor, else by rain, else by air of 90 % and more (which is how wetness is
 * reckoned where nobody measures it: Sentelhas and others 2008, Agric. For. Meteorol. 148:392). `estimated`: how many were told
 * by the latter two.
 */
export function wetHours(hours: readonly WeatherHour[]): { hours: WetHour[]; estimated: number } {
  let estimated = 0;
  const told = hours.map(({ startMs, airTemperature, relativeHumidity, rain, leafWetness }) => {
    const celsius = airTemperature?.mean ?? null;
    if (leafWetness != null) return { atMs: startMs, celsius, isWet: leafWetness >= WET_LEAF_PERCENT };
    const isRaining = rain !== null && rain > 0;
    if (relativeHumidity === null && !isRaining) return { atMs: startMs, celsius, isWet: null };
    estimated++;
    return { atMs: startMs, celsius, isWet: isRaining || (relativeHumidity?.mean ?? 0) >= WET_AIR_PERCENT };
  });
  return { hours: told.toSorted((a, b) => a.atMs - b.atMs).filter(isFirst), estimated };
}

/** An hour that was told twice is one. */
function isFirst({ atMs }: WetHour, index: number, all: readonly WetHour[]): boolean {
  return all[index - 1]?.atMs !== atMs;
}
