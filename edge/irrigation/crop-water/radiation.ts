import type { Edition, Site } from './types.ts';

/** Solar constant, MJ per m² and minute. */
const SOLAR_CONSTANT = 0.082;
const KELVIN_OF_ZERO_CELSIUS = 273.16;
/** Albedo of the reference grass (38 | 3.41). */
const ALBEDO = 0.23;
const STEFAN_BOLTZMANN_DAY = 4.903e-9;
/** As printed: the 2025 text divides another rounding of the day's constant by 24. */
const STEFAN_BOLTZMANN_HOUR = { 'FAO56-1998': 2.043e-10, 'FAO56-2025': 2.041e-10 } as const;

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Day of the year J, 1 to 366, of 'YYYY-MM-DD'. Throws a RangeError on what is no date. */
export function dayOfYear(date: string): number {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const atMs = match ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  // 30 February is parsed as 1 March by some engines, so the way back must give the same.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== date)
    throw new RangeError(`'${date}' is not a date: write it as YYYY-MM-DD`);
  return (atMs - Date.UTC(Number(date.slice(0, 4)), 0, 1)) / 86_400_000 + 1;
}

/** J of a month's 15th, for which the tables and examples of monthly means stand (tables 2.5, 2.6 | A2.5, A2.6). */
export function middleOfMonth(month: number): number {
  return dayOfYear(`2001-${String(month).padStart(2, '0')}-15`);
}

/** Inverse relative distance Earth to Sun dr (23 | 3.20). */
function inverseDistance(day: number): number {
  return 1 + 0.033 * Math.cos((2 * Math.PI * day) / 365);
}

/** Solar declination δ in radians (24 | 3.21). */
function declination(day: number): number {
  return 0.409 * Math.sin((2 * Math.PI * day) / 365 - 1.39);
}

/** Sunset hour angle ωs in radians (25 | 3.22); 0 in the polar night, π under the midnight sun. */
function sunsetAngle(latitude: number, delta: number): number {
  return Math.acos(Math.min(1, Math.max(-1, -Math.tan(latitude) * Math.tan(delta))));
}

/** Extraterrestrial radiation Ra of day J, MJ per m² and day (21 | 3.18). */
export function extraterrestrialOfDay(latitudeDegrees: number, day: number): number {
  const latitude = radians(latitudeDegrees);
  const delta = declination(day);
  const sunset = sunsetAngle(latitude, delta);
  const sine = sunset * Math.sin(latitude) * Math.sin(delta);
  const cosine = Math.cos(latitude) * Math.cos(delta) * Math.sin(sunset);
  return Math.max(0, ((24 * 60) / Math.PI) * SOLAR_CONSTANT * inverseDistance(day) * (sine + cosine));
}

/** Daylight hours N of day J (34 | 3.31). */
export function daylightHours(latitudeDegrees: number, day: number): number {
  return (24 / Math.PI) * sunsetAngle(radians(latitudeDegrees), declination(day));
}

export interface HourOfSun {
  /** Ra, MJ per m² and hour. */
  readonly megajoules: number;
  /** Height of the sun at the middle of the hour, radians. */
  readonly heightRadians: number;
}

/**
 * Extraterrestrial radiation of the hour that begins at `startsAtMs` UTC (28 to 33 | 3.25 to 3.30). The texts count
 * longitudes and time zones westwards from Greenwich; with UTC the time zone falls out.
 */
