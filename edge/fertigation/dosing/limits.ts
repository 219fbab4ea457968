import type { Instant } from '../../irrigation/time.ts';
import type { Given, Session, TankConfig } from './types.ts';

const HALF_DAY_MS = 12 * 3_600_000;
/** No local day is as long; asking for the day of each of a season's doses would take longer than all else. */
const LONGEST_DAY_MS = 27 * 3_600_000;

export type DayOf = (atMs: number) => string;

/** What limits count of what was booked: where the level has shown that the pump gives less, its calibration may be right after all. */
export function worstOf(millilitres: number, rateFactor: number | undefined): number {
  return millilitres * Math.max(1, 1 / (rateFactor ?? 1));
}

/** The same of an earlier dose, by a stocktake since. */
function countedOf({ millilitres, atMs }: Given, { undercounted = [] }: CountedTank): number {
  const found = undercounted.find(({ fromMs, toMs }) => atMs > fromMs && atMs <= toMs);
  return millilitres * Math.max(1, found?.ratio ?? 1);
}

type CountedTank = Pick<TankConfig, 'id' | 'undercounted'>;

/**
 * What a tank has given of the day's limit, mL. A dose counts on its own local day; and for half a day by the clock that never
 * jumps, so that a clock that is put forward gives nobody a second day's worth. One dated in the future counts as of today: the
 * clock went back, and nobody knows how far.
 */
export function givenToday(given: readonly Given[], tank: CountedTank, now: Instant, dayOf: DayOf): number {
  let newestMs = now.atMs;
  for (const { atMs } of given) newestMs = Math.max(newestMs, atMs);
  const days = new Set([dayOf(now.atMs), dayOf(newestMs)]);
  const isNear = (atMs: number) =>
    Math.abs(atMs - now.atMs) < LONGEST_DAY_MS || Math.abs(atMs - newestMs) < LONGEST_DAY_MS;
  let sum = 0;
  for (const one of given) {
    if (one.tank !== tank.id) continue;
    const { atMs, realMs } = one;
    const isLately = realMs !== null && now.realMs - realMs < HALF_DAY_MS;
    if (isLately || (isNear(atMs) && days.has(dayOf(atMs)))) sum += countedOf(one, tank);
  }
  return sum;
}

/** What the tank may still be booked with now by all its limits, mL; and the limit that binds. */
export function leftOf(
  tank: TankConfig,
  session: Session,
  earlierToday: number,
): { readonly millilitres: number; readonly limit: 'run' | 'day' | 'tank' } {
  const worst = worstOf(1, tank.rateFactor);
  const given = (session.given[tank.id] ?? 0) * worst;
  const left = [
    { limit: 'run' as const, millilitres: tank.perRunMillilitres - given },
    { limit: 'day' as const, millilitres: tank.perDayMillilitres - earlierToday - given },
    { limit: 'tank' as const, millilitres: (tank.leftMillilitres ?? Number.POSITIVE_INFINITY) - given },
  ];
  const { limit, millilitres } = left.reduce((least, one) =>
    one.millilitres < least.millilitres ? one : least,
  );
  return { limit, millilitres: millilitres / worst };
}
