/**
 * What a pump was told to give is not what it gave: hoses wear, a pulse begins late, and of a dose that a restart cut off only bounds
 * are known. The tank knows: what is not in it any more has left it. Between two readings of its level, which a person makes when
 * filling it up, the books are made to agree with it, and the pump's rate for the doses to come with them.
 */

/** mL of one tank that the books hold for one dose; of one that a restart cut off, the middle of what it may have given. */
export interface Booked {
  readonly tank: string;
  readonly millilitres: number;
  /** When it was over. */
  readonly atMs: number;
  /** Of its pump's calibrated rate, by which it was booked. */
  readonly rateFactor: number;
}

/** A tank as a person has read it: what was in it before it was filled up, and after; mL. The same twice: only read. */
export interface LevelReading {
  readonly tank: string;
  readonly atMs: number;
  /** Null: nobody has looked, so nobody knows what had left it by then. */
  readonly beforeMillilitres: number | null;
  readonly afterMillilitres: number;
  /** By so much it may have been read wrong: a mark on a barrel, half a percent of it. */
  readonly errorMillilitres: number;
  /** Of the dose under way: what was booked of it by then. */
  readonly underWayMillilitres: number;
}

/** Into a measuring cup: it has left the tank, and was no dose. */
export interface Cupped {
  readonly tank: string;
  readonly atMs: number;
  readonly millilitres: number;
}

export interface Stocktake {
  readonly tank: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bookedMillilitres: number;
  /** What has left the tank for doses. */
  readonly drawnMillilitres: number;
  /** What is true of what was booked; null: nothing was. */
  readonly ratio: number | null;
  /** What the pump gives of what it was calibrated to give; null: nothing was booked. */
  readonly rateFactor: number | null;
  /** Null: it is believed. A leak, a wrong reading, somebody else's can: the books stay as they are, and a person has to look. */
  readonly doubt: 'too_little_drawn' | 'too_much_drawn' | null;
}

/** A worn or badly calibrated pump is within it. */
export const [LEAST_RATIO, MOST_RATIO] = [0.75, 1.3];
/** Less than so many times the reading's own error tells nothing. */
const LEAST_DRAWN_ERRORS = 20;

/**
 * One for each time between two readings of a tank in which enough has left it, or should have, to be told from the readings' own
 * error; a shorter one is joined to the next.
 */
export function stocktakes(
  levels: readonly LevelReading[],
  booked: readonly Booked[],
  cupped: readonly Cupped[] = [],
): Stocktake[] {
  const takes: Stocktake[] = [];
  for (const tank of new Set(levels.map((level) => level.tank))) {
    const of = <One extends { readonly tank: string }>(list: readonly One[]) =>
      list.filter((one) => one.tank === tank);
    const [its, cups] = [of(booked), of(cupped)];
    const [begin, ...rest] = of(levels).toSorted((a, b) => a.atMs - b.atMs);
    let [first, filledSince] = [begin, 0];
    for (const level of rest) {
      if (first === undefined || level.beforeMillilitres === null) {
        [first, filledSince] = [level, 0];
        continue;
      }
      const time = { fromMs: first.atMs, toMs: level.atMs };
      const left = first.afterMillilitres + filledSince - level.beforeMillilitres;
      const drawn = left - sumOf(cups.filter((cup) => isWithin(cup, time)));
      const between = level.underWayMillilitres - first.underWayMillilitres;
      const doses = its.filter((one) => isWithin(one, time));
      const told = Math.max(Math.abs(drawn), sumOf(doses) + between);
      if (told < LEAST_DRAWN_ERRORS * level.errorMillilitres) {
        filledSince += level.afterMillilitres - level.beforeMillilitres;
        continue;
      }
      takes.push({ tank, ...time, ...judged(drawn, doses, between) });
      [first, filledSince] = [level, 0];
    }
  }
  return takes.toSorted((a, b) => a.toMs - b.toMs);
}

/** `between`: booked of a dose under way at the end, less what was booked before of the one at the beginning. */
function judged(drawnMillilitres: number, doses: readonly Booked[], between: number) {
  const bookedMillilitres = sumOf(doses) + between;
  if (bookedMillilitres <= 0)
    return {
      bookedMillilitres,
      drawnMillilitres,
      ratio: null,
      rateFactor: null,
      doubt: 'too_much_drawn' as const,
    };
  const ratio = drawnMillilitres / bookedMillilitres;
  const byCalibration = doses.reduce((sum, one) => sum + one.millilitres / one.rateFactor, 0);
  const rateUsed = byCalibration > 0 ? sumOf(doses) / byCalibration : 1;
  const doubt = ratio < LEAST_RATIO ? 'too_little_drawn' : ratio > MOST_RATIO ? 'too_much_drawn' : null;
  return { bookedMillilitres, drawnMillilitres, ratio, rateFactor: ratio * rateUsed, doubt } as const;
}

/** By how much a dose of a tank that was over at a moment is wrong in the books; 1 where nobody has taken stock, or nobody believes it. */
export function ratioAt(takes: readonly Stocktake[], tank: string, atMs: number): number {
  return (
    takes.find((take) => take.tank === tank && take.doubt === null && isWithin({ atMs }, take))?.ratio ?? 1
  );
}

/**
 * By how much the rate of a tank's pump differs from its calibration of `calibratedMs`, by the latest stocktake that lies wholly after
 * it. Within the bounds of what is believed: beyond them the pump has to be measured again.
 */
export function rateFactor(takes: readonly Stocktake[], tank: string, calibratedMs: number): number {
  const latest = takes.findLast(
    (take) => take.tank === tank && take.doubt === null && take.fromMs >= calibratedMs,
  );
  return Math.min(MOST_RATIO, Math.max(LEAST_RATIO, latest?.rateFactor ?? 1));
}

function sumOf(amounts: readonly { readonly millilitres: number }[]): number {
  return amounts.reduce((sum, { millilitres }) => sum + millilitres, 0);
}

function isWithin(
  { atMs }: { readonly atMs: number },
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): boolean {
  return atMs > fromMs && atMs <= toMs;
}
