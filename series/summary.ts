import { quality } from '@nongtin/broker/wire';

/**
 * What is kept of the readings of one series in one window: a row of a rollup, and a piece of a chart.
 *
 * A reading whose value cannot be believed (out of range, or jumped) is counted in `flagged` and does not enter the
 * other figures; only where a window holds nothing else (`count` is 0) do they speak of the flagged ones, so that a
 * broken sensor is not taken for a silent one.
 */
export interface Summary {
  /** Believable readings. */
  readonly count: number;
  /** Readings that cannot be believed. */
  readonly flagged: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Values and times of the earliest and the latest one. */
  readonly first: number;
  readonly last: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** How much a counter has gained between the first and the last one. */
  readonly increase: number;
  /** The highest quality bits of all readings, the flagged ones included. */
  readonly quality: number;
}

/** A reading with one of these bits says nothing about the world (docs/decisions/0005). */
export const UNBELIEVABLE = quality.outOfRange | quality.jump;

/** A summary with one reading more, which must not be older than those in it. */
export function withReading(before: Summary | undefined, value: number, bits: number, atMs: number): Summary {
  const flagged = (bits & UNBELIEVABLE) !== 0;
  const alone: Summary = {
    ...{ count: flagged ? 0 : 1, flagged: flagged ? 1 : 0, sum: value, min: value, max: value },
    ...{ first: value, last: value, firstMs: atMs, lastMs: atMs, increase: 0, quality: bits },
  };
  return before === undefined ? alone : merge(before, alone);
}

/** Both together; `before` must not be younger than `after`. Associative, so that windows can be joined in any grouping. */
export function merge(before: Summary, after: Summary): Summary {
  const flagged = before.flagged + after.flagged;
  const quality = Math.max(before.quality, after.quality);
  if (before.count > 0 !== after.count > 0) {
    return { ...(before.count > 0 ? before : after), flagged, quality };
  }
  return {
    count: before.count + after.count,
    flagged,
    sum: before.sum + after.sum,
    min: Math.min(before.min, after.min),
    max: Math.max(before.max, after.max),
    first: before.first,
    last: after.last,
    firstMs: before.firstMs,
    lastMs: after.lastMs,
    increase: before.increase + stepOf(before.last, after.first) + after.increase,
    quality,
  };
}

/** What a counter gains from one reading to the next. One that stands lower than before has begun again at zero. */
export function stepOf(before: number, after: number): number {
  return after >= before ? after - before : after;
}

/** How many readings its figures speak of. */
export function spokenFor({ count, flagged }: Summary): number {
  return count > 0 ? count : flagged;
}
