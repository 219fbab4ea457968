/** How much may come at once, and how soon after that one more. */
interface Rate {
  readonly burst: number;
  readonly everyMs: number;
}

/** Bounds how often something happens, by the monotonic clock. */
export class Allowance {
  readonly #rate: Rate;
  #left: number;
  #sinceMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#sinceMs = nowMs;
  }

  /** Whether one more may happen now; if so it counts. */
  take(nowMs: number): boolean {
    const { burst, everyMs } = this.#rate;
    this.#left = Math.min(burst, this.#left + (nowMs - this.#sinceMs) / everyMs);
    this.#sinceMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
