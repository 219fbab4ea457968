/** Where a trap's counter stood. */
interface Standing {
  readonly atMs: number;
  readonly total: number;
}

/** A trap that counts by itself, between two records. */
export interface Counter {
  /** From when on it is counted, up to `last`; the next record begins there. */
  readonly fromMs: number;
  readonly last: Standing;
  readonly caught: number;
  /** A lower standing that may be a message sent again: the next word tells. */
  readonly doubted?: Standing;
}

/** What becomes a record: caught in [fromMs, untilMs), and where the counter stood then. */
export interface Counted {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly count: number;
  readonly counter: number;
}

const HOUR_MS = 3_600_000;
/** A counter that stands still over a longer silence may have been without power: nobody knows what it missed. */
const LONGEST_SILENCE_MS = 24 * HOUR_MS;
/** A gap that is shorter belongs to the day that it ends. */
const SHORT_GAP_MS = 6 * HOUR_MS;

export function counterFrom(standing: Standing): Counter {
  return { fromMs: standing.atMs, last: standing, caught: 0 };
}

/**
 * One word of it. A message that came before counts nothing. A lower standing is one sent again, or the trap was emptied or lost its
 * power: only the word after it tells, and then what stands there has been caught since. A day's catch is told when the next
 * day's first word comes; a long silence is told apart, and a silence in which nothing was counted not at all.
 */
export function afterWord(
  before: Counter,
  word: Standing,
  dayOf: (atMs: number) => number,
): { readonly counter: Counter; readonly told: readonly Counted[] } {
  const { last, doubted } = before;
  if (word.atMs <= last.atMs) return { counter: before, told: [] };
  const isAnew = word.total < last.total && doubted !== undefined && word.total >= doubted.total;
  if (word.total < last.total && !isAnew) {
    const isOlder = doubted !== undefined && word.atMs <= doubted.atMs;
    return { counter: isOlder ? before : { ...before, doubted: word }, told: [] };
  }
  if (isAnew && doubted !== undefined && word.atMs <= doubted.atMs) return { counter: before, told: [] };
  const gain = isAnew ? word.total : word.total - last.total;
  const gapMs = word.atMs - last.atMs;
  const sofar = toldOf(before);
  if (gapMs > LONGEST_SILENCE_MS) {
    const missed = { fromMs: last.atMs, untilMs: word.atMs, count: gain, counter: word.total };
    return { counter: counterFrom(word), told: [...sofar, ...(gain > 0 ? [missed] : [])] };
  }
  const next = { fromMs: before.fromMs, last: word, caught: before.caught + gain };
  if (dayOf(word.atMs) === dayOf(before.fromMs)) return { counter: next, told: [] };
  if (gapMs <= SHORT_GAP_MS || sofar.length === 0) return { counter: counterFrom(word), told: toldOf(next) };
  const gap = { fromMs: last.atMs, last: word, caught: gain };
  return { counter: counterFrom(word), told: [...sofar, ...toldOf(gap)] };
}

function toldOf({ fromMs, last, caught }: Counter): Counted[] {
  return last.atMs > fromMs ? [{ fromMs, untilMs: last.atMs, count: caught, counter: last.total }] : [];
}
