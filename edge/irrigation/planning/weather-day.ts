import type { WeatherHour as FarmHour } from '../../farm-weather/farm-weather.ts';
import type { WeatherDay, WeatherHour } from '../crop-water/types.ts';

/** With fewer of a day's hours nobody knows its extremes or its sums: the standard's fall-backs know more. */
const ENOUGH_HOURS = 20;
const MEGAJOULES_PER_HOUR_OF_WATT = 0.0036;

type Spread = { readonly min: number; readonly max: number; readonly mean: number };

/** A local day's weather of the hours that began in it, as ET0 asks for it; null where too few of them were told. */
export function weatherDayOf(date: string, hours: readonly FarmHour[]): WeatherDay {
  const air = spreadOf(hours.map(({ airTemperature }) => airTemperature));
  const humidity = spreadOf(hours.map(({ relativeHumidity }) => relativeHumidity));
  const solarWatts = meanOf(hours.map(({ solarRadiation }) => solarRadiation));
  return {
    date,
    tMinCelsius: air?.min,
    tMaxCelsius: air?.max,
    rhMaxPercent: humidity?.max,
    rhMinPercent: humidity?.min,
    rhMeanPercent: humidity?.mean,
    dewPointCelsius: meanOf(hours.map(({ dewPoint }) => dewPoint)),
    windMetresPerSecond: meanOf(hours.map(({ windSpeed }) => windSpeed)),
    solarMegajoules: solarWatts === null ? null : solarWatts * 24 * MEGAJOULES_PER_HOUR_OF_WATT,
  };
}

/** One hour's, as hourly ET0 asks for it. `tMinCelsius`: the day's lowest so far. */
export function weatherHourOf(hour: FarmHour, tMinCelsius: number | null): WeatherHour {
  const { airTemperature, relativeHumidity, dewPoint, windSpeed, solarRadiation } = hour;
  return {
    startsAtMs: hour.startMs,
    tCelsius: airTemperature?.mean,
    rhPercent: relativeHumidity?.mean,
    dewPointCelsius: dewPoint,
    windMetresPerSecond: windSpeed,
    solarMegajoules: solarRadiation === null ? null : solarRadiation * MEGAJOULES_PER_HOUR_OF_WATT,
    tMinCelsius,
  };
}

/** mm that fell; null: no gauge spoke in any of the hours. */
export function rainOf(hours: readonly Pick<FarmHour, 'rain'>[]): number | null {
  const told = hours.flatMap(({ rain }) => (rain === null ? [] : [rain]));
  return told.length === 0 ? null : told.reduce((sum, mm) => sum + mm, 0);
}

function spreadOf(spreads: readonly (Spread | null)[]): Spread | null {
  const told = spreads.filter((spread) => spread !== null);
  if (told.length < ENOUGH_HOURS) return null;
  return {
    min: Math.min(...told.map(({ min }) => min)),
    max: Math.max(...told.map(({ max }) => max)),
    mean: told.reduce((sum, { mean }) => sum + mean, 0) / told.length,
  };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length < ENOUGH_HOURS ? null : told.reduce((sum, value) => sum + value, 0) / told.length;
}
