import { type DegreeDayMethod, degreeDays, type Extremes, type Thresholds } from './degree-days.ts';

/** The extremes of one local day; null: they were not measured, or not for long enough to be believed. */
export interface HeatDay {
  /** Days since 1970-01-01, local. */
  readonly day: number;
  readonly extremes: Extremes | null;
}

export interface HeatSum {
  /** K·d; a lower bound where days are missing. */
  readonly degreeDays: number;
  /** Days whose extremes nobody measured, for which those of the days around them stand. */
  readonly filledDays: readonly number[];
  /** Days that count nothing, for the gap is too long to say. */
  readonly missingDays: readonly number[];
  /** K·d a day, of the last measured week: what a forecast may go on with. Null: nothing was measured. */
  readonly recentPerDay: number | null;
}

/** In the tropics a day is much like the day before; after more than these nobody knows what the weather was. */
const LONGEST_FILLED_DAYS = 3;
const RECENT_DAYS = 7;

/**
 * Sum of degree-days from the biofix to a day, both included. A gap of up to three days takes the mean of the days at its two sides;
 * a longer one, or one without a measured day at each side, counts nothing and is named (Zalom 1983: a sum with days left out is of
 * no use unless one knows so).
 */
export function heatSum(
  days: readonly HeatDay[],
  { fromDay, toDay }: { readonly fromDay: number; readonly toDay: number },
  thresholds: Thresholds,
  method: DegreeDayMethod,
): HeatSum {
  const byDay = heatByDay(days, { fromDay, toDay }, thresholds, method);
  const dayNumbers = (of: HeatOfDay['is']) => byDay.flatMap(({ day, is }) => (is === of ? [day] : []));
  // Also of days before the biofix: it is how warm the place is.
  const recent = days.flatMap(({ day, extremes }) =>
    extremes !== null && day <= toDay && day > toDay - RECENT_DAYS
      ? [degreeDays(extremes, thresholds, method)]
      : [],
  );
  return {
    degreeDays: total(byDay.map((one) => one.degreeDays)),
    filledDays: dayNumbers('filled'),
    missingDays: dayNumbers('missing'),
    recentPerDay: recent.length === 0 ? null : total(recent) / recent.length,
  };
}

/** What one day adds: 0 where it is missing. */
export interface HeatOfDay {
  readonly day: number;
  readonly degreeDays: number;
  readonly is: 'measured' | 'filled' | 'missing';
}

/** The same, day by day, as `heatSum` adds it up. */
export function heatByDay(
  days: readonly HeatDay[],
  { fromDay, toDay }: { readonly fromDay: number; readonly toDay: number },
  thresholds: Thresholds,
  method: DegreeDayMethod,
): HeatOfDay[] {
  const measured = new Map<number, number>();
  for (const { day, extremes } of days)
    if (extremes !== null) measured.set(day, degreeDays(extremes, thresholds, method));
  const told: HeatOfDay[] = [];
  for (let day = fromDay; day <= toDay; day++) {
    const known = measured.get(day);
    const value = known ?? between(measured, day);
    if (value === null) told.push({ day, degreeDays: 0, is: 'missing' });
    else told.push({ day, degreeDays: value, is: known === undefined ? 'filled' : 'measured' });
  }
  return told;
}

/** Mean of the measured days at both sides of a short gap; null where it is long or has one side only. */
function between(measured: ReadonlyMap<number, number>, day: number): number | null {
  let before = day;
  while (!measured.has(before) && day - before <= LONGEST_FILLED_DAYS) before--;
  let after = day;
  while (!measured.has(after) && after - before <= LONGEST_FILLED_DAYS) after++;
  const left = measured.get(before);
  const right = measured.get(after);
  return left === undefined || right === undefined ? null : (left + right) / 2;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
