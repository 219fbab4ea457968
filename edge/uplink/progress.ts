interface Mark {
  readonly atMs: number;
  readonly durableUpTo: number;
  readonly behind: number;
}

/** Over what time the speed is taken. */
const WINDOW_MS = 60_000;
const MARK_EVERY_MS = 1_000;
/** A shorter time says nothing about the speed. */
const LEAST_MS = 3_000;

/** How fast the cloud gets what it lacks; monotonic times. */
export class Progress {
  #marks: Mark[] = [];

  note(mark: Mark): void {
    const last = this.#marks.at(-1);
    // Back to an earlier entry: what was before says nothing about what comes.
    if (last !== undefined && mark.durableUpTo < last.durableUpTo) this.#marks = [];
    else if (last !== undefined && mark.atMs - last.atMs < MARK_EVERY_MS) return;
    this.#marks = [...this.#marks.filter(({ atMs }) => mark.atMs - atMs <= WINDOW_MS), mark];
  }

  /** The connection is over. */
  reset(): void {
    this.#marks = [];
  }

  /** Entries that became durable in the cloud each second; null: not known yet. */
  entriesPerSecond(): number | null {
    return this.#perSecond((first, last) => last.durableUpTo - first.durableUpTo);
  }

  /** Until nothing waits, if it goes on like this; null: not known, or not in sight because as much is added. */
  secondsLeft(): number | null {
    const behind = this.#marks.at(-1)?.behind ?? 0;
    const perSecond = this.#perSecond((first, last) => first.behind - last.behind);
    return perSecond === null || perSecond <= 0 ? null : Math.ceil(behind / perSecond);
  }

  #perSecond(count: (first: Mark, last: Mark) => number): number | null {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return null;
    return (count(first, last) * 1000) / (last.atMs - first.atMs);
  }
}
