import type { Instant } from './controller/time.ts';

/** The farm's clock: real monotonic time, sped up in the demo's time-lapse. */
export function farmClock(clock: { nowMs(): number; monotonicMs(): number }, speed: number): () => Instant {
  return () => {
    const realMs = clock.monotonicMs();
    return { realMs, farmMs: realMs * speed, atMs: clock.nowMs() };
  };
}
