export interface Sample {
  /** Hours of the replayed day so far. */
  readonly hour: number;
  readonly residentMiB: number;
}

/** One line for each hour: the most that was held in it. */
export function curveOf(samples: readonly Sample[]): string[] {
  const most = new Map<number, number>();
  for (const { hour, residentMiB } of samples) {
    const whole = Math.max(1, Math.ceil(hour));
    most.set(whole, Math.max(most.get(whole) ?? 0, residentMiB));
  }
  const highest = Math.max(...most.values());
  return [...most].map(([hour, residentMiB]) => {
    const bar = '█'.repeat(Math.round((40 * residentMiB) / highest));
    return `hour ${String(hour).padStart(2)}  ${residentMiB.toFixed(0).padStart(4)} MiB  ${bar}`;
  });
}

/**
 * By how much the last quarter's median exceeds the second quarter's, in MiB: what grows for ever shows, what is filled
 * once in the beginning does not.
 */
export function growthOf(samples: readonly Sample[], hours: number): number {
  const quarter = (number: number) =>
    samples
      .filter(({ hour }) => hour > ((number - 1) * hours) / 4 && hour <= (number * hours) / 4)
      .map(({ residentMiB }) => residentMiB);
  return median(quarter(4)) - median(quarter(2));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
