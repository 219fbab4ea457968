export const DAY_MS = 86_400_000;
/** Length of a row of each rollup. */
export const STEP_MS = { '5m': 300_000, '1d': DAY_MS } as const;
/** How long readings and rows are kept; days are kept for ever. */
export const KEPT_MS = { raw: 90 * DAY_MS, '5m': 730 * DAY_MS } as const;

/** Start of the window of five minutes that holds this time. */
export function windowOf(atMs: number): number {
  return Math.floor(atMs / STEP_MS['5m']) * STEP_MS['5m'];
}

/** Start of the farm's day that holds this time. */
export function dayOf(atMs: number, zoneOffsetMs: number): number {
  return Math.floor((atMs + zoneOffsetMs) / DAY_MS) * DAY_MS - zoneOffsetMs;
}
