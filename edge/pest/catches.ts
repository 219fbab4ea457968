/** What one trap has caught between two looks at it, by a device or by a person. */
export interface Catch {
  readonly trap: string;
  /** UTC ms; the look before, or when it was set up or emptied. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Local days as numbers, days since 1970-01-01. */
export interface LocalDays {
  dayOf(atMs: number): number;
  /** UTC ms of its midnight. */
  startOf(day: number): number;
}

export interface TrapDay {
  readonly day: number;
  /** Null: nobody looked for most of that day. */
  readonly caught: number | null;
  /** The look was over several days, to which its catch is spread evenly. */
  readonly isSpread: boolean;
}

/** Less than this of a day tells nothing of it. */
const LEAST_COVERED = 0.5;

/**
 * A device counts up and begins again at 0 when it is emptied or loses its power; what it shows then has been caught since. Readings
 * are of one trap, in the order of time; the first says only where it stands.
 */
export function catchesOfCounter(
  trap: string,
  readings: readonly { readonly atMs: number; readonly total: number }[],
): Catch[] {
  return readings.slice(1).flatMap(({ atMs, total }, index) => {
    const before = readings[index];
    if (before === undefined || atMs <= before.atMs) return [];
    const count = total >= before.total ? total - before.total : total;
    return { trap, fromMs: before.atMs, toMs: atMs, count };
  });
}

/** Of one trap, day by day; looks at other times than midnight are shared out by time. */
export function trapDays(
  catches: readonly Catch[],
  { fromDay, toDay }: { readonly fromDay: number; readonly toDay: number },
  days: LocalDays,
): TrapDay[] {
  const known = new Map<number, { caught: number; coveredMs: number; isSpread: boolean }>();
  for (const { fromMs, toMs, count } of catches) {
    const [first, last] = [days.dayOf(fromMs), days.dayOf(toMs - 1)];
    for (let day = Math.max(first, fromDay); day <= Math.min(last, toDay); day++) {
      const ms = Math.min(days.startOf(day + 1), toMs) - Math.max(days.startOf(day), fromMs);
      const before = known.get(day) ?? { caught: 0, coveredMs: 0, isSpread: false };
      known.set(day, {
        caught: before.caught + (count * ms) / (toMs - fromMs),
        coveredMs: before.coveredMs + ms,
        isSpread: before.isSpread || last - first > 1,
      });
    }
  }
  const found: TrapDay[] = [];
  for (let day = fromDay; day <= toDay; day++) {
    const one = known.get(day);
    const dayMs = days.startOf(day + 1) - days.startOf(day);
    if (one === undefined || one.coveredMs < LEAST_COVERED * dayMs) {
      found.push({ day, caught: null, isSpread: false });
      continue;
    }
    // A day of which a part is not known is taken to go on as its known part.
    const caught = (one.caught * dayMs) / Math.min(one.coveredMs, dayMs);
    found.push({ day, caught, isSpread: one.isSpread });
  }
  return found;
}

/**
 * Insects a trap and day (FTD, IAEA Trapping guidelines 2013): what all traps have caught by the days on which they were looked after.
 * Null where no day of any trap is known.
 */
export function perTrapAndDay(traps: readonly (readonly TrapDay[])[]): number | null {
  const known = traps.flat().flatMap(({ caught }) => (caught === null ? [] : [caught]));
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
}
