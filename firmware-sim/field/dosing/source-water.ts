import { type Random, seededRandom } from '../random.ts';
import { type Solution, waterOf } from './solution.ts';

const HOUR_MS = 3_600_000;

export interface SourceWaterSpec {
  readonly ec: number;
  readonly ph: number;
  /** meq/L. */
  readonly alkalinity: number;
  /** Salt that comes up the river or into the well, mS/cm a day. */
  readonly ecPerDay?: number;
  /** A tide: half of its swing, mS/cm, and its hours. */
  readonly tide?: { readonly ec: number; readonly hours: number };
  /** What else changes within hours: standard deviation, mS/cm. */
  readonly wander?: { readonly ec: number; readonly hours: number };
  /** Another tank, another well: at random times its EC is another one at once, by up to so much. */
  readonly switches?: { readonly ec: number; readonly hours: number };
}

/** Clear water that is never the same for long: a function of time alone, so that asking changes nothing. */
export class SourceWater {
  readonly #spec: SourceWaterSpec;
  readonly #firstMs: number;
  readonly #seed: number;
  #block = { at: Number.NaN, when: 0, before: 0, after: 0 };
  readonly #waves: readonly { readonly hours: number; readonly phase: number }[];

  constructor(spec: SourceWaterSpec, firstMs: number, seed: number) {
    this.#spec = spec;
    this.#firstMs = firstMs;
    this.#seed = seed;
    const random: Random = seededRandom(seed, 'water waves');
    this.#waves = Array.from({ length: 5 }, () => ({
      hours: (spec.wander?.hours ?? 1) * (0.4 + 1.6 * random()),
      phase: 2 * Math.PI * random(),
    }));
  }

  /** mS/cm, at 25 °C. */
  ecAt(atMs: number): number {
    const { ec, ecPerDay = 0, tide, wander } = this.#spec;
    const hours = (atMs - this.#firstMs) / HOUR_MS;
    const swing = tide === undefined ? 0 : tide.ec * Math.sin((2 * Math.PI * hours) / tide.hours);
    // Five waves of the same height have a variance of 5/2 of its square.
    const sum = this.#waves.reduce(
      (all, wave) => all + Math.sin((2 * Math.PI * hours) / wave.hours + wave.phase),
      0,
    );
    const wandering = (wander?.ec ?? 0) * sum * Math.sqrt(2 / 5);
    return Math.max(0.03, ec + (ecPerDay * hours) / 24 + swing + wandering + this.#switched(hours));
  }

  /** Salty water has not more alkalinity in proportion: half of what it has comes with the salt. */
  at(atMs: number, moreEc = 0): Solution {
    const ec = Math.max(0.03, this.ecAt(atMs) + moreEc);
    const alkalinity = this.#spec.alkalinity * (0.5 + (0.5 * ec) / this.#spec.ec);
    return waterOf({ ec, ph: this.#spec.ph, alkalinity });
  }

  #switched(hours: number): number {
    const { switches } = this.#spec;
    if (switches === undefined) return 0;
    const block = Math.floor(hours / switches.hours);
    if (this.#block.at !== block) this.#block = this.#blockAt(block);
    // In each block it changes once, at an instant of its own.
    const { when, before, after } = this.#block;
    const share = hours / switches.hours - block >= when ? after : before;
    return switches.ec * (2 * share - 1);
  }

  #blockAt(at: number) {
    const drawn = (name: string) => seededRandom(this.#seed, `water ${name}`)();
    return {
      at,
      when: drawn(`switch ${at}`),
      before: drawn(`switched ${at - 1}`),
      after: drawn(`switched ${at}`),
    };
  }
}
