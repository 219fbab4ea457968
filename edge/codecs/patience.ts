interface Record {
  inARow: number;
  untilMs: number;
}

const MOST = 10_000;
const PAUSE_MS = 60_000;

/**
 * Who has cost too much too often waits: a script that loops for ever would else take the thread from all others.
 * After the pause one more try is allowed. What is kept is bounded: the oldest are forgiven first.
 */
export class Patience {
  readonly #records = new Map<string, Record>();
  readonly #clock: { monotonicMs(): number };

  constructor(clock: { monotonicMs(): number }) {
    this.#clock = clock;
  }

  /** Whole seconds that are still to wait; 0: go on. */
  secondsLeft(key: string): number {
    const untilMs = this.#records.get(key)?.untilMs ?? 0;
    return Math.max(0, Math.ceil((untilMs - this.#clock.monotonicMs()) / 1_000));
  }

  succeeded(key: string): void {
    this.#records.delete(key);
  }

  /** @param allowed so many failures in a row are borne. */
  failed(key: string, allowed: number): void {
    const record = this.#records.get(key) ?? { inARow: 0, untilMs: 0 };
    record.inARow += 1;
    if (record.inARow >= allowed) record.untilMs = this.#clock.monotonicMs() + PAUSE_MS;
    this.#records.delete(key);
    this.#records.set(key, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= MOST) break;
      this.#records.delete(oldest);
    }
  }
}
