import { poisson, seededRandom } from './random.ts';
import { localTime, type Site } from './sun.ts';

const HOUR_MS = 3_600_000;

/**
 * Fruit flies that a trap catches after `fromMs` and up to `toMs`: a Poisson process whose rate follows the hours in
 * which *Bactrocera dorsalis* flies. A function of time and seed, so that parts add up to the whole.
 */
export function fliesBetween(
  trap: string,
  fliesPerDay: number,
  fromMs: number,
  toMs: number,
  seed: number,
  site: Site,
): number {
  let flies = 0;
  for (let hour = Math.floor(fromMs / HOUR_MS); hour * HOUR_MS <= toMs; hour += 1) {
    const random = seededRandom(seed, `${trap} ${hour}`);
    const arriving = poisson(fliesPerDay * activity(localTime(hour * HOUR_MS, site).hours), random);
    for (let fly = 0; fly < arriving; fly += 1) {
      const atMs = (hour + random()) * HOUR_MS;
      if (atMs > fromMs && atMs <= toMs) flies += 1;
    }
  }
  return flies;
}

/** Share of a day's flies in the hour that begins at `hours`: 6:00 to 18:00, most in the morning. The sum is 1. */
function activity(hours: number): number {
  const hour = Math.floor(hours);
  if (hour < 6 || hour >= 18) return 0;
  return hour < 11 ? 0.13 : 0.05;
}
