import { normal, type Random } from '../field/random.ts';
import type { Conditions } from './conditions.ts';

const FLOW_NOISE = 0.004;

/** A water meter: it counts whole pulses of what passes, as far as its faults let it. */
export class Meter {
  readonly #litresPerPulse: number;
  readonly #conditions: Conditions;
  readonly #random: Random;
  readonly #passing: () => { readonly litres: number; readonly litresPerMinute: number };
  #seenLitres: number;
  #countedLitres = 0;

  constructor(options: {
    litresPerPulse: number;
    conditions: Conditions;
    random: Random;
    passing: () => { readonly litres: number; readonly litresPerMinute: number };
  }) {
    this.#litresPerPulse = options.litresPerPulse;
    this.#conditions = options.conditions;
    this.#random = options.random;
    this.#passing = options.passing;
    this.#seenLitres = options.passing().litres;
  }

  read(): { flowLitresPerMinute: number; totalLitres: number } {
    const { litres, litresPerMinute } = this.#passing();
    const factor = this.#conditions.meterFactor();
    this.#countedLitres += (litres - this.#seenLitres) * factor;
    this.#seenLitres = litres;
    const noise = litresPerMinute > 0 ? 1 + FLOW_NOISE * normal(this.#random) : 0;
    // The small term undoes the error of binary fractions.
    const pulses = Math.floor(this.#countedLitres / this.#litresPerPulse + 1e-9);
    return {
      flowLitresPerMinute: Number(Math.max(0, litresPerMinute * noise * factor).toFixed(2)),
      totalLitres: Number((pulses * this.#litresPerPulse).toFixed(2)),
    };
  }
}
