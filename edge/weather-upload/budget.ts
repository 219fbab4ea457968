interface Window {
  startedAtMs: number;
  spent: number;
}

const MOST_KEYS = 1_000;

/** How often each key may do something within a window of time; bounded in memory, the oldest windows are forgotten. */
export class Budget {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #nowMs: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(limit: number, windowMs: number, nowMs: () => number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#nowMs = nowMs;
  }

  isSpent(key: string): boolean {
    return (this.#current(key)?.spent ?? 0) >= this.#limit;
  }

  /** False when nothing was left. */
  spend(key: string): boolean {
    const window = this.#current(key) ?? this.#open(key);
    if (window.spent >= this.#limit) return false;
    window.spent += 1;
    return true;
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    return window && this.#nowMs() - window.startedAtMs < this.#windowMs ? window : undefined;
  }

  #open(key: string): Window {
    const window = { startedAtMs: this.#nowMs(), spent: 0 };
    // Newest last.
    this.#windows.delete(key);
    this.#windows.set(key, window);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= MOST_KEYS) break;
      this.#windows.delete(oldest);
    }
    return window;
  }
}
