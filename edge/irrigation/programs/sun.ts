import { DAY_MS, type LocalDay, momentOf } from './calendar.ts';
import type { Site } from './conditions.ts';

/**
 * Sunrise and sunset of a local day after the equations of NOAA's solar calculator
 * (https://gml.noaa.gov/grad/solcalc/calcdetails.html), which are those of J. Meeus, Astronomical Algorithms (1991): the
 * upper edge on a flat horizon with the refraction of a standard atmosphere, within a minute up to 72° of latitude. No
 * library is worth its weight for some twenty lines of arithmetic that never change.
 */
const ZENITH_DEGREES = 90.833;
const J2000_MS = Date.UTC(2000, 0, 1, 12);
const CENTURY_MS = 36_525 * DAY_MS;
const MINUTE_MS = 60_000;

export type SunEvent = 'sunrise' | 'sunset';

/** UTC ms; null on a day on which the sun does not rise or set, or when nobody has said where the site is. */
export function sunMoment(event: SunEvent, day: LocalDay, { timeZone, location }: Site): number | null {
  if (!location) return null;
  const { latitude, longitude } = location;
  // Solar noon in minutes of the UTC day, and the UTC day whose solar noon is nearest to this local noon.
  const noonMinutes = (atMs: number) => 720 - 4 * longitude - sunAt(atMs).equationOfTimeMinutes;
  const localNoonMs = momentOf(timeZone, day, 720);
  const utcDay = Math.round((localNoonMs - noonMinutes(localNoonMs) * MINUTE_MS) / DAY_MS);
  const sign = event === 'sunrise' ? -1 : 1;
  let atMs = utcDay * DAY_MS + noonMinutes(localNoonMs) * MINUTE_MS;
  // The sun moves on between noon and the event: each pass takes the place it has at the moment found before.
  for (let pass = 0; pass < 3; pass++) {
    const hourAngle = hourAngleDegrees(latitude, sunAt(atMs).declination);
    if (hourAngle === null) return null;
    atMs = utcDay * DAY_MS + (noonMinutes(atMs) + sign * 4 * hourAngle) * MINUTE_MS;
  }
  return Math.round(atMs);
}

/** Between noon and the sun's edge on the horizon; null: it stays above or below. */
function hourAngleDegrees(latitudeDegrees: number, declination: number): number | null {
  const latitude = radians(latitudeDegrees);
  const cosine =
    Math.cos(radians(ZENITH_DEGREES)) / (Math.cos(latitude) * Math.cos(declination)) -
    Math.tan(latitude) * Math.tan(declination);
  return Math.abs(cosine) > 1 ? null : (Math.acos(cosine) * 180) / Math.PI;
}

/** Declination in radians. */
function sunAt(atMs: number): { declination: number; equationOfTimeMinutes: number } {
  const t = (atMs - J2000_MS) / CENTURY_MS;
  const meanLongitude = radians((280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360);
  const anomaly = radians(357.52911 + t * (35_999.05029 - 0.0001537 * t));
  const eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
  const centre = radians(
    Math.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) +
      Math.sin(2 * anomaly) * (0.019993 - 0.000101 * t) +
      Math.sin(3 * anomaly) * 0.000289,
  );
  const node = radians(125.04 - 1934.136 * t);
  const apparentLongitude = meanLongitude + centre - radians(0.00569 + 0.00478 * Math.sin(node));
  const meanObliquity = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60;
  const obliquity = radians(meanObliquity + 0.00256 * Math.cos(node));
  const y = Math.tan(obliquity / 2) ** 2;
  const equationOfTime =
    y * Math.sin(2 * meanLongitude) -
    2 * eccentricity * Math.sin(anomaly) +
    4 * eccentricity * y * Math.sin(anomaly) * Math.cos(2 * meanLongitude) -
    0.5 * y * y * Math.sin(4 * meanLongitude) -
    1.25 * eccentricity * eccentricity * Math.sin(2 * anomaly);
  return {
    declination: Math.asin(Math.sin(obliquity) * Math.sin(apparentLongitude)),
    equationOfTimeMinutes: (4 * equationOfTime * 180) / Math.PI,
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
