import { type DayWeather, dayWeather } from './climate.ts';
import type { Climate } from './climates.ts';
import { extraterrestrialWattsPerM2, localInstantMs, localTime, type Site } from './sun.ts';

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

/** The sky over a farm: a function of time alone, so that asking often or seldom gives the same weather. */
export interface Sky {
  at(atMs: number): Weather;
  /** Rain that falls between two instants, mm. Exact, so that parts add up to the whole. */
  rainMm(fromMs: number, toMs: number): number;
}

/** FAO-56 (2025), equation 3.6. */
export function saturationVapourPressureKpa(celsius: number): number {
  return 0.6108 * Math.exp((17.27 * celsius) / (celsius + 237.3));
}

/** FAO-56 (2025), equation 3.34: a clear sky lets 75 % through, a little more with altitude. */
export function clearSkyWattsPerM2(atMs: number, site: Site): number {
  return (0.75 + 2e-5 * site.altitudeMetres) * extraterrestrialWattsPerM2(atMs, site);
}

export function seededSky(climate: Climate, site: Site, seed: number): Sky {
  return skyOfDays(site, (day) => dayWeather(day, seed, climate));
}

const MOST_DAYS = 512;

/** Weather at every instant from what is known of each local day (days since 1970). */
export function skyOfDays(site: Site, make: (day: number) => DayWeather): Sky {
  const known = new Map<number, DayWeather>();
  const dayOf = (day: number): DayWeather => {
    const before = known.get(day);
    if (before !== undefined) return before;
    if (known.size >= MOST_DAYS) known.clear();
    const made = make(day);
    known.set(day, made);
    return made;
  };
  return {
    at(atMs) {
      const { day, hours } = localTime(atMs, site);
      const today = dayOf(day);
      const airTemperatureCelsius = airTemperature(day, hours, dayOf);
      const vapourKpa = saturationVapourPressureKpa(today.dewPointCelsius);
      const humidity = (100 * vapourKpa) / saturationVapourPressureKpa(airTemperatureCelsius);
      const raining = isRaining(today, hours);
      const clearness = raining ? Math.min(today.clearness, 0.3) : today.clearness;
      const swing = 1 + 0.6 * Math.cos((Math.PI * (hours - 14)) / 12);
      return {
        airTemperatureCelsius,
        relativeHumidityPercent: Math.min(99, raining ? Math.max(humidity, 94) : humidity),
        windMetresPerSecond: today.meanWindMetresPerSecond * swing,
        solarWattsPerM2: clearness * clearSkyWattsPerM2(atMs, site),
        clearness,
      };
    },
    rainMm(fromMs, toMs) {
      let rainMm = 0;
      for (let day = localTime(fromMs, site).day; day <= localTime(toMs, site).day; day += 1) {
        const shower = dayOf(day).shower;
        if (!shower) continue;
        const startMs = localInstantMs(day, shower.startHours, site);
        const endMs = localInstantMs(day, shower.startHours + shower.durationHours, site);
        const wetMs = Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
        rainMm += (shower.depthMm * wetMs) / (endMs - startMs);
      }
      return rainMm;
    },
  };
}

const COLDEST_HOUR = 5.5;
const WARMEST_HOUR = 13.5;

/** Half a cosine from the coldest hour up to the warmest, half a cosine down to the next day's coldest. */
function airTemperature(day: number, hours: number, dayOf: (day: number) => DayWeather): number {
  const today = dayOf(day);
  const swing = (low: number, high: number, share: number) =>
    low + ((high - low) * (1 - Math.cos(Math.PI * share))) / 2;
  if (hours < COLDEST_HOUR) {
    const evening = dayOf(day - 1).maximumCelsius;
    const share = (hours + 24 - WARMEST_HOUR) / (COLDEST_HOUR + 24 - WARMEST_HOUR);
    return swing(evening, today.minimumCelsius, share);
  }
  if (hours < WARMEST_HOUR) {
    const share = (hours - COLDEST_HOUR) / (WARMEST_HOUR - COLDEST_HOUR);
    return swing(today.minimumCelsius, today.maximumCelsius, share);
  }
  const morning = dayOf(day + 1).minimumCelsius;
  const share = (hours - WARMEST_HOUR) / (COLDEST_HOUR + 24 - WARMEST_HOUR);
  return swing(today.maximumCelsius, morning, share);
}

function isRaining(day: DayWeather, hours: number): boolean {
  const shower = day.shower;
  return (
    shower !== undefined && hours >= shower.startHours && hours < shower.startHours + shower.durationHours
  );
}
