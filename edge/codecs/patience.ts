interface Record {
  /** Failures, less what has gone well since. */
  debt: number;
  pauses: number;
  untilMs: number;
  /** What was wrong the last time. */
  detail: string;
}

const MOST = 10_000;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** So many good calls make up for a bad one: a script that fails now and then, on purpose, is not forgiven at once. */
const GOOD_CALLS = 10;

/** Why somebody waits, and for how many whole seconds still. */
export interface Pause {
  readonly seconds: number;
  readonly detail: string;
}

/**
 * Who has cost too much too often is set aside: a script that loops for ever would else take the thread from all others.
 * After the pause one more call is tried; if that fails too, the next pause is twice as long, up to an hour. What is
 * kept is bounded: the oldest are forgiven first.
 */
export class Patience {
  readonly #records = new Map<string, Record>();
  readonly #clock: { monotonicMs(): number };

  constructor(clock: { monotonicMs(): number }) {
    this.#clock = clock;
  }

  pauseOf(key: string): Pause | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    const seconds = Math.ceil((record.untilMs - this.#clock.monotonicMs()) / 1_000);
    return seconds > 0 ? { seconds, detail: record.detail } : undefined;
  }

  succeeded(key: string): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    record.debt -= 1 / GOOD_CALLS;
    if (record.debt <= 0) this.#records.delete(key);
  }

  /** @param allowed so many failures are borne. True when a pause begins with this one. */
  failed(key: string, allowed: number, detail: string): boolean {
    const record = this.#records.get(key) ?? { debt: 0, pauses: 0, untilMs: 0, detail };
    record.debt = Math.min(allowed, record.debt + 1);
    record.detail = detail;
    const isTooMuch = record.debt >= allowed;
    if (isTooMuch) {
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** record.pauses);
      record.untilMs = this.#clock.monotonicMs() + pauseMs;
      record.pauses = Math.min(record.pauses + 1, 10);
    }
    // Newest last.
    this.#records.delete(key);
    this.#records.set(key, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= MOST) break;
      this.#records.delete(oldest);
    }
    return isTooMuch;
  }
}
