import type { WindowPlan } from './plan.ts';
import type { SeriesPoint } from './store.ts';
import { merge, type Summary, spokenFor, stepOf } from './summary.ts';

/** One series in one window of a plan. Of the summary only what the plan's aggregate needs has to be filled in. */
export interface SeriesWindow {
  /** Start of the window. */
  readonly atMs: number;
  /** Tells series apart that are not one, such as the channels of a device. */
  readonly series: string;
  readonly summary: Summary;
}

/** Start of the plan's window that holds this time. */
export function windowAt({ originMs, windowMs }: WindowPlan, atMs: number): number {
  return originMs + windowMs * Math.floor((atMs - originMs) / windowMs);
}

/** Points of a chart from what each part of the plan has found, in the order of the parts. */
export function pointsOf(plan: WindowPlan, found: readonly (readonly SeriesWindow[])[]): SeriesPoint[] {
  const bySeries = new Map<string, Map<number, Summary>>();
  for (const { atMs, series, summary } of found.flat()) {
    const windows = bySeries.get(series) ?? new Map<number, Summary>();
    const before = windows.get(atMs);
    windows.set(atMs, before === undefined ? summary : merge(before, summary));
    bySeries.set(series, windows);
  }
  if (plan.aggregate === 'increase') for (const windows of bySeries.values()) takeSteps(windows);
  const joined = new Map<number, Summary>();
  for (const [atMs, summary] of [...bySeries.values()].flatMap((windows) => [...windows])) {
    const other = joined.get(atMs);
    joined.set(atMs, other === undefined ? summary : besides(other, summary));
  }
  return [...joined]
    .filter(([atMs]) => plan.aggregate !== 'increase' || atMs > plan.originMs)
    .sort(([a], [b]) => a - b)
    .map(([atMs, summary]) => ({
      atMs: Math.max(atMs, plan.fromMs),
      value: chosenValue(plan.aggregate, summary),
      quality: summary.quality,
    }));
}

/** The step from the last reading that can be believed to a window's first one counts for that window. */
function takeSteps(windows: Map<number, Summary>): void {
  let before: Summary | undefined;
  for (const [atMs, summary] of [...windows].sort(([a], [b]) => a - b)) {
    if (summary.count === 0) continue;
    const step = before === undefined ? 0 : stepOf(before.last, summary.first);
    windows.set(atMs, { ...summary, increase: summary.increase + step });
    before = summary;
  }
}

/** Two series of the same time together: what they gained adds up, and no step leads from one to the other. */
function besides(one: Summary, other: Summary): Summary {
  const [before, after] = one.lastMs <= other.lastMs ? [one, other] : [other, one];
  const together = merge(before, after);
  const alike = before.count > 0 === after.count > 0;
  return alike ? { ...together, increase: one.increase + other.increase } : together;
}

function chosenValue(aggregate: WindowPlan['aggregate'], summary: Summary): number {
  switch (aggregate) {
    case 'mean':
      return summary.sum / spokenFor(summary);
    case 'min':
    case 'max':
    case 'sum':
    case 'last':
    case 'increase':
      return summary[aggregate];
  }
}
