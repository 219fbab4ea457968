/** One zone's good readings of an hour. */
interface Hour {
  readonly startMs: number;
  readonly sum: number;
  readonly count: number;
}

const HOUR_MS = 3_600_000;
/** A day's last word of a probe is the median of so many hours, so that no single reading decides. */
const HOURS = 4;
export const LOOK_BACK_MS = HOURS * HOUR_MS;
/** Of those at least so many must have spoken. */
const ENOUGH_HOURS = 2;
const KEPT_HOURS = 12;
/** A step or two of what a probe can tell apart, m³/m³. */
const LEAST_CHANGE = 0.002;

/** What soil probes have said in the last hours, by zone; readings fit for control only. */
export class ProbeHours {
  readonly #hours = new Map<string, Hour[]>();

  add(zone: string, soilMoisture: number, atMs: number): void {
    const startMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
    const hours = this.#hours.get(zone) ?? [];
    const last = hours.at(-1);
    if (last?.startMs === startMs)
      hours[hours.length - 1] = { startMs, sum: last.sum + soilMoisture, count: last.count + 1 };
    else hours.push({ startMs, sum: soilMoisture, count: 1 });
    this.#hours.set(zone, hours.slice(-KEPT_HOURS));
  }

  /** Median of the hours before a moment, m³/m³; undefined when the probe was silent. */
  before(zone: string, atMs: number): number | undefined {
    const means = (this.#hours.get(zone) ?? [])
      .filter(({ startMs }) => startMs >= atMs - LOOK_BACK_MS && startMs < atMs)
      .map(({ sum, count }) => sum / count)
      .sort((a, b) => a - b);
    if (means.length < ENOUGH_HOURS) return undefined;
    const middle = means.length >> 1;
    const [low, high] = [means[middle - 1] ?? 0, means[middle] ?? 0];
    return means.length % 2 === 1 ? high : (low + high) / 2;
  }

  /** Whether it said more than one thing in the half day before: one that hangs does not. */
  isMoving(zone: string, atMs: number): boolean {
    const means = (this.#hours.get(zone) ?? [])
      .filter(({ startMs }) => startMs >= atMs - KEPT_HOURS * HOUR_MS && startMs < atMs)
      .map(({ sum, count }) => sum / count);
    return means.length >= ENOUGH_HOURS && Math.max(...means) - Math.min(...means) >= LEAST_CHANGE;
  }

  /** Another probe, or none. */
  forget(zone: string): void {
    this.#hours.delete(zone);
  }
}
