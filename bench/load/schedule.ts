export interface ScheduleOptions {
  readonly messagesPerSecond: number;
  /** Messages in all; after them nothing is due any more. */
  readonly total: number;
  /** When message 0 is due, after the beginning. */
  readonly offsetMs: number;
}

/** When each message of a device is due: evenly, whatever became of the ones before. Begins when it is told to. */
export class Schedule {
  readonly #options: ScheduleOptions;
  #beginMs = Number.POSITIVE_INFINITY;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  begin(nowMs: number): void {
    this.#beginMs = nowMs + this.#options.offsetMs;
  }

  get total(): number {
    return this.#options.total;
  }

  /** When message `index` (from 0) is due. */
  dueAtMs(index: number): number {
    return this.#beginMs + (index * 1_000) / this.#options.messagesPerSecond;
  }

  /** How many messages are due by now. */
  dueBy(nowMs: number): number {
    const elapsedMs = nowMs - this.#beginMs;
    if (elapsedMs < 0) return 0;
    const due = Math.floor((elapsedMs * this.#options.messagesPerSecond) / 1_000) + 1;
    return Math.min(due, this.#options.total);
  }
}
