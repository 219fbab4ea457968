import type { LocalDay } from '../programs/calendar.ts';

/** Days before, from which ET0 of an unknown day is made. */
const RECENT_DAYS = 10;
/** What was found of the day itself, not put in its place. */
const FOUND: readonly string[] = ['penman_monteith', 'hargreaves'];

/** ET0 of the last days, mm a day: what stands in where a day cannot be measured. */
export class RecentEt0 {
  /** Those that were really found. */
  readonly #found = new Map<LocalDay, number>();
  #lastKnownMm: number | null = null;

  /** Of a day that is over, and how it was found (DayEt0's method). Days may come again. */
  add(day: LocalDay, mm: number, method: string): void {
    if (FOUND.includes(method)) {
      this.#found.set(day, mm);
      for (const old of this.#found.keys()) if (old < day - RECENT_DAYS) this.#found.delete(old);
      this.#lastKnownMm = this.meanBefore(day + 1);
    } else if (method !== 'monthly_normal') this.#lastKnownMm = mm;
  }

  /** Mean of what was found in the ten days before this one; null: nothing was. */
  meanBefore(day: LocalDay): number | null {
    const recent = [...this.#found].filter(([one]) => one < day && one >= day - RECENT_DAYS);
    return recent.length === 0 ? null : recent.reduce((sum, [, mm]) => sum + mm, 0) / recent.length;
  }

  /** That mean as it last was, however long ago; null: never. */
  lastKnownMm(): number | null {
    return this.#lastKnownMm;
  }
}
