import { type DayWeather, dayWeather } from './climate.ts';
import { extraterrestrialWattsPerM2, localInstantMs, localTime, site } from './sun.ts';

/** Weather at one instant. */
export interface Weather {
  readonly airTemperatureCelsius: number;
  readonly relativeHumidityPercent: number;
  /** At 2 m above ground. */
  readonly windMetresPerSecond: number;
  readonly solarWattsPerM2: number;
  /** Solar radiation as a share of a clear sky's, also at night. */
  readonly clearness: number;
}

/** FAO-56 (2025), equation 3.6. */
export function saturationVapourPressureKpa(celsius: number): number {
  return 0.6108 * Math.exp((17.27 * celsius) / (celsius + 237.3));
}

/** A function of time and seed alone: asking often or seldom gives the same weather. */
export function weatherAt(atMs: number, seed: number): Weather {
  const { day, hours } = localTime(atMs);
  const today = dayWeather(day, seed);
  const airTemperatureCelsius = airTemperature(day, hours, seed);
  const vapourKpa = saturationVapourPressureKpa(today.dewPointCelsius);
  const humidity = (100 * vapourKpa) / saturationVapourPressureKpa(airTemperatureCelsius);
  const raining = isRaining(today, hours);
  const clearness = raining ? Math.min(today.clearness, 0.3) : today.clearness;
  // FAO-56 (2025), equation 3.34: a clear sky lets 75 % through, a little more with altitude.
  const clearSkyWattsPerM2 = (0.75 + 2e-5 * site.altitudeMetres) * extraterrestrialWattsPerM2(atMs);
  return {
    airTemperatureCelsius,
    relativeHumidityPercent: Math.min(99, raining ? Math.max(humidity, 94) : humidity),
    windMetresPerSecond: today.meanWindMetresPerSecond * (1 + 0.6 * Math.cos((Math.PI * (hours - 14)) / 12)),
    solarWattsPerM2: clearness * clearSkyWattsPerM2,
    clearness,
  };
}

/** Rain that falls between two instants, mm. Exact, so that parts add up to the whole. */
export function rainMmBetween(fromMs: number, toMs: number, seed: number): number {
  let rainMm = 0;
  for (let day = localTime(fromMs).day; day <= localTime(toMs).day; day += 1) {
    const shower = dayWeather(day, seed).shower;
    if (!shower) continue;
    const startMs = localInstantMs(day, shower.startHours);
    const endMs = localInstantMs(day, shower.startHours + shower.durationHours);
    const wetMs = Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
    rainMm += (shower.depthMm * wetMs) / (endMs - startMs);
  }
  return rainMm;
}

const COLDEST_HOUR = 5.5;
const WARMEST_HOUR = 13.5;

/** Half a cosine from the coldest hour up to the warmest, half a cosine down to the next day's coldest. */
function airTemperature(day: number, hours: number, seed: number): number {
  const today = dayWeather(day, seed);
  const swing = (low: number, high: number, share: number) =>
    low + ((high - low) * (1 - Math.cos(Math.PI * share))) / 2;
  if (hours < COLDEST_HOUR) {
    const evening = dayWeather(day - 1, seed).maximumCelsius;
    const share = (hours + 24 - WARMEST_HOUR) / (COLDEST_HOUR + 24 - WARMEST_HOUR);
    return swing(evening, today.minimumCelsius, share);
  }
  if (hours < WARMEST_HOUR) {
    const share = (hours - COLDEST_HOUR) / (WARMEST_HOUR - COLDEST_HOUR);
    return swing(today.minimumCelsius, today.maximumCelsius, share);
  }
  const morning = dayWeather(day + 1, seed).minimumCelsius;
  const share = (hours - WARMEST_HOUR) / (COLDEST_HOUR + 24 - WARMEST_HOUR);
  return swing(today.maximumCelsius, morning, share);
}

function isRaining(day: DayWeather, hours: number): boolean {
  const shower = day.shower;
  return (
    shower !== undefined && hours >= shower.startHours && hours < shower.startHours + shower.durationHours
  );
}
