import type { ValveReport } from './controller/types.ts';
import type { Instant } from './time.ts';

/** Water runs on for a while, and meters average: what they say this soon after a closing is no leak. */
const DRAINING_MS = 60_000;
/** Shorter, a counter's steps (often ten litres) are all that one would see. */
const SHORTEST_MS = 30_000;
/** Between two readings of the flow further apart than this, nobody knows what ran. */
const LONGEST_GAP_MS = 600_000;

interface Mark {
  readonly value: number;
  readonly at: Instant;
}

/**
 * Makes of a foreign meter's readings what the controller asks of every valve: the flow, and a counter of litres. Some
 * meters tell both, some only the flow (then the litres are summed up from it, since the start of the gateway), some only
 * the counter (then the flow is its increase over time). Times are the farm's.
 */
export class Meter {
  #isOpen = false;
  #turnedAt: Instant | null = null;
  #flow: Mark | null = null;
  #count: Mark | null = null;
  #tellsFlow = false;
  #tellsCount = false;
  #litres: number | null = null;
  /** What the next report says of the flow; said once. */
  #news: number | null = null;

  valveTurned(open: boolean, now: Instant): void {
    // What flowed while it was open has flowed until now; from a closed valve begins at nothing.
    if (this.#isOpen && this.#flow !== null) this.#sum(this.#flow.value, now);
    if (this.#flow !== null) this.#flow = { value: 0, at: now };
    this.#isOpen = open;
    this.#turnedAt = now;
  }

  /** Litres a minute, as the meter says. */
  flows(value: number, now: Instant): void {
    this.#tellsFlow = true;
    this.#sum(((this.#flow?.value ?? value) + value) / 2, now);
    this.#flow = { value, at: now };
    const draining = !this.#isOpen && this.#since(this.#turnedAt, now) < DRAINING_MS;
    if (value === 0 || !draining) this.#news = value;
  }

  /** Litres, counted up. */
  counts(value: number, now: Instant): void {
    this.#tellsCount = true;
    this.#litres = value;
    if (!this.#tellsFlow) this.#news = this.#increase(value, now) ?? this.#news;
  }

  tell(): Pick<ValveReport, 'flowLitresPerMinute' | 'totalLitres' | 'totalSinceStart'> {
    const flowLitresPerMinute = this.#news;
    this.#news = null;
    return { flowLitresPerMinute, totalLitres: this.#litres, totalSinceStart: !this.#tellsCount };
  }

  #sum(litresPerMinute: number, now: Instant): void {
    if (this.#tellsCount) return;
    const ms = this.#flow === null ? Number.POSITIVE_INFINITY : this.#since(this.#flow.at, now);
    const litres = ms <= LONGEST_GAP_MS ? (litresPerMinute * ms) / 60_000 : 0;
    this.#litres = (this.#litres ?? 0) + litres;
  }

  /** The flow that the counter's increase since the last mark means; undefined when that cannot be told yet. */
  #increase(value: number, now: Instant): number | undefined {
    const before = this.#count;
    const isOfBefore = before !== null && this.#since(this.#turnedAt, now) < this.#since(before.at, now);
    // What a closed valve's counter gained before it had drained is the run's, not a leak's.
    const drained = this.#isOpen || this.#since(this.#turnedAt, now) >= DRAINING_MS;
    if (before === null || value < before.value || !drained || (isOfBefore && !this.#isOpen)) {
      this.#count = { value, at: now };
      return undefined;
    }
    const ms = this.#since(isOfBefore ? this.#turnedAt : before.at, now);
    if (ms < SHORTEST_MS) return undefined;
    this.#count = { value, at: now };
    return ((value - before.value) * 60_000) / ms;
  }

  /** Farm milliseconds; endless when it never was. */
  #since(at: Instant | null, now: Instant): number {
    return at === null ? Number.POSITIVE_INFINITY : now.farmMs - at.farmMs;
  }
}
