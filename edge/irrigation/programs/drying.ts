import { localDay, minuteOfDay } from './calendar.ts';

/** Between these local hours nearly all of a day's evapotranspiration happens. */
const FROM_MINUTES = 6 * 60;
const LENGTH_MINUTES = 12 * 60;

/**
 * How many days' worth of evapotranspiration lies between two moments: nothing at night, most at noon, as the sun's half wave
 * has it. From five in the morning to four in the afternoon a soil loses nearly a whole day's water, not eleven hours' of it.
 */
export function dryingDays(timeZone: string, fromMs: number, toMs: number): number {
  return dryingUntil(timeZone, toMs) - dryingUntil(timeZone, fromMs);
}

function dryingUntil(timeZone: string, atMs: number): number {
  const phase = (minuteOfDay(timeZone, atMs) - FROM_MINUTES) / LENGTH_MINUTES;
  const share = (1 - Math.cos(Math.PI * Math.min(1, Math.max(0, phase)))) / 2;
  return localDay(timeZone, atMs) + share;
}
