import { type Metric, quality } from '@nongtin/broker/wire';

/**
 * What one series' own past says about its next reading: did it jump, does it stand still, did its counter begin anew?
 * Called for every reading, hundreds of thousands a second: numbers in place, nothing allocated.
 */
export interface SeriesHistory {
  /** The newest reading that was believed; NaN before the first: the first reading after a start never jumps. */
  believed: number;
  believedAtMs: number;
  /** A level the sensor has jumped to, and how many readings in a row have stood by it. */
  step: number;
  stepAtMs: number;
  stepCount: number;
  /** The value that has not moved, since when, and when it was last seen. */
  still: number;
  stillSinceMs: number;
  stillAtMs: number;
  /** A counter's highest standing since it last began anew; NaN before the first. */
  counted: number;
  /** The device's own time of it; -Infinity when only we dated it. */
  countedAtMs: number;
}

export function newSeriesHistory(): SeriesHistory {
  return {
    believed: Number.NaN,
    believedAtMs: 0,
    step: Number.NaN,
    stepAtMs: 0,
    stepCount: 0,
    still: Number.NaN,
    stillSinceMs: 0,
    stillAtMs: 0,
    counted: Number.NaN,
    countedAtMs: Number.NEGATIVE_INFINITY,
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A new level is believed with this reading: the probe was moved, or the water has reached it. */
const READINGS_OF_A_STEP = 3;
/** Of a sensor that is silent for longer than this part of `flatHours`, nobody knows whether it stood still. */
const GAPS_OF_A_FLAT_LINE = 8;
/** What adding and subtracting decimal fractions in binary may leave over. */
const ROUNDING = 1e-9;

/** Flags of one reading, and remembers it. `isDeviceTime`: `atMs` is the device's own, so readings may come unordered. */
export function judge(
  history: SeriesHistory,
  metric: Metric,
  value: number,
  atMs: number,
  isDeviceTime: boolean,
): number {
  if (!(value >= metric.min && value <= metric.max)) return quality.outOfRange;
  let bits: number = quality.good;
  if (metric.maxPerMinute !== undefined && jumps(history, metric.maxPerMinute, value, atMs))
    bits |= quality.jump;
  if (metric.flatHours !== undefined && standsStill(history, metric.flatHours * HOUR_MS, value, atMs))
    bits |= quality.flatLine;
  if (metric.aggregate === 'counter' && beganAnew(history, value, isDeviceTime ? atMs : undefined))
    bits |= quality.counterReset;
  return bits;
}

/**
 * Whether the value moved faster than it can since the last believed one. Within a minute the whole of a minute's
 * change is allowed, so that the noise of two readings a second apart is no jump.
 */
function jumps(history: SeriesHistory, perMinute: number, value: number, atMs: number): boolean {
  const isFirst = Number.isNaN(history.believed);
  if (!isFirst && !isReachable(history.believed, history.believedAtMs, perMinute, value, atMs)) {
    const stands = isReachable(history.step, history.stepAtMs, perMinute, value, atMs);
    history.stepCount = stands ? history.stepCount + 1 : 1;
    history.step = value;
    history.stepAtMs = atMs;
    if (history.stepCount < READINGS_OF_A_STEP) return true;
  }
  history.believed = value;
  history.believedAtMs = atMs;
  history.step = Number.NaN;
  history.stepCount = 0;
  return false;
}

function isReachable(from: number, fromMs: number, perMinute: number, value: number, atMs: number): boolean {
  const minutes = Math.max(1, Math.abs(atMs - fromMs) / MINUTE_MS);
  // False for NaN: nothing is reachable from nowhere.
  return Math.abs(value - from) <= perMinute * minutes * (1 + ROUNDING) + ROUNDING;
}

/** Whether the value has not moved at all for so long, told by a sensor that never fell silent meanwhile. */
function standsStill(history: SeriesHistory, flatMs: number, value: number, atMs: number): boolean {
  const longestGapMs = flatMs / GAPS_OF_A_FLAT_LINE;
  const isGap = Math.abs(atMs - history.stillAtMs) > longestGapMs;
  if (value !== history.still || isGap) {
    history.still = value;
    history.stillSinceMs = atMs;
    history.stillAtMs = atMs;
    return false;
  }
  if (atMs > history.stillAtMs) history.stillAtMs = atMs;
  return atMs - history.stillSinceMs >= flatMs;
}

/** Whether a counter stands lower than before. What was measured earlier and comes late may be lower. */
function beganAnew(history: SeriesHistory, value: number, deviceMs: number | undefined): boolean {
  if (deviceMs !== undefined && deviceMs < history.countedAtMs) return false;
  const isLower = value < history.counted - Math.abs(history.counted) * ROUNDING;
  // What rounding took away must not add up to a counter that sinks unnoticed.
  history.counted = isLower || !(value < history.counted) ? value : history.counted;
  history.countedAtMs = deviceMs ?? Number.NEGATIVE_INFINITY;
  return isLower;
}

/**
 * Flags with which a reading may still be decided upon: they doubt the battery or the counter's past, not the value. An
 * uncertain gateway clock is among them: control asks how long ago a reading came, which the monotonic clock knows
 * without UTC, and a farm without internet must be watered too. A possible duplicate is not: what a device sends again
 * without a time of its own may be hours old.
 */
const FIT = quality.lowBattery | quality.counterReset | quality.clockUncertain;

/** Whether control may use a reading with these quality bits (design, safety rule 4). */
export function isFitForControl(bits: number): boolean {
  return (bits & ~FIT) === 0;
}
