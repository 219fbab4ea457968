import { type MetricName, metrics } from '@nongtin/broker/wire';
import type { Aggregate, RollupTier, SeriesQuery, Tier, TierMarks } from './store.ts';

const MOST_POINTS = 10_000;
/** Length of a rollup's window. */
const STEP_MS: Record<RollupTier, number> = { '5m': 300_000, '1d': 86_400_000 };

export const NO_ROLLUPS: TierMarks = {
  rawFromMs: Number.NEGATIVE_INFINITY,
  fiveMinutesFromMs: Number.NEGATIVE_INFINITY,
  fiveMinutesToMs: Number.NEGATIVE_INFINITY,
  daysToMs: Number.NEGATIVE_INFINITY,
  zoneOffsetMs: 0,
};

/** A part of the time that one tier answers for. */
export interface PlanPart {
  readonly tier: Tier;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A query cut into windows: the same for every store. */
export interface WindowPlan {
  readonly aggregate: Exclude<Aggregate, 'raw'>;
  /** As asked: no point is dated before it. */
  readonly fromMs: number;
  /** Start of the first window; with 'increase' of one before it, whose last value the first step begins at. */
  readonly originMs: number;
  readonly windowMs: number;
  readonly limit: number;
  /** In the order of time, without gaps. */
  readonly parts: readonly PlanPart[];
}

export interface ReadingsPlan {
  readonly aggregate: 'raw';
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** Throws a RangeError when the times are none. */
export function planQuery(query: SeriesQuery, marks: TierMarks = NO_ROLLUPS): WindowPlan | ReadingsPlan {
  const fromMs = Math.floor(query.fromMs);
  const toMs = Math.ceil(query.toMs);
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs)) {
    throw new RangeError(`a query needs two times in milliseconds, not ${query.fromMs} and ${query.toMs}`);
  }
  const limit = Math.min(Math.max(1, Math.trunc(query.maxPoints) || 1), MOST_POINTS);
  const aggregate = query.aggregate ?? usualAggregate(query.metric);
  if (aggregate === 'raw') return { aggregate, fromMs, toMs, limit };
  const tier = tierFor(fromMs, Math.ceil((toMs - fromMs) / limit), marks);
  const stepMs = tier === 'raw' ? 1 : STEP_MS[tier];
  const startMs = tier === 'raw' ? fromMs : floorTo(tier, fromMs, marks.zoneOffsetMs);
  const windowMs = stepMs * Math.max(1, Math.ceil((toMs - startMs) / limit / stepMs));
  const originMs = aggregate === 'increase' ? startMs - windowMs : startMs;
  return { aggregate, fromMs, originMs, windowMs, limit, parts: partsOf(tier, originMs, toMs, marks) };
}

/** Start of the tier's window that holds this time. */
export function floorTo(tier: RollupTier, atMs: number, zoneOffsetMs: number): number {
  const stepMs = STEP_MS[tier];
  const shiftMs = tier === '1d' ? zoneOffsetMs : 0;
  return Math.floor((atMs + shiftMs) / stepMs) * stepMs - shiftMs;
}

/** The coarsest that is fine enough, or coarser where the finer one is gone. */
function tierFor(fromMs: number, idealMs: number, marks: TierMarks): Tier {
  const days = marks.daysToMs > fromMs;
  const fiveMinutes = marks.fiveMinutesToMs > fromMs;
  if (days && (idealMs >= STEP_MS['1d'] || fromMs < marks.fiveMinutesFromMs)) return '1d';
  return fiveMinutes && (idealMs >= STEP_MS['5m'] || fromMs < marks.rawFromMs) ? '5m' : 'raw';
}

function partsOf(tier: Tier, fromMs: number, toMs: number, marks: TierMarks): PlanPart[] {
  const daysTo = tier === '1d' ? Math.min(marks.daysToMs, toMs) : fromMs;
  const fiveMinutesTo = tier === 'raw' ? fromMs : Math.min(marks.fiveMinutesToMs, toMs);
  const parts: PlanPart[] = [
    { tier: '1d', fromMs, toMs: daysTo },
    { tier: '5m', fromMs: Math.max(fromMs, daysTo), toMs: fiveMinutesTo },
    { tier: 'raw', fromMs: Math.max(fromMs, daysTo, fiveMinutesTo), toMs },
  ];
  return parts.filter((part) => part.fromMs < part.toMs);
}

function usualAggregate(metric: MetricName): Aggregate {
  const { aggregate } = metrics[metric];
  return aggregate === 'counter' ? 'last' : aggregate;
}
