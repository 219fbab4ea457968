import { meanSaturationKpa, pressureKpaAt, psychrometricConstant, saturationSlope } from './air.ts';
import { believedSolar, believedTemperature, believedVapour, believedWind, type Range } from './believed.ts';
import { isGiven, isWithin, Notes } from './notes.ts';
import { hargreaves, penmanMonteithOfDay, soilHeatOfMonth } from './penman.ts';
import {
  clearnessOf,
  clearSky,
  daylightHours,
  dayOfYear,
  extraterrestrialOfDay,
  middleOfMonth,
  netLongwaveOfDay,
  netShortwave,
} from './radiation.ts';
import type {
  DailyWeather,
  Edition,
  Et0,
  Et0Terms,
  Site,
  VapourSource,
  WeatherDay,
  WeatherMonth,
} from './types.ts';

/**
 * ET0 of a day, by Penman-Monteith with whatever the standard puts in place of sensors that are missing or cannot be
 * believed; every such step is named. The same in both editions. For the mean of ten days give the day in their middle: the
 * soil then stores next to nothing (42 | 3.45). Throws a RangeError on a date that is none.
 */
export function dailyEt0(day: WeatherDay, site: Site, edition: Edition): Et0 {
  const dayNumber = dayOfYear(day.date);
  return meanDay(day, { dayNumber, month: Number(day.date.slice(5, 7)), site, edition });
}

/** ET0 of the mean day of a month, mm a day; the soil stores heat over a month (43, 44 | 3.46, 3.47). */
export function monthlyEt0(weather: WeatherMonth, site: Site, edition: Edition): Et0 {
  const { month } = weather;
  if (!Number.isInteger(month) || month < 1 || month > 12)
    throw new RangeError(`month ${month} is none: give 1 to 12`);
  return meanDay(weather, { dayNumber: middleOfMonth(month), month, site, edition });
}

interface Frame {
  readonly dayNumber: number;
  readonly month: number;
  readonly site: Site;
  readonly edition: Edition;
}

function meanDay(weather: DailyWeather, frame: Frame): Et0 {
  const { site, edition } = frame;
  const notes = new Notes();
  const told = (terms: Et0Terms, vapourFrom: VapourSource | null = null) => ({
    ...{ edition, substitutions: notes.substitutions, reasons: notes.reasons, vapourFrom, terms },
  });
  const range = believedTemperature(weather, notes);
  if (range !== null) {
    const ra = extraterrestrialOfDay(site.latitudeDegrees, frame.dayNumber);
    if (isTemperatureOnly(weather) && site.temperatureOnly === 'hargreaves') {
      const mm = byHargreaves(range, ra, notes);
      if (mm !== null) return { mm, method: 'hargreaves', ...told({ extraterrestrialMegajoules: ra }) };
    }
    const { mm, terms, vapourFrom } = byPenmanMonteith(weather, { ...frame, range, ra, notes });
    if (mm !== null) return { mm, method: 'penman_monteith', ...told(terms, vapourFrom) };
    const last = byHargreaves(range, ra, notes);
    if (last !== null) return { mm: last, method: 'hargreaves', ...told({ extraterrestrialMegajoules: ra }) };
  }
  const normal = monthlyNormal(site, frame.month, notes);
  if (normal !== null) return { mm: normal, method: 'monthly_normal', ...told({}) };
  notes.add('nothing_known', { month: frame.month });
  return { mm: null, method: 'none', ...told({}) };
}

function byPenmanMonteith(
  weather: DailyWeather & Partial<WeatherMonth>,
  frame: Frame & { range: Range; ra: number; notes: Notes },
) {
  const { range, ra, notes, site, dayNumber } = frame;
  const pressureKpa = pressureKpaAt(site.elevationMetres);
  const psychrometric = psychrometricConstant(pressureKpa);
  const celsius = (range.tMinCelsius + range.tMaxCelsius) / 2;
  const saturationKpa = meanSaturationKpa(range.tMinCelsius, range.tMaxCelsius);
  const vapour = believedVapour(weather, { range, pressureKpa, site }, notes);
  const daylight = daylightHours(site.latitudeDegrees, dayNumber);
  const clear = clearSky(site.elevationMetres, ra);
  const solar = believedSolar(weather, { range, sky: { ra, clear, daylight }, site }, notes);
  const clearness = clearnessOf(solar, clear);
  const shortwave = netShortwave(solar);
  const longwave = netLongwaveOfDay(range, { vapourKpa: vapour.kpa, clearness });
  const soilHeatMegajoules = soilHeatOfMonth({
    previous: weather.tMeanPreviousCelsius,
    own: celsius,
    next: weather.tMeanNextCelsius,
  });
  const windAt2m = believedWind(weather, site, notes);
  const netMegajoules = shortwave - longwave;
  const slope = saturationSlope(celsius);
  const mm = penmanMonteithOfDay({
    ...{ slope, psychrometric, netMegajoules, soilHeatMegajoules, celsius, windAt2m, saturationKpa },
    vapourKpa: vapour.kpa,
  });
  const terms: Et0Terms = {
    ...{ pressureKpa, psychrometricKpaPerCelsius: psychrometric, tMeanCelsius: celsius },
    ...{ slopeKpaPerCelsius: slope, saturationKpa, vapourKpa: vapour.kpa },
    ...{ extraterrestrialMegajoules: ra, daylightHours: daylight, clearSkyMegajoules: clear },
    ...{ solarMegajoules: solar, clearness, netShortwaveMegajoules: shortwave },
    ...{ netLongwaveMegajoules: longwave, netMegajoules, soilHeatMegajoules },
    windAt2mMetresPerSecond: windAt2m,
  };
  return { mm: Number.isFinite(mm) ? Math.max(0, mm) : null, terms, vapourFrom: vapour.from };
}

function isTemperatureOnly(weather: DailyWeather): boolean {
  const others = [
    ...[weather.rhMaxPercent, weather.rhMinPercent, weather.rhMeanPercent, weather.dewPointCelsius],
    ...[weather.wetBulb, weather.vapourKpa, weather.windMetresPerSecond],
    ...[weather.solarMegajoules, weather.sunshineHours],
  ];
  return !others.some(isGiven);
}

function byHargreaves(range: Range, ra: number, notes: Notes): number | null {
  const mm = Math.max(0, hargreaves(range, ra));
  if (!Number.isFinite(mm)) return null;
  notes.add('hargreaves', { ...range });
  return mm;
}

/** The month's mean ET0 of this place, mm a day; null where the site states none. */
export function monthlyNormal(site: Site, month: number, notes: Notes): number | null {
  const normal = site.monthlyEt0Mm?.[month - 1];
  if (!isWithin(normal, 0, 20)) return null;
  notes.add('monthly_normal', { month, mm: normal });
  return normal;
}
