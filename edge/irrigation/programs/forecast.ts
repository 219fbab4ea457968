/** Rain that somebody expects, hour by hour. */
export interface Forecast {
  /** UTC ms: when it was made, or fetched. */
  readonly issuedAtMs: number;
  readonly hours: readonly {
    readonly startMs: number;
    readonly rainMm: number;
    /** 0 to 1; null: not stated. */
    readonly probability: number | null;
  }[];
}

const HOUR_MS = 3_600_000;
const STALE_MS = 24 * HOUR_MS;
/** A forecast of the future is one whose clock, or ours, is wrong. */
const AHEAD_MS = HOUR_MS;

export function isStale({ issuedAtMs }: Forecast, nowMs: number): boolean {
  return nowMs - issuedAtMs > STALE_MS || issuedAtMs - nowMs > AHEAD_MS;
}

/**
 * Rain (mm) expected between two moments, each hour's weighed with its probability where one is stated. Null when the
 * forecast is older than 24 h or says nothing of any of that time.
 */
export function expectedRainMm(
  forecast: Forecast,
  fromMs: number,
  toMs: number,
  nowMs: number,
): number | null {
  if (isStale(forecast, nowMs)) return null;
  let sum: number | null = null;
  for (const { startMs, rainMm, probability } of forecast.hours) {
    const overlapMs = Math.min(toMs, startMs + HOUR_MS) - Math.max(fromMs, startMs);
    if (overlapMs > 0) sum = (sum ?? 0) + (overlapMs / HOUR_MS) * rainMm * (probability ?? 1);
  }
  return sum;
}
