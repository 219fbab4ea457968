/** What a rain gauge that counts up has said, mm, and when. */
interface Standing {
  readonly countedMm: number;
  readonly atMs: number;
}

/** A rain gauge by its counter: the standing from which rain is counted on. */
export interface RainGauge extends Standing {
  /** A standing that no rain explains: the next word tells whether the gauge goes on from there. */
  readonly doubted?: Standing;
  /** The standing before the counter began anew, while it has not counted on since: it may come back. */
  readonly earlier?: Standing;
}

/** No rain falls faster (mm an hour): what a counter gains beyond it is a fault of the gauge or of its unit. */
const HEAVIEST_MM_PER_HOUR = 250;
/** What may come at once, however short the time between two readings is. */
const ALWAYS_POSSIBLE_MM = 10;
/** Rounding and a switch that bounces: a counter that stands lower by no more has not begun anew. */
const HAIR_MM = 1;
/** A counter that began anew stands low: under this share of before, or with no more than may come at once. */
const SHARE_OF_ANEW = 0.2;
/** An earlier standing has come back when the counter says no more than this above it; else that much fell since. */
const SHARE_OF_RETURN = 1.2;
/** After longer it is a storm over a counter that begins anew each day. */
const LATEST_RETURN_MS = 6 * 3_600_000;

/**
 * Rain since the gauge's last word, mm. A first word counts nothing, for nobody knows since when it counts. A counter that
 * stands at next to nothing has begun anew: what it says then has fallen since. Any other step that rain does not explain
 * counts nothing, and the counter is followed there only when its next word goes on from it.
 */
export function rainAfter(
  before: RainGauge | undefined,
  countedMm: number,
  atMs: number,
): { readonly gauge: RainGauge; readonly fallenMm: number } {
  const word = { countedMm, atMs };
  if (before === undefined) return { gauge: word, fallenMm: 0 };
  const { doubted, earlier, ...base } = before;
  const isBack =
    earlier !== undefined &&
    countedMm <= SHARE_OF_RETURN * earlier.countedMm &&
    atMs - earlier.atMs <= LATEST_RETURN_MS;
  const from = [base, doubted, isBack ? earlier : undefined]
    .filter((standing) => standing !== undefined && goesOnFrom(standing, word))
    .reduce((least, standing) => (gain(standing, word) < gain(least, word) ? standing : least), undefined);
  if (from !== undefined) {
    const fallenMm = gain(from, word);
    const gauge = { countedMm: Math.max(countedMm, from.countedMm), atMs };
    if (from === doubted) return { gauge: { ...gauge, earlier: base }, fallenMm };
    const isStill = from === base && fallenMm === 0 && earlier !== undefined;
    return { gauge: isStill ? { ...gauge, earlier } : gauge, fallenMm };
  }
  const isAnew = countedMm < Math.max(SHARE_OF_ANEW * base.countedMm, ALWAYS_POSSIBLE_MM);
  if (isAnew && countedMm < base.countedMm && isPossible(countedMm, base, word))
    return { gauge: { ...word, earlier: base }, fallenMm: countedMm };
  return { gauge: { ...before, doubted: word }, fallenMm: 0 };
}

/** mm from one standing to the next; Infinity from none. */
function gain(from: Standing | undefined, to: Standing): number {
  return from === undefined ? Number.POSITIVE_INFINITY : Math.max(0, to.countedMm - from.countedMm);
}

function goesOnFrom(from: Standing, to: Standing): boolean {
  const lowestMm = Math.max(from.countedMm - HAIR_MM, SHARE_OF_ANEW * from.countedMm);
  return to.countedMm >= lowestMm && isPossible(gain(from, to), from, to);
}

function isPossible(fallenMm: number, from: Standing, to: Standing): boolean {
  const hours = Math.max(0, to.atMs - from.atMs) / 3_600_000;
  return fallenMm <= ALWAYS_POSSIBLE_MM + HEAVIEST_MM_PER_HOUR * hours;
}
