/** Of one client, in messages; what it may send at once and then a second. */
const BURST_SECONDS = 2;

/**
 * How fast one client may speak. Who is faster is not refused: its bytes are left where they are, and TCP makes it wait, so
 * that one device gone wild costs the others nothing and loses nothing.
 */
export class Pace {
  readonly #perSecond: number;
  readonly #monotonicMs: () => number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, monotonicMs: () => number) {
    this.#perSecond = perSecond;
    this.#monotonicMs = monotonicMs;
    this.#left = perSecond * BURST_SECONDS;
    this.#atMs = monotonicMs();
  }

  /** It has sent this many packets; gives the milliseconds until more are to be read, mostly 0. */
  spend(packets: number): number {
    const nowMs = this.#monotonicMs();
    const earned = ((nowMs - this.#atMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#left + earned, this.#perSecond * BURST_SECONDS) - packets;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : (-this.#left / this.#perSecond) * 1_000;
  }
}
