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
  /**
   * As in the crop-water model; `recent`: the mean of the days before; `last_known`: that mean as it last was, for neither they
   * nor the months are known.
   */
  readonly method: string;
  readonly reasons: readonly Reason[];
}

const HOUR_MS = 3_600_000;
/** With a smaller part of the hours so far what is expected of the whole day tells more. */
const ENOUGH_OF_HOURS = 0.8;
/** Two editions, two days. */
const MOST_HOURS = 96;

interface Frame {
  readonly site: Site;
  readonly edition: Edition;
  /** Mean of the days before, mm; null: none of them was measured. */
  readonly recentMm: number | null;
  /** mm as they were known last, however long ago; null: never. */
  readonly lastKnownMm: number | null;
}

/** Null when nothing is known of this day, of the days before, of the months, nor of any day earlier. */
export function et0OfDay(
  date: string,
  hours: readonly FarmHour[],
  { site, edition, recentMm, lastKnownMm }: Frame,
): DayEt0 | null {
  const { mm, method, reasons } = dailyEt0(weatherDayOf(date, hours, site), site, edition);
  if (mm !== null && method !== 'monthly_normal') return { mm, method, reasons };
  // The days before know more of this one than the month does; the month more than a season that is over.
  if (recentMm !== null) return instead(recentMm, 'recent');
  if (mm !== null) return { mm, method, reasons };
  return lastKnownMm === null ? null : instead(lastKnownMm, 'last_known');
}

function instead(mm: number, method: 'recent' | 'last_known'): DayEt0 {
  const reason = { key: `et0_${method}`, figures: { et0Mm: Math.round(mm * 100) / 100 } };
  return { mm, method, reasons: [reason] };
}

interface RunningDay {
  readonly startMs: number;
  readonly nowMs: number;
  /** Of the whole day, should nothing be measured; null: nothing to go by. */
  readonly expectedMm: number | null;
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

  /** mm since the day began. Where hours are lacking, its share of what is expected. */
  mm(hours: readonly FarmHour[], day: RunningDay): number {
    const { startMs, nowMs, expectedMm, timeZone } = day;
    const elapsed = (nowMs - startMs) / HOUR_MS;
    const told = hours.filter(({ airTemperature }) => airTemperature !== null);
    if (told.length < elapsed * ENOUGH_OF_HOURS && expectedMm !== null)
      return expectedMm * dryingDays(timeZone, startMs, nowMs);
    let [sumMm, tMinCelsius] = [0, Number.POSITIVE_INFINITY];
    let clearness: number | undefined;
    for (const hour of told) {
      tMinCelsius = Math.min(tMinCelsius, hour.airTemperature?.min ?? tMinCelsius);
      const one = this.#hour(hour, { tMinCelsius, clearness }, day);
      clearness = one.clearness ?? clearness;
      sumMm += one.mm * Math.min(1, Math.max(0, (nowMs - hour.startMs) / HOUR_MS));
    }
    const isWhole = told.length >= Math.ceil(elapsed) || expectedMm === null;
    return Math.max(0, isWhole ? sumMm : sumMm + expectedMm * lackingDays(told, day));
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

/** How much of a day's evapotranspiration lies in the hours that were not told. */
function lackingDays(told: readonly FarmHour[], { startMs, nowMs, timeZone }: RunningDay): number {
  const toldDays = told.reduce(
    (sum, hour) => sum + dryingDays(timeZone, hour.startMs, Math.min(nowMs, hour.startMs + HOUR_MS)),
    0,
  );
  return Math.max(0, dryingDays(timeZone, startMs, nowMs) - toldDays);
}
