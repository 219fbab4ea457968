import type { Instant } from './time.ts';

/** The farm's clock: real monotonic time, sped up in the demo's time-lapse. */
export function farmClock(clock: { nowMs(): number; monotonicMs(): number }, speed: number): () => Instant {
  return () => {
    const realMs = clock.monotonicMs();
    return { realMs, farmMs: realMs * speed, atMs: clock.nowMs() };
  };
}

/** A time-lapse begins at this local hour: the sun shines, and showers are hours away. The simulated farm does the same. */
const TIME_LAPSE_START_HOURS = 8;
const DAY_MS = 86_400_000;

/**
 * What time of day and year it is on the farm, UTC ms: the wall clock's, and in the demo's time-lapse one that began this
 * morning and is sped up.
 */
export function farmCalendar(
  clock: { nowMs(): number; monotonicMs(): number },
  speed: number,
  utcOffsetMs: number,
): () => number {
  if (speed === 1) return () => clock.nowMs();
  const localMs = clock.nowMs() + utcOffsetMs;
  const firstMs = localMs - (localMs % DAY_MS) + TIME_LAPSE_START_HOURS * 3_600_000 - utcOffsetMs;
  const startedMs = clock.monotonicMs();
  return () => firstMs + (clock.monotonicMs() - startedMs) * speed;
}
