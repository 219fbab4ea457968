import { Overlay } from '../field/overlay.ts';

/** The funnel of a rain gauge over its counter: what it does not catch is never counted. */
export class RainGauge {
  /** While anything lies here nothing is caught. Ask for `caughtMm` before and after, so that it begins and ends on time. */
  readonly dead = new Overlay<true>();
  #seenMm = 0;
  #lostMm = 0;

  /** Of so much that has fallen since the field began. */
  caughtMm(fallenMm: number): number {
    if (this.dead.value) this.#lostMm += fallenMm - this.#seenMm;
    this.#seenMm = fallenMm;
    return fallenMm - this.#lostMm;
  }
}
