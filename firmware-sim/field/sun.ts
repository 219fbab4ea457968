/** Where a farm lies. Viet Nam keeps UTC+7 all year (Asia/Ho_Chi_Minh). */
export interface Site {
  readonly latitudeDegrees: number;
  readonly longitudeDegrees: number;
  readonly altitudeMetres: number;
  readonly utcOffsetHours: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SOLAR_CONSTANT_WATTS_PER_M2 = 1367;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Number of the local day since 1970, and the hours since its midnight, 0 to 24. */
export function localTime(atMs: number, site: Site): { day: number; hours: number } {
  const localMs = atMs + site.utcOffsetHours * HOUR_MS;
  const day = Math.floor(localMs / DAY_MS);
  return { day, hours: (localMs - day * DAY_MS) / HOUR_MS };
}

/** When a local day's hour is, in milliseconds since 1970 UTC. */
export function localInstantMs(day: number, hours: number, site: Site): number {
  return day * DAY_MS + (hours - site.utcOffsetHours) * HOUR_MS;
}

/** Month of a local day, 0 for January, and its day of the year, 1 to 366. */
export function calendarOf(day: number): { month: number; dayOfYear: number } {
  const date = new Date(day * DAY_MS);
  const newYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  return { month: date.getUTCMonth(), dayOfYear: day - newYear / DAY_MS + 1 };
}

/**
 * Radiation on a horizontal plane above the atmosphere, W/m²; 0 at night.
 * Declination, inverse distance and seasonal correction as in FAO-56 (2025), equations 3.18 to 3.30.
 */
export function extraterrestrialWattsPerM2(atMs: number, site: Site): number {
  const { day, hours } = localTime(atMs, site);
  const angle = (2 * Math.PI * calendarOf(day).dayOfYear) / 365;
  const declination = 0.409 * Math.sin(angle - 1.39);
  const inverseDistance = 1 + 0.033 * Math.cos(angle);
  const sinElevation =
    Math.sin(radians(site.latitudeDegrees)) * Math.sin(declination) +
    Math.cos(radians(site.latitudeDegrees)) * Math.cos(declination) * Math.cos(hourAngle(hours, angle, site));
  return Math.max(0, SOLAR_CONSTANT_WATTS_PER_M2 * inverseDistance * sinElevation);
}

function hourAngle(localHours: number, yearAngle: number, site: Site): number {
  const b = yearAngle - (2 * Math.PI * 81) / 365;
  const seasonalHours = 0.1645 * Math.sin(2 * b) - 0.1255 * Math.cos(b) - 0.025 * Math.sin(b);
  const longitudeHours = site.longitudeDegrees / 15 - site.utcOffsetHours;
  return (Math.PI / 12) * (localHours + longitudeHours + seasonalHours - 12);
}
