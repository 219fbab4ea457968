import { pressureKpaAt, psychrometricConstant, saturationKpa, saturationSlope } from './air.ts';
import {
  believedCelsius,
  believedDewPoint,
  believedRh,
  believedWind,
  type Vapour,
  vapourFromTmin,
} from './believed.ts';
import { monthlyNormal } from './et0.ts';
import { isGiven, isWithin, Notes } from './notes.ts';
import { penmanMonteithOfHour, soilHeatOfHour } from './penman.ts';
import {
  clearnessOf,
  clearSky,
  dayOfYear,
  extraterrestrialOfDay,
  extraterrestrialOfHour,
  netLongwaveOfHour,
  netShortwave,
} from './radiation.ts';
import type { Edition, Et0, Et0Terms, Site, VapourSource, WeatherHour } from './types.ts';

/** Below this height of the sun (radians) Rs/Rso says little of the clouds, so an earlier hour's is used. */
const LOW_SUN_RADIANS = 0.3;
/** Rs/Rso of a night of which nothing is known: the upper end of what the standard gives for humid climates. */
const ASSUMED_CLEARNESS = 0.6;
/**
 * Clouds beside the sun can send more light than a clear sky, but not more than there is outside the atmosphere: within the
 * hour before or after, since a logger's clock is often that far off.
 */
const OUTSIDE_TOLERANCE = 1.1;
const HOUR_MS = 3_600_000;
/** Pyranometers read a little below or above zero in the dark. */
const DARK_MEGAJOULES = 0.1;

/**
 * ET0 of an hour, mm; slightly negative on some nights. The editions differ by surface resistance and Stefan-Boltzmann's
 * constant. Feed `terms.clearness` back as the next hour's `clearnessBefore`.
 */
export function hourlyEt0(hour: WeatherHour, site: Site, edition: Edition): Et0 {
  const notes = new Notes();
  const told = (terms: Et0Terms, vapourFrom: VapourSource | null = null) => ({
    ...{ edition, substitutions: notes.substitutions, reasons: notes.reasons, vapourFrom, terms },
  });
  const sun = extraterrestrialOfHour(site, hour.startsAtMs);
  const celsius = believedCelsius(hour.tCelsius, notes);
  const vapour = celsius === null ? null : believedHourVapour(hour, { celsius, site }, notes);
  if (celsius !== null && vapour !== null) {
    const { mm, terms } = byPenmanMonteith(hour, { celsius, vapour, sun, site, edition, notes });
    if (Number.isFinite(mm)) return { mm, method: 'penman_monteith', ...told(terms, vapour.from) };
  }
  const share = shareOfDay(site, hour.startsAtMs, sun.megajoules);
  const normal = monthlyNormal(site, share.month, notes);
  if (normal !== null) return { mm: normal * share.ofDay, method: 'monthly_normal', ...told({}) };
  notes.add('nothing_known', { month: share.month });
  return { mm: null, method: 'none', ...told({}) };
}

interface Frame {
  readonly celsius: number;
  readonly vapour: Vapour;
  readonly sun: ReturnType<typeof extraterrestrialOfHour>;
  readonly site: Site;
  readonly edition: Edition;
  readonly notes: Notes;
}

