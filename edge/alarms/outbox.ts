interface OutboxOptions<T> {
  /** So many at once … */
  readonly burst: number;
  /** … and so many a minute in the long run. */
  readonly perMinute: number;
  /** Which goes first of those that wait: the lowest. */
  readonly rank: (item: T) => number;
  readonly send: (item: T) => void;
}

/**
 * What may go out at a bounded pace, and never grows: of one key the newest waits in place of those before it. Monotonic ms are handed
 * in.
 */
export class Outbox<T> {
  readonly #options: OutboxOptions<T>;
  readonly #waiting = new Map<string, T>();
  #tokens: number;
  #filledMs = Number.NEGATIVE_INFINITY;

  constructor(options: OutboxOptions<T>) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  put(key: string, item: T, monotonicMs: number): void {
    this.#fill(monotonicMs);
    if (this.#waiting.size === 0 && this.#tokens >= 1) this.#send(item);
    else this.#waiting.set(key, item);
  }

  /** At once, whatever waits and however much went out before; it counts all the same. */
  putUrgent(key: string, item: T, monotonicMs: number): void {
    this.#fill(monotonicMs);
    this.#waiting.delete(key);
    this.#send(item);
  }

  /** Sends what may go by now. */
  pass(monotonicMs: number): void {
    this.#fill(monotonicMs);
    if (this.#waiting.size === 0 || this.#tokens < 1) return;
    const { rank } = this.#options;
    // Of equal rank what has waited longest goes first: the sort is stable.
    for (const [key, item] of [...this.#waiting].sort(([, a], [, b]) => rank(a) - rank(b))) {
      if (this.#tokens < 1) return;
      this.#waiting.delete(key);
      this.#send(item);
    }
  }

  /** Sends whatever waits. */
  flush(): void {
    const items = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const item of items) this.#options.send(item);
  }

  #send(item: T): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
    this.#options.send(item);
  }

  #fill(monotonicMs: number): void {
    const { burst, perMinute } = this.#options;
    const gained = Math.max(0, monotonicMs - this.#filledMs) * (perMinute / 60_000);
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#filledMs = monotonicMs;
  }
}
