import { type Metric, quality } from '@nongtin/broker/wire';
import { judge, newSeriesHistory, type SeriesHistory } from './quality.ts';

/** Before this, a device's clock was never set (2020-01-01 UTC). */
const FIRST_CREDIBLE_MS = Date.UTC(2020, 0, 1);
/** While our own clock cannot judge: what no device of ours lives to see (2100-01-01 UTC). */
const LAST_CREDIBLE_MS = Date.UTC(2100, 0, 1);
const AHEAD_MS = 2 * 60_000;
const LATE_MS = 10 * 60_000;

/**
 * Whether the device's time can be when it was observed. A message that carries one can be told from any other.
 * A clock of ours that is not trusted is no judge of the future: the device's own may be the one that is right.
 */
export function isCredible(
  observedAtMs: number | undefined,
  receivedAtMs: number,
  isClockTrusted = true,
): observedAtMs is number {
  if (observedAtMs === undefined || !(observedAtMs >= FIRST_CREDIBLE_MS)) return false;
  return isClockTrusted ? observedAtMs <= receivedAtMs + AHEAD_MS : observedAtMs < LAST_CREDIBLE_MS;
}

/** Whether the device's time lies so far back that the device kept the message, or that its clock stands still. */
export function isLate(observedAtMs: number, receivedAtMs: number): boolean {
  return observedAtMs < receivedAtMs - LATE_MS;
}

export interface DeviceTime {
  readonly timeGiven: boolean;
  readonly observedAtMs?: number | undefined;
}

/** When a reading was observed, and what speaks against it. */
export interface Observation {
  /** Milliseconds since 1970 UTC, or of the provisional clock. */
  readonly atMs: number;
  /** Bits of `quality`. */
  readonly bits: number;
}

/** What is remembered of one series; changed in place by `observe`. */
export interface SeriesState extends SeriesHistory {
  /** NaN: the device has not told one. */
  lastDeviceMs: number;
  atMs: number;
  bits: number;
}

export function newSeriesState(): SeriesState {
  return { ...newSeriesHistory(), lastDeviceMs: Number.NaN, atMs: 0, bits: 0 };
}

/**
 * One reading of a series: its time and its flags. The answer is the state itself, so read it before the next call.
 * Against a clock of ours that is not trusted, times are judged provisionally: a device's time is kept (never replaced
 * by the receive time because it lies ahead), and judged again when the boot is dated.
 */
export function observe(
  state: SeriesState,
  metric: Metric,
  value: number,
  time: DeviceTime,
  receivedAtMs: number,
  isClockTrusted = true,
): Observation {
  const { observedAtMs } = time;
  let bits: number = isClockTrusted ? quality.good : quality.clockUncertain;
  let atMs = receivedAtMs;
  let isDeviceTime = false;
  if (isCredible(observedAtMs, receivedAtMs, isClockTrusted)) {
    if (observedAtMs === state.lastDeviceMs) bits |= quality.deviceTimeRepeated;
    else {
      atMs = observedAtMs;
      isDeviceTime = isClockTrusted;
    }
    state.lastDeviceMs = observedAtMs;
    if (isLate(observedAtMs, receivedAtMs)) bits |= quality.late;
    else if (isAhead(observedAtMs, receivedAtMs)) bits |= quality.fromFuture;
  } else if (isAhead(observedAtMs, receivedAtMs)) bits |= quality.fromFuture;
  else if (time.timeGiven) bits |= quality.deviceTimeInvalid;
  state.bits = bits | judge(state, metric, value, atMs, isDeviceTime);
  state.atMs = atMs;
  return state;
}

function isAhead(observedAtMs: number | undefined, receivedAtMs: number): boolean {
  return observedAtMs !== undefined && observedAtMs > receivedAtMs + AHEAD_MS;
}
