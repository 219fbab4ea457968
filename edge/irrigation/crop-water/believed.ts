import {
  meanSaturationKpa,
  saturationKpa,
  vapourFromRhMax,
  vapourFromRhMaxMin,
  vapourFromRhMean,
  vapourFromWetBulb,
  windAt2m,
} from './air.ts';
import { isGiven, isWithin, type Notes } from './notes.ts';
import { kRsOf, solarFromSunshine, solarFromTemperature } from './radiation.ts';
import type { DailyWeather, Measured, Site, VapourSource } from './types.ts';

/** Nowhere on earth, so it is the sensor. */
const COLDEST_CELSIUS = -60;
const HOTTEST_CELSIUS = 60;
const STRONGEST_MEAN_WIND = 40;
/** Capacitive sensors read a little above saturation in dew; more is a broken one. */
const RH_TOLERANCE_PERCENT = 105;
/** Even the driest day has a moister night than this: a sensor at 0 is dead. */
const LOWEST_RH_MAX_PERCENT = 1;
/** Rs a little above Rso is a pyranometer's scale or a very clear sky; more is a wrong unit or a broken sensor. */
const CLEAR_SKY_TOLERANCE = 1.15;
/** The darkest day lets more than this share of Ra through: below it the sensor is covered or dead. */
const DARKEST_SHARE = 0.02;

export interface Range {
  readonly tMinCelsius: number;
  readonly tMaxCelsius: number;
}

/** The day's temperatures; null when they are missing or cannot be true. */
export function believedTemperature(day: DailyWeather, notes: Notes): Range | null {
  const { tMinCelsius: low, tMaxCelsius: high } = day;
  if (!isGiven(low) || !isGiven(high)) return null;
  if (isWithin(low, COLDEST_CELSIUS, HOTTEST_CELSIUS) && isWithin(high, low, HOTTEST_CELSIUS))
    return { tMinCelsius: low, tMaxCelsius: high };
  notes.add('temperature_refused', { tMinCelsius: low, tMaxCelsius: high });
  return null;
}

/** An hour's temperature, likewise. */
export function believedCelsius(celsius: Measured, notes: Notes): number | null {
  if (!isGiven(celsius)) return null;
  if (isWithin(celsius, COLDEST_CELSIUS, HOTTEST_CELSIUS)) return celsius;
  notes.add('temperature_refused', { tMinCelsius: celsius, tMaxCelsius: celsius });
  return null;
}

export interface Vapour {
  readonly kpa: number;
  readonly from: VapourSource;
}

/**
 * ea by the best of what is measured: as stated, dew point, wet bulb, RHmax with RHmin, RHmax, RHmean; then from Tmin
 * (48 | 3.51).
 */
export function believedVapour(
  day: DailyWeather,
  { range, pressureKpa, site }: { range: Range; pressureKpa: number; site: Site },
  notes: Notes,
): Vapour {
  const saturation = meanSaturationKpa(range.tMinCelsius, range.tMaxCelsius);
  const direct = directVapour(day, { saturation, pressureKpa }, notes);
  if (direct !== null) return direct;
  const { rhMax, rhMin, rhMean } = believedHumidity(day, notes);
  if (rhMax !== null && rhMin !== null)
    return { kpa: vapourFromRhMaxMin(range, { rhMax, rhMin }), from: 'rh_max_min' };
  if (rhMax !== null) return { kpa: vapourFromRhMax(range, rhMax), from: 'rh_max' };
  if (rhMean !== null) return { kpa: vapourFromRhMean(range, rhMean), from: 'rh_mean' };
  return vapourFromTmin(range.tMinCelsius, site, notes);
}

/** Where nothing tells the humidity: at dawn the air is as good as saturated (48 | 3.51). */
export function vapourFromTmin(tMinCelsius: number, site: Site, notes: Notes): Vapour {
  const dewPointCelsius = tMinCelsius - (site.dewPointBelowTminCelsius ?? 0);
  notes.add('dew_point_from_tmin', { dewPointCelsius });
  return { kpa: saturationKpa(dewPointCelsius), from: 'tmin' };
}

/** ea where an instrument tells it without humidity; null: none does, or none can be believed. */
function directVapour(
  day: DailyWeather,
  { saturation, pressureKpa }: { saturation: number; pressureKpa: number },
  notes: Notes,
): Vapour | null {
  if (isGiven(day.vapourKpa)) {
    const kpa = withinSaturation(day.vapourKpa, saturation, notes);
    if (kpa !== null) return { kpa, from: 'stated' };
    notes.add('vapour_refused', { vapourKpa: day.vapourKpa });
  }
  const dewPoint = believedDewPoint(day.dewPointCelsius, saturation, notes);
  if (dewPoint !== null) return dewPoint;
  if (!isGiven(day.wetBulb) || !day.wetBulb) return null;
  const { dryCelsius, wetCelsius } = day.wetBulb;
  const isPlausible =
    isWithin(dryCelsius, COLDEST_CELSIUS, HOTTEST_CELSIUS) &&
    isWithin(wetCelsius, COLDEST_CELSIUS, dryCelsius);
  const kpa = isPlausible
    ? withinSaturation(vapourFromWetBulb(day.wetBulb, pressureKpa), saturation, notes)
    : null;
  if (kpa !== null) return { kpa, from: 'psychrometer' };
  notes.add('wet_bulb_refused', { dryCelsius, wetCelsius });
  return null;
}