function byPenmanMonteith(hour: WeatherHour, frame: Frame): { mm: number; terms: Et0Terms } {
  const { celsius, vapour, sun, site, edition, notes } = frame;
  const pressureKpa = pressureKpaAt(site.elevationMetres);
  const psychrometric = psychrometricConstant(pressureKpa);
  const saturation = saturationKpa(celsius);
  const slope = saturationSlope(celsius);
  const clear = clearSky(site.elevationMetres, sun.megajoules);
  const { solar, clearness } = believedHourSolar(hour, { sun, clear, site }, notes);
  const shortwave = netShortwave(solar);
  const longwave = netLongwaveOfHour(celsius, { vapourKpa: vapour.kpa, clearness }, edition);
  const netMegajoules = shortwave - longwave;
  const isDay = edition === 'FAO56-1998' ? sun.megajoules > 0 : netMegajoules > 0;
  const soilHeatMegajoules = soilHeatOfHour(netMegajoules, isDay);
  const windAt2m = believedWind(hour, site, notes);
  const air = { slope, psychrometric, netMegajoules, soilHeatMegajoules, celsius, windAt2m };
  const mm = penmanMonteithOfHour({ ...air, saturationKpa: saturation, vapourKpa: vapour.kpa }, edition);
  const terms: Et0Terms = {
    ...{ pressureKpa, psychrometricKpaPerCelsius: psychrometric, tMeanCelsius: celsius },
    ...{ slopeKpaPerCelsius: slope, saturationKpa: saturation, vapourKpa: vapour.kpa },
    ...{ extraterrestrialMegajoules: sun.megajoules, clearSkyMegajoules: clear },
    ...{ solarMegajoules: solar, clearness, netShortwaveMegajoules: shortwave },
    ...{ netLongwaveMegajoules: longwave, netMegajoules, soilHeatMegajoules },
    windAt2mMetresPerSecond: windAt2m,
  };
  return { mm, terms };
}

/** ea of the hour by dew point or humidity (54 | 3.9), else from the day's Tmin; null when none of them is known. */
function believedHourVapour(
  hour: WeatherHour,
  { celsius, site }: { celsius: number; site: Site },
  notes: Notes,
): Vapour | null {
  const saturation = saturationKpa(celsius);
  const dewPoint = believedDewPoint(hour.dewPointCelsius, saturation, notes);
  if (dewPoint !== null) return dewPoint;
  const rh = believedRh(hour.rhPercent, 1, notes);
  if (rh !== null) return { kpa: (saturation * rh) / 100, from: 'rh' };
  const tMin = believedCelsius(hour.tMinCelsius, notes);
  return tMin === null ? null : vapourFromTmin(Math.min(tMin, celsius), site, notes);
}

function believedHourSolar(
  hour: WeatherHour,
  { sun, clear, site }: { sun: ReturnType<typeof extraterrestrialOfHour>; clear: number; site: Site },
  notes: Notes,
): { solar: number; clearness: number } {
  const { solarMegajoules, clearnessBefore } = hour;
  const around = [-HOUR_MS, 0, HOUR_MS].map(
    (offset) => extraterrestrialOfHour(site, hour.startsAtMs + offset).megajoules,
  );
  const most = OUTSIDE_TOLERANCE * Math.max(...around) + DARK_MEGAJOULES;
  const measured = isWithin(solarMegajoules, -DARK_MEGAJOULES, most) ? Math.max(0, solarMegajoules) : null;
  if (measured === null && isGiven(solarMegajoules))
    notes.add('solar_refused', { solarMegajoules, clearSkyMegajoules: clear });
  if (measured !== null && measured > clear + DARK_MEGAJOULES)
    notes.add('solar_above_clear_sky', { solarMegajoules: measured, clearSkyMegajoules: clear });
  const isTelling = sun.heightRadians > LOW_SUN_RADIANS;
  if (measured !== null && isTelling) return { solar: measured, clearness: clearnessOf(measured, clear) };
  const before = isWithin(clearnessBefore, 0, 1.5) ? clearnessOf(clearnessBefore, 1) : null;
  if (measured !== null && before === null && clear > DARK_MEGAJOULES)
    return { solar: measured, clearness: clearnessOf(measured, clear) };
  if (before === null) notes.add('clearness_assumed', { clearness: ASSUMED_CLEARNESS });
  const clearness = before ?? ASSUMED_CLEARNESS;
  if (measured !== null) return { solar: measured, clearness };
  if (clear > 0) notes.add('solar_from_clearness', { clearness });
  return { solar: clearness * clear, clearness };
}

/** Which month it is at the place, and which share of the day's sun the hour has. */
function shareOfDay(site: Site, startsAtMs: number, megajoules: number) {
  const local = new Date(startsAtMs + 1_800_000 + site.longitudeDegrees * 240_000);
  const date = local.toISOString().slice(0, 10);
  const ofDay = extraterrestrialOfDay(site.latitudeDegrees, dayOfYear(date));
  return { month: Number(date.slice(5, 7)), ofDay: ofDay > 0 ? megajoules / ofDay : 1 / 24 };
}