export function extraterrestrialOfHour(site: Site, startsAtMs: number): HourOfSun {
  const middle = new Date(startsAtMs + 1_800_000);
  // The solar day is that of the place, not of Greenwich.
  const local = new Date(middle.getTime() + site.longitudeDegrees * 240_000);
  const day = Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
  const b = (2 * Math.PI * (day - 81)) / 364;
  const seasonalHours = 0.1645 * Math.sin(2 * b) - 0.1255 * Math.cos(b) - 0.025 * Math.sin(b);
  const sinceMidnightMs = local.getTime() - Math.floor(local.getTime() / 86_400_000) * 86_400_000;
  const solarHours = sinceMidnightMs / 3_600_000 + seasonalHours;
  const angle = wrapped((Math.PI / 12) * (solarHours - 12));
  const latitude = radians(site.latitudeDegrees);
  const delta = declination(day);
  const sunset = sunsetAngle(latitude, delta);
  const [from, to] = [angle - Math.PI / 24, angle + Math.PI / 24].map((omega) =>
    Math.min(sunset, Math.max(-sunset, omega)),
  ) as [number, number];
  const sines = Math.sin(latitude) * Math.sin(delta);
  const cosines = Math.cos(latitude) * Math.cos(delta);
  const sum = (to - from) * sines + cosines * (Math.sin(to) - Math.sin(from));
  return {
    megajoules: Math.max(0, ((12 * 60) / Math.PI) * SOLAR_CONSTANT * inverseDistance(day) * sum),
    heightRadians: Math.asin(Math.min(1, Math.max(-1, sines + cosines * Math.cos(angle)))),
  };
}

/** The equation of time can carry an hour over midnight, and its angle over the end of the circle. */
function wrapped(angle: number): number {
  return angle > Math.PI ? angle - 2 * Math.PI : angle < -Math.PI ? angle + 2 * Math.PI : angle;
}

/** Rs from hours of sunshine, MJ per m² and day (35 | 3.32). */
export function solarFromSunshine(
  { sunshineHours, daylight, ra }: { sunshineHours: number; daylight: number; ra: number },
  { a, b } = { a: 0.25, b: 0.5 },
): number {
  return (a + b * (daylight > 0 ? sunshineHours / daylight : 0)) * ra;
}

/** kRs of a place: fitted, or 0.19 at the coast and 0.16 inland (50 | 3.52). */
export function kRsOf(site: Site): number {
  return site.kRs ?? (site.isCoastal ? 0.19 : 0.16);
}

/** Rs from the range of temperature, MJ per m² and day; never above a clear sky's (50 | 3.52). */
export function solarFromTemperature(
  { tMinCelsius, tMaxCelsius }: { tMinCelsius: number; tMaxCelsius: number },
  site: Site,
  ra: number,
): number {
  const fromRange = kRsOf(site) * Math.sqrt(tMaxCelsius - tMinCelsius) * ra;
  return Math.min(fromRange, clearSky(site.elevationMetres, ra));
}

/** Rso under a clear sky, of the period of `ra` (37 | 3.34). */
export function clearSky(elevationMetres: number, ra: number): number {
  return (0.75 + 2e-5 * elevationMetres) * ra;
}

/** Net shortwave radiation Rns (38 | 3.41). */
export function netShortwave(solar: number): number {
  return (1 - ALBEDO) * solar;
}

interface Longwave {
  readonly vapourKpa: number;
  /** Rs/Rso, 0.3 to 1. */
  readonly clearness: number;
}

/** Net longwave radiation Rnl of a day, MJ per m² (39 | 3.42). */
export function netLongwaveOfDay(
  { tMinCelsius, tMaxCelsius }: { tMinCelsius: number; tMaxCelsius: number },
  sky: Longwave,
): number {
  const fourth =
    ((tMaxCelsius + KELVIN_OF_ZERO_CELSIUS) ** 4 + (tMinCelsius + KELVIN_OF_ZERO_CELSIUS) ** 4) / 2;
  return STEFAN_BOLTZMANN_DAY * fourth * emission(sky);
}

/** Net longwave radiation Rnl of an hour, MJ per m² (39 | 3.42). */
export function netLongwaveOfHour(celsius: number, sky: Longwave, edition: Edition): number {
  return STEFAN_BOLTZMANN_HOUR[edition] * (celsius + KELVIN_OF_ZERO_CELSIUS) ** 4 * emission(sky);
}

function emission({ vapourKpa, clearness }: Longwave): number {
  return (0.34 - 0.14 * Math.sqrt(vapourKpa)) * (1.35 * clearness - 0.35);
}

/** Rs/Rso within what the longwave equation holds for: 0.3 under a dense cover, 1 under a clear sky. */
export function clearnessOf(solar: number, clear: number): number {
  return clear > 0 ? Math.min(1, Math.max(0.3, solar / clear)) : 1;
}
