import { type Lines, type SeriesStore, textOf, type WriteOutcome } from './store.ts';

interface Watcher {
  /** Each answer of the store. */
  note(outcome: WriteOutcome): void;
  /** Lines that the store will never take, with its words. */
  refuse(lines: readonly string[], words: string): void;
}

/**
 * Writes lines, and where the store refuses some of them finds out which by halving. Returns whether nothing of them
 * needs to be written again. What a partly refused write has already stored is only written again, which changes
 * nothing.
 */
export async function writeNarrowing(
  store: Pick<SeriesStore, 'write'>,
  given: Lines,
  watcher: Watcher,
): Promise<boolean> {
  const outcome = await store.write(given);
  watcher.note(outcome);
  if (outcome.outcome === 'accepted') return true;
  if (outcome.outcome === 'wait' || outcome.outcome === 'keep') return false;
  const lines = textOf(given);
  const halves = halve(lines);
  if (halves === undefined || (outcome.outcome === 'reject' && droppedAll(outcome.dropped, lines))) {
    watcher.refuse(lines.split('\n'), outcome.reason);
    return true;
  }
  for (const half of halves) if (!(await writeNarrowing(store, half, watcher))) return false;
  return true;
}

/** InfluxDB's 'partial write: … dropped=N' says how many, never which; all of them is the case that needs no search. */
function droppedAll(dropped: number | undefined, lines: string): boolean {
  return dropped !== undefined && dropped >= lines.split('\n').length;
}

/** Two parts of about the same number of lines; undefined for a single line. */
function halve(lines: string): [string, string] | undefined {
  let cut = lines.indexOf('\n', lines.length / 2);
  if (cut < 0) cut = lines.lastIndexOf('\n');
  return cut < 0 ? undefined : [lines.slice(0, cut), lines.slice(cut + 1)];
}
