import type { Word } from './boots.ts';
import { ClockProblem } from './release.ts';
import { SOFTWARE_BEGAN_MS } from './trust.ts';

/** By so much a watch may be wrong: the clock makes up for it without any flag. More was a wrong time. */
export const MOST_TO_FOLLOW_MS = 10 * 60_000;
/** How long a person's word can be taken back without a trace. */
const WAITS_MS = 10 * 60_000;
/** A machine that wakes up with the time of its last shutdown is behind by the length of the cut. */
const NEAR_WALL_MS = 48 * 3_600_000;
const SAME_WORD_MS = 2 * 60_000;
const SLACK_MS = 5 * 60_000;
/** A gateway is rarely off for longer; who says so says it twice. */
const MOST_AHEAD_MS = 30 * 24 * 3_600_000;
const LAST_MS = Date.UTC(2100, 0, 1);

/** What speaks for or against a time that a person tells. */
export interface Evidence {
  /** It cannot be before: the newest time known, and what has passed since. */
  readonly notBeforeMs: number;
  /** What the machine's clock says. */
  readonly wallMs: number;
}

/**
 * Whether it can be this time now. Throws a ClockProblem that says why not. `isSure`: the person has been asked, so only
 * what is impossible is refused.
 */
export function checkWord(utcMs: number, { notBeforeMs, wallMs }: Evidence, isSure: boolean): void {
  const iso = (ms: number) => new Date(ms).toISOString();
  if (utcMs < SOFTWARE_BEGAN_MS || utcMs > LAST_MS)
    throw new ClockProblem(`${iso(utcMs)} cannot be now: give today's date and time.`);
  if (isSure) return;
  const again = 'Check date, hour and offset; if it is right, send it again with "confirm": true.';
  if (utcMs < notBeforeMs - SLACK_MS)
    throw new ClockProblem(
      `${iso(utcMs)} is before ${iso(notBeforeMs)}, the newest time this gateway knows of. ${again}`,
    );
  const newestMs = Math.max(notBeforeMs, wallMs <= LAST_MS ? wallMs : 0);
  if (utcMs > newestMs + MOST_AHEAD_MS) {
    const days = Math.round((utcMs - newestMs) / 86_400_000);
    throw new ClockProblem(
      `${iso(utcMs)} is ${days} days after ${iso(newestMs)}, the newest time this gateway knows of. ${again}`,
    );
  }
}

/**
 * The time a person told. When the machine's clock is far from it, one of the two is wrong: then nothing is dated by it
 * for ten minutes, in which another word takes its place and leaves no trace, or the same word again makes it count.
 */
export class PersonsWord {
  #utcMs = Number.NaN;
  #monotonicMs = 0;

  /** Whether it counts at once. */
  tell(utcMs: number, wallMs: number, monotonicMs: number): boolean {
    const isAgain = Math.abs(utcMs - this.#nowMs(monotonicMs)) <= SAME_WORD_MS;
    const counts = isAgain || Math.abs(utcMs - wallMs) <= NEAR_WALL_MS;
    this.#utcMs = counts ? Number.NaN : utcMs;
    this.#monotonicMs = monotonicMs;
    return counts;
  }

  /** By that word; null: nobody has told the time, or it counts already. */
  waiting(monotonicMs: number): { readonly atMs: number; readonly countsInSeconds: number } | null {
    if (Number.isNaN(this.#utcMs)) return null;
    const leftMs = this.#monotonicMs + WAITS_MS - monotonicMs;
    return { atMs: this.#nowMs(monotonicMs), countsInSeconds: Math.max(0, Math.ceil(leftMs / 1_000)) };
  }

  withdraw(): void {
    this.#utcMs = Number.NaN;
  }

  #nowMs(monotonicMs: number): number {
    return this.#utcMs + (monotonicMs - this.#monotonicMs);
  }
}

/** One moment, as it is known now. */
interface Moment {
  readonly utcMs: number;
  readonly uptimeMs: number;
  readonly machineBootId: string | undefined;
  /** The gateway's boot that runs. */
  readonly bootId: string;
}

/**
 * How far what was told lay ahead of the truth, if that was too much to leave as it is; undefined: it was right, or
 * nobody can tell. Exact while the machine has been on since; else only what would lie in the future is surely wrong.
 */
export function errorOf(word: Word, now: Moment): number | undefined {
  const isSameMachineBoot =
    word.bootId === now.bootId ||
    (word.machineBootId !== undefined && word.machineBootId === now.machineBootId);
  const trueMs = isSameMachineBoot ? now.utcMs - (now.uptimeMs - word.uptimeMs) : now.utcMs;
  const aheadMs = word.utcMs - trueMs;
  const isWrong = isSameMachineBoot ? Math.abs(aheadMs) > MOST_TO_FOLLOW_MS : aheadMs > MOST_TO_FOLLOW_MS;
  return isWrong ? aheadMs : undefined;
}
