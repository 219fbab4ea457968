import type { MetricName } from '@nongtin/broker/wire';

/**
 * What became of a write. `accepted` is the only one after which the lines need not be sent again:
 *   wait    the store cannot be reached or is busy; the same lines later, not before `retryAfterMs` if it said so
 *   keep    the store is set up wrongly (password, disk); the same lines after a person has acted
 *   split   too much at once; the same lines in smaller parts
 *   reject  at least one line will never be taken; `reason` holds the store's own words, and `dropped` how many lines
 *           it has refused when it said so: it has stored the others
 */
export type WriteOutcome =
  | { outcome: 'accepted' }
  | { outcome: 'wait'; reason: string; retryAfterMs?: number }
  | { outcome: 'reject'; reason: string; dropped?: number }
  | { outcome: 'keep' | 'split'; reason: string };

export type Aggregate = 'raw' | 'mean' | 'min' | 'max' | 'last' | 'sum' | 'increase';

export interface SeriesQuery {
  readonly metric: MetricName;
  readonly device: string;
  /** Absent: all channels of the device together. */
  readonly channel?: string;
  /** From this observation time on. */
  readonly fromMs: number;
  /** Up to but not including this observation time. */
  readonly toMs: number;
  /** The answer is never longer: the time is cut into so many windows of equal length, or fewer. */
  readonly maxPoints: number;
  /**
   * How a window is joined; absent: as the metric asks for. 'raw' gives the newest readings as they are. 'increase' is
   * what a counter gained, resets included; a step counts for the window in which it ends.
   */
  readonly aggregate?: Aggregate;
}

export interface SeriesPoint {
  /** Start of the window, or with 'raw' the observation's time. */
  readonly atMs: number;
  readonly value: number;
  /** Of a window: the highest quality bits in it. */
  readonly quality: number;
}

export interface SeriesName {
  readonly metric: MetricName;
  readonly channel: string;
}

/** How finely readings are kept: as they came, joined to five minutes, joined to the farm's days. */
export type Tier = 'raw' | '5m' | '1d';
export type RollupTier = Exclude<Tier, 'raw'>;

/** Which part of the time each tier can speak for. */
export interface TierMarks {
  /** Older readings may be gone. */
  readonly rawFromMs: number;
  /** Rows of five minutes: from here (older ones may be gone) up to here. */
  readonly fiveMinutesFromMs: number;
  readonly fiveMinutesToMs: number;
  readonly daysToMs: number;
  readonly zoneOffsetMs: number;
}

/** Which rows of a rollup to compute anew. Both times lie on the tier's grid. */
export interface RollupSpan {
  readonly tier: RollupTier;
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent: every device. */
  readonly device?: string;
  /** Where the day begins, east of Greenwich; for '1d'. */
  readonly zoneOffsetMs: number;
}

/** Canonical line protocol (broker/wire), one or many lines: text, or its UTF-8, which is not to be written into. */
export type Lines = string | Uint8Array<ArrayBuffer>;

export function textOf(lines: Lines): string {
  if (typeof lines === 'string') return lines;
  return Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString('utf8');
}

/** Where readings are kept for charts. Writing the same line again changes nothing; what is accepted is seen at once. */
export interface SeriesStore {
  readonly name: 'sqlite' | 'influxdb';
  /**
   * Which store this is, without any login, known once it has started: readers keep a cursor for each, for another one
   * begins empty.
   */
  readonly place: string;
  /** What the same store was called before it had that name. */
  readonly formerPlace?: string;
  start(): Promise<void>;
  /** Never throws for what the store answers. */
  write(lines: Lines): Promise<WriteOutcome>;
  /**
   * Makes durable what was accepted before, rollups included; until then the end of the process loses it. Absent: what is
   * accepted is durable.
   */
  flush?(): Promise<WriteOutcome>;
  /**
   * How often what was accepted and not flushed has been lost since the start: whoever writes begins again where it was
   * at the last flush.
   */
  readonly losses?: number;
  /** Takes the coarsest tier that is fine enough and already there, and what is newer from the finer ones. */
  query(query: SeriesQuery): Promise<SeriesPoint[]>;
  /** What it holds of a device, in no order; the channel is '' where there is only one. */
  seriesOf(device: string): Promise<SeriesName[]>;
  readonly rollups: Rollups;
  stop(): Promise<void>;
}

/** The side of a store that thins readings out with time. */
export interface Rollups {
  /**
   * Computes rows of a rollup anew from the next finer tier and puts them in the place of the old ones; where nothing
   * finer is left, the old row stays. Doing it again changes nothing.
   */
  recompute(span: RollupSpan): Promise<WriteOutcome>;
  /** From now on queries use the rollups as far as these marks say. */
  mark(marks: TierMarks): void;
  /** Deletes some of what is older; whether there is more. A store with retention of its own has nothing to do. */
  forget(tier: Tier, beforeMs: number): Promise<boolean>;
}
