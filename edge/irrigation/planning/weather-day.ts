import type { WeatherHour as FarmHour } from '../../farm-weather/farm-weather.ts';
import { dayOfYear, extraterrestrialOfDay, extraterrestrialOfHour } from '../crop-water/radiation.ts';
import type { Site, WeatherDay, WeatherHour } from '../crop-water/types.ts';

/** With fewer of a day's hours nobody knows its extremes or its sums: the standard's fall-backs know more. */
const ENOUGH_HOURS = 20;
/** Share of the day's sun in hours that were not told: below, nothing is lacking; above, the rest tells too little of it. */
const NO_SUN_LACKING = 0.01;
const MOST_SUN_LACKING = 2 / 3;
const MEGAJOULES_PER_HOUR_OF_WATT = 0.0036;

type Spread = { readonly min: number; readonly max: number; readonly mean: number };

/** A local day's weather of the hours that began in it, as ET0 asks for it; null where too few of them were told. */
export function weatherDayOf(date: string, hours: readonly FarmHour[], site: Site): WeatherDay {
  const air = spreadOf(hours.map(({ airTemperature }) => airTemperature));
  const humidity = spreadOf(hours.map(({ relativeHumidity }) => relativeHumidity));
  return {
    date,
    tMinCelsius: air?.min,
    tMaxCelsius: air?.max,
    rhMaxPercent: humidity?.max,
    rhMinPercent: humidity?.min,
    rhMeanPercent: humidity?.mean,
    dewPointCelsius: meanOf(hours.map(({ dewPoint }) => dewPoint)),
    windMetresPerSecond: meanOf(hours.map(({ windSpeed }) => windSpeed)),
    ...solarOf(date, hours, site),
  };
}

/** Rs of the day: hours that are lacking had their part of Ra, at noon most and at night none, and clouds as the others had. */
function solarOf(date: string, hours: readonly FarmHour[], site: Site) {
  const told = hours.filter(({ solarRadiation }) => solarRadiation !== null);
  const ra = extraterrestrialOfDay(site.latitudeDegrees, dayOfYear(date));
  const toldRa = told.reduce((sum, { startMs }) => sum + extraterrestrialOfHour(site, startMs).megajoules, 0);
  const lacking = ra > 0 ? 1 - toldRa / ra : 0;
  if (told.length < ENOUGH_HOURS || lacking > MOST_SUN_LACKING) return { solarMegajoules: null };
  const watts = told.reduce((sum, { solarRadiation }) => sum + (solarRadiation ?? 0), 0);
  const megajoules = watts * MEGAJOULES_PER_HOUR_OF_WATT;
  return lacking < NO_SUN_LACKING
    ? { solarMegajoules: megajoules }
    : { solarMegajoules: megajoules / (1 - lacking), solarUntoldPercent: 100 * lacking };
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