/** ea from a dew point (14 | 3.9); null when there is none, or it is above the air's own temperature. */
export function believedDewPoint(dewPointCelsius: Measured, saturation: number, notes: Notes): Vapour | null {
  if (!isGiven(dewPointCelsius)) return null;
  const kpa = isWithin(dewPointCelsius, COLDEST_CELSIUS, HOTTEST_CELSIUS)
    ? withinSaturation(saturationKpa(dewPointCelsius), saturation, notes)
    : null;
  if (kpa !== null) return { kpa, from: 'dew_point' };
  notes.add('dew_point_refused', { dewPointCelsius });
  return null;
}

function withinSaturation(kpa: unknown, saturation: number, notes: Notes): number | null {
  if (!isWithin(kpa, 0, saturation * 1.05)) return null;
  if (kpa > saturation) notes.add('vapour_limited', { vapourKpa: kpa, saturationKpa: saturation });
  return Math.min(kpa, saturation);
}

function believedHumidity(day: DailyWeather, notes: Notes) {
  const { rhMaxPercent, rhMinPercent } = day;
  const isTurned =
    isGiven(rhMaxPercent) && isGiven(rhMinPercent) && Number(rhMinPercent) > Number(rhMaxPercent);
  if (isTurned) notes.add('humidity_refused', { rhMaxPercent, rhMinPercent });
  const one = (percent: Measured, low: number) => believedRh(percent, low, notes);
  return {
    rhMax: isTurned ? null : one(rhMaxPercent, LOWEST_RH_MAX_PERCENT),
    rhMin: isTurned ? null : one(rhMinPercent, 0),
    rhMean: one(day.rhMeanPercent, LOWEST_RH_MAX_PERCENT),
  };
}

/** A relative humidity, 0 to 100; null when it is missing or cannot be true. */
export function believedRh(percent: Measured, lowest: number, notes: Notes): number | null {
  if (!isGiven(percent)) return null;
  if (!isWithin(percent, lowest, RH_TOLERANCE_PERCENT)) {
    notes.add('humidity_refused', { rhPercent: percent });
    return null;
  }
  if (percent > 100) notes.add('humidity_limited', { rhPercent: percent });
  return Math.min(percent, 100);
}

/** Wind at 2 m; 2 m/s where none is measured, the mean of some two thousand stations. */
export function believedWind(
  { windMetresPerSecond: wind }: Pick<DailyWeather, 'windMetresPerSecond'>,
  site: Site,
  notes: Notes,
): number {
  if (isWithin(wind, 0, STRONGEST_MEAN_WIND)) return windAt2m(wind, site.windHeightMetres);
  if (isGiven(wind)) notes.add('wind_refused', { windMetresPerSecond: wind });
  notes.add('wind_default', { windMetresPerSecond: 2 });
  return 2;
}

interface Sky {
  readonly ra: number;
  readonly clear: number;
  readonly daylight: number;
}

/** Rs of the day: measured, else from sunshine, else from the range of temperature. */
export function believedSolar(
  day: DailyWeather,
  { range, sky, site }: { range: Range; sky: Sky; site: Site },
  notes: Notes,
): number {
  const { solarMegajoules, sunshineHours } = day;
  if (isWithin(solarMegajoules, DARKEST_SHARE * sky.ra, CLEAR_SKY_TOLERANCE * sky.clear)) {
    if (solarMegajoules > sky.clear)
      notes.add('solar_above_clear_sky', { solarMegajoules, clearSkyMegajoules: sky.clear });
    if (isWithin(day.solarUntoldPercent, 0.5, 100))
      notes.add('solar_hours_filled', { solarMegajoules, untoldPercent: day.solarUntoldPercent });
    return solarMegajoules;
  }
  if (isGiven(solarMegajoules))
    notes.add('solar_refused', { solarMegajoules, clearSkyMegajoules: sky.clear });
  if (isWithin(sunshineHours, 0, Math.min(24, 1.1 * sky.daylight + 0.3))) {
    const { daylight, ra } = sky;
    if (sunshineHours > daylight) notes.add('sunshine_limited', { sunshineHours, daylightHours: daylight });
    notes.add('solar_from_sunshine', { sunshineHours });
    return solarFromSunshine(
      { sunshineHours: Math.min(sunshineHours, daylight), daylight, ra },
      site.angstrom,
    );
  }
  if (isGiven(sunshineHours)) notes.add('sunshine_refused', { sunshineHours, daylightHours: sky.daylight });
  notes.add('solar_from_temperature', { kRs: kRsOf(site), ...range });
  return solarFromTemperature(range, site, sky.ra);
}
