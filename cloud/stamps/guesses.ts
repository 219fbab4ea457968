import { networkOf } from '../enrolment/throttle.ts';

export interface GuessLimits {
  /** Unknown serials a minute from one network (an IPv4 address, an IPv6 /64); default 30. */
  readonly ofOne?: number;
  /** Unknown serials a minute from everywhere; default 600. */
  readonly ofAll?: number;
}

const WINDOW_MS = 60_000;
const SUSPECT_MS = 3_600_000;
const MOST_SUSPECTS = 100_000;

/**
 * Serials that look right and are none, by who asks. Only they count: slips are caught by the check character before, and
 * genuine stamps are forgiven. Once there are too many from everywhere, whoever has guessed within the hour waits, and whoever
 * has not is answered as ever: nobody can have buyers refused by guessing a lot. What that leaves to chance: docs/stamps.md.
 */
export class GuessLimit {
  readonly #ofOne: number;
  readonly #ofAll: number;
  readonly #nowMs: () => number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #all = 0;
  #own = new Map<string, number>();
  /** Until when, the oldest first. */
  readonly #suspects = new Map<string, number>();

  constructor(nowMs: () => number, { ofOne = 30, ofAll = 600 }: GuessLimits = {}) {
    this.#nowMs = nowMs;
    this.#ofOne = ofOne;
    this.#ofAll = ofAll;
  }

  /** Counted before it is answered, so that parallel ones count too. Undefined: wait a minute. Else: call it with the answer. */
  begin(address: string): ((isGuess: boolean) => void) | undefined {
    const nowMs = this.#nowMs();
    if (Math.abs(nowMs - this.#windowStartMs) >= WINDOW_MS) this.#newWindow(nowMs);
    const network = networkOf(address);
    const own = this.#own.get(network) ?? 0;
    // One that is not answered yet may be a guess.
    const isSuspect = own > 0 || (this.#suspects.get(network) ?? 0) > nowMs;
    if (own >= this.#ofOne || (isSuspect && this.#all >= this.#ofAll)) return undefined;
    this.#add(network, 1);
    const window = this.#windowStartMs;
    return (isGuess) => {
      if (isGuess) this.#suspect(network, nowMs);
      else if (window === this.#windowStartMs) this.#add(network, -1);
    };
  }

  #newWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#all = 0;
    this.#own = new Map();
  }

  #add(network: string, count: number): void {
    this.#all += count;
    const own = (this.#own.get(network) ?? 0) + count;
    if (own > 0) this.#own.set(network, own);
    else this.#own.delete(network);
  }

  #suspect(network: string, nowMs: number): void {
    this.#suspects.delete(network);
    this.#suspects.set(network, nowMs + SUSPECT_MS);
    const oldest = this.#suspects.keys().next();
    if (this.#suspects.size > MOST_SUSPECTS && !oldest.done) this.#suspects.delete(oldest.value);
  }
}
