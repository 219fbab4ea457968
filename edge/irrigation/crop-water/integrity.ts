import type { Reason } from '@nongtin/broker/wire';
import { saturationKpa, windAt2m } from './air.ts';
import { isGiven, isWithin } from './notes.ts';
import { clearSky, dayOfYear, extraterrestrialOfDay, solarFromTemperature } from './radiation.ts';
import type { Site, WeatherDay } from './types.ts';

type DoubtedSensor = 'temperature' | 'humidity' | 'wind' | 'solar';

/** Why what a sensor has said for days is not believed any more. */
export interface WeatherDoubt {
  readonly sensor: DoubtedSensor;
  /** One of `WEATHER_DOUBTS`; its figures are the newest day's. */
  readonly reason: Reason;
}

/** Keys of reasons for which a sensor is doubted. */
export const WEATHER_DOUBTS = [
  'weather_temperature_doubted',
  'weather_humidity_doubted',
  'weather_wind_doubted',
  'weather_wind_still',
  'weather_solar_doubted',
] as const;

/** One such day may be true (a storm, dust, a cold front); so many in a row are the sensor, its unit or its place. */
export const DAYS_TO_DOUBT_WEATHER = 3;
/**
 * Mean wind of a day at 2 m, m/s. FAO-56 calls a monthly mean of 5 strong (table 4) and lets Kc follow the wind up to 6 (62 | 6.16);
 * 8 is a whole day of a strong breeze (force 6 at 10 m). A typhoon passes in a day or two.
 */
const STRONGEST_LASTING_WIND = 8;
/** Of a month's mean that the site states. */
const TIMES_THE_NORMAL_WIND = 3;
const LEAST_LIMIT_OF_WIND = 4;
/** Rs above the clear sky's envelope is a scale, a unit or a tilted sensor; less than this share of what the day's range of
 * temperature tells is a shadow, dust or a unit. */
const ABOVE_CLEAR_SKY = 1.15;
const SHARE_OF_EXPECTED_SOLAR = 0.35;
/** The range of a day's temperature over land, degrees: less is a sensor that stands still, more one that stands in the sun. */
const LEAST_RANGE_CELSIUS = 0.3;
const GREATEST_RANGE_CELSIUS = 30;
/** Where crops are watered the air is near saturation at dawn: RHmax under this is a dead or wrongly scaled sensor. */
const LOWEST_LASTING_RH_MAX = 35;
/** The air holds its vapour through the day, so RHmin is near e°(Tmin)/e°(Tmax): so much above it, the sensor is wet. */
const WET_TIMES = 1.4;
const WET_RH_MIN = 97;

type Judge = (day: WeatherDay, site: Site) => Readonly<Record<string, number>> | null;

const judges: Readonly<Record<DoubtedSensor, Judge>> = {
  temperature({ tMinCelsius, tMaxCelsius }) {
    if (!isNumber(tMinCelsius) || !isNumber(tMaxCelsius)) return null;
    const isOdd = !isWithin(tMaxCelsius - tMinCelsius, LEAST_RANGE_CELSIUS, GREATEST_RANGE_CELSIUS);
    return isOdd ? { tMinCelsius, tMaxCelsius } : null;
  },
  humidity({ rhMaxPercent, rhMinPercent, tMinCelsius, tMaxCelsius }) {
    if (!isNumber(rhMaxPercent) || !isNumber(rhMinPercent)) return null;
    const isDry = rhMaxPercent < LOWEST_LASTING_RH_MAX;
    const isWet =
      rhMinPercent >= WET_RH_MIN &&
      isNumber(tMinCelsius) &&
      isNumber(tMaxCelsius) &&
      rhMinPercent > (WET_TIMES * 100 * saturationKpa(tMinCelsius)) / saturationKpa(tMaxCelsius);
    return isDry || isWet || rhMaxPercent > 105 ? { rhMaxPercent, rhMinPercent } : null;
  },
  wind({ date, windMetresPerSecond: wind }, site) {
    if (!isNumber(wind)) return null;
    const at2m = windAt2m(wind, site.windHeightMetres);
    const limit = windLimit(date, site);
    // A calm day is possible; three whole days without a breath are an anemometer that has seized.
    return at2m > limit || wind <= 0 ? { windMetresPerSecond: at2m, limitMetresPerSecond: limit } : null;
  },
  solar({ date, solarMegajoules, tMinCelsius, tMaxCelsius }, site) {
    if (!isNumber(solarMegajoules)) return null;
    const ra = extraterrestrialOfDay(site.latitudeDegrees, dayOfYear(date));
    const clearSkyMegajoules = clearSky(site.elevationMetres, ra);
    const hasRange = isNumber(tMinCelsius) && isNumber(tMaxCelsius) && tMaxCelsius > tMinCelsius;
    const expected = hasRange ? solarFromTemperature({ tMinCelsius, tMaxCelsius }, site, ra) : 0;
    const isOdd =
      solarMegajoules > ABOVE_CLEAR_SKY * clearSkyMegajoules ||
      solarMegajoules < SHARE_OF_EXPECTED_SOLAR * expected;
    return isOdd ? { solarMegajoules, clearSkyMegajoules } : null;
  },
};

/**
 * Which sensors of a weather station are not to be believed, by the checks of FAO-56's annex 5 (integrity of weather data): what
 * each of the last days says is held against what the place and the other sensors allow, and is doubted when none of three days in
 * a row is possible. `days` follow one another, the newest last; what was not measured is no doubt.
 */
export function weatherDoubts(days: readonly WeatherDay[], site: Site): readonly WeatherDoubt[] {
  const last = days.slice(-DAYS_TO_DOUBT_WEATHER);
  if (last.length < DAYS_TO_DOUBT_WEATHER) return [];
  return (Object.keys(judges) as DoubtedSensor[]).flatMap((sensor) => {
    const found = last.map((day) => judges[sensor](day, site));
    const newest = found.at(-1);
    if (newest == null || found.includes(null)) return [];
    const figures = Object.fromEntries(
      Object.entries(newest).map(([name, value]) => [name, Math.round(value * 10) / 10]),
    );
    const isStill = figures.windMetresPerSecond === 0;
    return [
      { sensor, reason: { key: isStill ? 'weather_wind_still' : `weather_${sensor}_doubted`, figures } },
    ];
  });
}

function windLimit(date: string, { monthlyWindMetresPerSecond: normals }: Site): number {
  const normal = normals?.[Number(date.slice(5, 7)) - 1];
  return normal === undefined
    ? STRONGEST_LASTING_WIND
    : Math.max(LEAST_LIMIT_OF_WIND, TIMES_THE_NORMAL_WIND * normal);
}

function isNumber(value: unknown): value is number {
  return isGiven(value) && Number.isFinite(value);
}
