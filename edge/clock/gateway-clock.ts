export interface SystemClock {
  /** The wall clock: it may be wrong, and may be set at any time. */
  nowMs(): number;
  /** Never goes back, never jumps. */
  monotonicMs(): number;
}

/** Seconds gained or lost in a million: what NTP daemons allow themselves too. */
const SLEW = 500e-6;
/** A difference is made up for within a minute, where that is not too fast. */
const SLEW_OVER_MS = 60_000;
const HALF_SPEED = 0.5;

/**
 * The gateway's own time: a moment that was agreed upon, and what has passed since by the monotonic clock. It never goes
 * back and never jumps by itself, whatever happens to the wall clock. Asked for every message, so it is three numbers.
 */
export class GatewayClock implements SystemClock {
  readonly #system: SystemClock;
  #baseMs: number;
  #baseMonotonicMs: number;
  #rate = 1;
  /** How long the rate holds; then time passes as it does. */
  #rateForMs = Number.POSITIVE_INFINITY;
  #isTrusted = true;

  constructor(system: SystemClock) {
    this.#system = system;
    this.#baseMs = system.nowMs();
    this.#baseMonotonicMs = system.monotonicMs();
  }

  /** Whole milliseconds since 1970 UTC, as far as known. */
  nowMs(): number {
    return Math.floor(this.#exactMs());
  }

  monotonicMs(): number {
    return this.#system.monotonicMs();
  }

  isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** From here on times are provisional, and not before this moment. */
  distrust(notBeforeMs: number): void {
    this.#rebase(Math.max(this.#exactMs(), notBeforeMs), 1);
    this.#isTrusted = false;
  }

  /** It is this time now. Goes back only while the time was not trusted. */
  trust(utcMs: number): void {
    this.#rebase(this.#isTrusted ? Math.max(utcMs, this.#exactMs()) : utcMs, 1);
    this.#isTrusted = true;
  }

  /** What was trusted was wrong: it is this time now, also when that lies back. */
  correct(utcMs: number): void {
    this.#rebase(utcMs, 1);
  }

  /** How far the wall clock is ahead of ours. */
  wallAheadMs(): number {
    return this.#system.nowMs() - this.#exactMs();
  }

  /** Goes a little faster or slower, to make up for a small difference. */
  slew(aheadMs: number): void {
    this.#rebase(this.#exactMs(), 1 + Math.max(-SLEW, Math.min(SLEW, aheadMs / SLEW_OVER_MS)));
  }

  /** Lets the right time catch up without going back. */
  halveSpeed(): void {
    this.#rebase(this.#exactMs(), HALF_SPEED);
  }

  /** Comes to stand so much further back without going back: half speed for twice as long. */
  fallBack(byMs: number): void {
    this.#rebase(this.#exactMs(), HALF_SPEED, byMs / HALF_SPEED);
  }

  /** Goes on alone, at its own speed. */
  runFree(): void {
    this.#rebase(this.#exactMs(), 1);
  }

  #exactMs(): number {
    const passedMs = this.#system.monotonicMs() - this.#baseMonotonicMs;
    const atRateMs = Math.min(passedMs, this.#rateForMs);
    return this.#baseMs + atRateMs * this.#rate + (passedMs - atRateMs);
  }

  #rebase(nowMs: number, rate: number, rateForMs = Number.POSITIVE_INFINITY): void {
    this.#baseMonotonicMs = this.#system.monotonicMs();
    this.#baseMs = nowMs;
    this.#rate = rate;
    this.#rateForMs = rateForMs;
  }
}
