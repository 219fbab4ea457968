import { type MetricName, metrics, quality } from '@nongtin/broker/wire';

/** Before this, a device's clock was never set (2020-01-01 UTC). */
const FIRST_CREDIBLE_MS = Date.UTC(2020, 0, 1);
const AHEAD_MS = 2 * 60_000;
const LATE_MS = 10 * 60_000;
/** Devices × metrics × channels of a large farm, several times over. */
const MOST_SERIES = 50_000;

/** Whether the device's time can be when it was observed. A message that carries one can be told from any other. */
export function isCredible(observedAtMs: number | undefined, receivedAtMs: number): observedAtMs is number {
  return (
    observedAtMs !== undefined && observedAtMs >= FIRST_CREDIBLE_MS && observedAtMs <= receivedAtMs + AHEAD_MS
  );
}

/** Whether the device's time lies so far back that the device kept the message, or that its clock stands still. */
export function isLate(observedAtMs: number, receivedAtMs: number): boolean {
  return observedAtMs < receivedAtMs - LATE_MS;
}

export interface DeviceTime {
  readonly timeGiven: boolean;
  readonly observedAtMs?: number | undefined;
}

/** When each reading was observed, and what speaks against it. Remembers the last device time of each series. */
export class Observations {
  readonly #lastTimes = new Map<string, number>();

  /** The observation's time and quality bits of one reading. */
  of(series: string, metric: MetricName, value: number, time: DeviceTime, receivedAtMs: number) {
    let bits = isInRange(metric, value) ? quality.good : quality.outOfRange;
    let atMs = receivedAtMs;
    if (isCredible(time.observedAtMs, receivedAtMs)) {
      if (this.#isRepeated(series, time.observedAtMs)) bits |= quality.deviceTimeRepeated;
      else atMs = time.observedAtMs;
      if (isLate(time.observedAtMs, receivedAtMs)) bits |= quality.late;
    } else if (time.timeGiven) bits |= quality.deviceTimeInvalid;
    return { atMs, bits };
  }

  #isRepeated(series: string, observedAtMs: number): boolean {
    const last = this.#lastTimes.get(series);
    if (last === observedAtMs) return true;
    if (last === undefined && this.#lastTimes.size >= MOST_SERIES) this.#forgetOldest();
    this.#lastTimes.set(series, observedAtMs);
    return false;
  }

  #forgetOldest(): void {
    for (const series of this.#lastTimes.keys()) {
      this.#lastTimes.delete(series);
      return;
    }
  }
}

function isInRange(metric: MetricName, value: number): boolean {
  const { min, max } = metrics[metric];
  return value >= min && value <= max;
}
