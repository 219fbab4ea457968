import { type MetricName, metrics } from '@nongtin/broker/wire';

/**
 * What became of a write. `accepted` is the only one after which the lines need not be sent again:
 *   wait    the store cannot be reached or is busy; the same lines later
 *   keep    the store is set up wrongly (password, disk); the same lines after a person has acted
 *   split   too much at once; the same lines in smaller parts
 *   reject  at least one line will never be taken; `reason` holds the store's own words
 */
export type WriteOutcome =
  | { outcome: 'accepted' }
  | { outcome: 'wait' | 'keep' | 'reject' | 'split'; reason: string };

export type Aggregate = 'raw' | 'mean' | 'min' | 'max' | 'last' | 'sum';

export interface SeriesQuery {
  readonly metric: MetricName;
  readonly device: string;
  /** Absent: all channels of the device together. */
  readonly channel?: string;
  /** From this observation time on. */
  readonly fromMs: number;
  /** Up to but not including this observation time. */
  readonly toMs: number;
  /** The answer is never longer: the time is cut into so many windows of equal length. */
  readonly maxPoints: number;
  /** How a window is joined; absent: as the metric asks for. 'raw' gives the newest readings as they are. */
  readonly aggregate?: Aggregate;
}

export interface SeriesPoint {
  /** Start of the window, or with 'raw' the observation's time. */
  readonly atMs: number;
  readonly value: number;
  /** Of a window: the highest quality bits in it (of its last reading when the aggregate is 'last'). */
  readonly quality: number;
}

/** Where readings are kept for charts. Writing the same line again changes nothing. */
export interface SeriesName {
  readonly metric: MetricName;
  readonly channel: string;
}

export interface SeriesStore {
  readonly name: 'sqlite' | 'influxdb';
  /** Which store this is, without any login: readers keep a cursor for each, for another one begins empty. */
  readonly place: string;
  start(): Promise<void>;
  /** Takes canonical line protocol (broker/wire), one or many lines. Never throws for what the store answers. */
  write(lines: string): Promise<WriteOutcome>;
  query(query: SeriesQuery): Promise<SeriesPoint[]>;
  /** What it holds of a device, in no order; the channel is '' where there is only one. */
  seriesOf(device: string): Promise<SeriesName[]>;
  stop(): Promise<void>;
}

const MOST_POINTS = 10_000;

/** The bounded shape of a query, the same for every store. */
export interface QueryPlan {
  readonly aggregate: Aggregate;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly windowMs: number;
}

export function planQuery(query: SeriesQuery): QueryPlan {
  const fromMs = Math.floor(query.fromMs);
  const toMs = Math.ceil(query.toMs);
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs)) {
    throw new RangeError(`a query needs two times in milliseconds, not ${query.fromMs} and ${query.toMs}`);
  }
  const limit = Math.min(Math.max(1, Math.trunc(query.maxPoints) || 1), MOST_POINTS);
  return {
    aggregate: query.aggregate ?? usualAggregate(query.metric),
    fromMs,
    toMs,
    limit,
    windowMs: Math.max(1, Math.ceil((toMs - fromMs) / limit)),
  };
}

function usualAggregate(metric: MetricName): Aggregate {
  const { aggregate } = metrics[metric];
  return aggregate === 'counter' ? 'last' : aggregate;
}
