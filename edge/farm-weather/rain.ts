/** A rain gauge that counts up, in mm. */
export interface RainGauge {
  readonly countedMm: number;
  readonly atMs: number;
}

/** No rain falls faster (mm an hour): what a counter gains beyond it is a fault of the gauge or of its unit. */
const HEAVIEST_MM_PER_HOUR = 250;
/** What may come at once, however short the time between two readings is. */
const ALWAYS_POSSIBLE_MM = 10;

/**
 * Rain since the gauge's last word. A first word counts nothing, for nobody knows since when it counts. A counter that
 * stands lower has begun anew: what it says then has fallen since.
 */
export function rainAfter(
  before: RainGauge | undefined,
  countedMm: number,
  atMs: number,
): { readonly gauge: RainGauge; readonly fallenMm: number } {
  const gauge = { countedMm, atMs };
  if (before === undefined) return { gauge, fallenMm: 0 };
  const fallenMm = countedMm >= before.countedMm ? countedMm - before.countedMm : countedMm;
  const hours = Math.max(0, atMs - before.atMs) / 3_600_000;
  const isPossible = fallenMm <= ALWAYS_POSSIBLE_MM + HEAVIEST_MM_PER_HOUR * hours;
  return { gauge, fallenMm: isPossible ? fallenMm : 0 };
}
