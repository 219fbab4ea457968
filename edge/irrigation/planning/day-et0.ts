import type { Reason } from '@nongtin/broker/wire';
import type { WeatherHour as FarmHour } from '../../farm-weather/farm-weather.ts';
import { dailyEt0 } from '../crop-water/et0.ts';
import { hourlyEt0 } from '../crop-water/hourly.ts';
import type { Edition, Site } from '../crop-water/types.ts';
import { dryingDays } from '../programs/drying.ts';
import { weatherDayOf, weatherHourOf } from './weather-day.ts';

/** A whole day's ET0. */
export interface DayEt0 {
  readonly mm: number;
  /** As in the crop-water model; `recent`: the mean of the days before, for nothing else was known. */
  readonly method: string;
  readonly reasons: readonly Reason[];
}

const HOUR_MS = 3_600_000;
/** With a smaller part of the hours so far the mean of the last days tells more. */
const ENOUGH_OF_HOURS = 0.8;
/** Two editions, two days. */
const MOST_HOURS = 96;

/** Null when nothing is known of this day, of the months, nor of the days before. */
export function et0OfDay(
  date: string,
  hours: readonly FarmHour[],
  { site, edition, recentMm }: { site: Site; edition: Edition; recentMm: number | null },
): DayEt0 | null {
  const { mm, method, reasons } = dailyEt0(weatherDayOf(date, hours), site, edition);
  if (mm !== null && method !== 'monthly_normal') return { mm, method, reasons };
  // The days before know more of this one than the month does.
  if (recentMm !== null) {
    const instead = { key: 'et0_recent', figures: { et0Mm: Math.round(recentMm * 100) / 100 } };
    return { mm: recentMm, method: 'recent', reasons: [instead] };
  }
  return mm === null ? null : { mm, method, reasons };
}

interface RunningDay {
  readonly startMs: number;
  readonly nowMs: number;
  readonly recentMm: number | null;
  readonly site: Site;
  readonly edition: Edition;
  readonly timeZone: string;
}

interface HourEt0 {
  readonly mm: number;
  readonly clearness: number | undefined;
}

/** ET0 of a day that is under way. It is asked for again and again, so hours that are over are reckoned once. */
export class Et0SoFar {
  /** By edition and start of the hour. */
  readonly #hours = new Map<string, HourEt0>();

  /** mm since the day began. Hours that are lacking are made up for by the mean of the days before. */
  mm(hours: readonly FarmHour[], day: RunningDay): number {
    const { startMs, nowMs, recentMm, timeZone } = day;
    const elapsed = (nowMs - startMs) / HOUR_MS;
    const told = hours.filter(({ airTemperature }) => airTemperature !== null);
    if (told.length < elapsed * ENOUGH_OF_HOURS && recentMm !== null)
      return recentMm * dryingDays(timeZone, startMs, nowMs);
    let [sumMm, tMinCelsius] = [0, Number.POSITIVE_INFINITY];
    let clearness: number | undefined;
    for (const hour of told) {
      tMinCelsius = Math.min(tMinCelsius, hour.airTemperature?.min ?? tMinCelsius);
      const one = this.#hour(hour, { tMinCelsius, clearness }, day);
      clearness = one.clearness ?? clearness;
      sumMm += one.mm * Math.min(1, Math.max(0, (nowMs - hour.startMs) / HOUR_MS));
    }
    return Math.max(0, sumMm);
  }

  #hour(
    hour: FarmHour,
    before: { tMinCelsius: number; clearness: number | undefined },
    { nowMs, site, edition }: RunningDay,
  ): HourEt0 {
    const key = `${edition} ${hour.startMs}`;
    const known = this.#hours.get(key);
    if (known) return known;
    const weather = { ...weatherHourOf(hour, before.tMinCelsius), clearnessBefore: before.clearness };
    const { mm, terms } = hourlyEt0(weather, site, edition);
    const found = { mm: mm ?? 0, clearness: terms.clearness };
    if (hour.startMs + HOUR_MS > nowMs) return found;
    if (this.#hours.size >= MOST_HOURS) this.#hours.clear();
    this.#hours.set(key, found);
    return found;
  }
}
