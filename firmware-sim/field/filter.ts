import type { SourceSpec } from '../farm/spec.ts';
import { Gate } from './gate.ts';
import { type Outlet, outletFlow } from './hydraulics.ts';
import { Overlay } from './overlay.ts';

/** Where the flow of a flush is rated. */
const FLUSH_AT_KPA = 100;
/** Time in which a flush takes two thirds (1 − 1/e) of the dirt away. */
const CLEANING_SECONDS = 15;

/** A filter that clogs with the litres that pass it, and is cleaned by the water that its flush valve lets out. */
export class Filter {
  readonly flushValve = new Gate();
  /** Multiplies what it takes of the pressure: dirt that no flush takes away. */
  readonly clogging = new Overlay<number>();
  readonly #spec: NonNullable<SourceSpec['filter']>;
  /** Since it was clean. */
  #litres = 0;
  #flushLitres = 0;
  #flushFlow = 0;

  constructor(spec: NonNullable<SourceSpec['filter']>) {
    this.#spec = spec;
  }

  /** At `atLitresPerMinute`. */
  get lossKpa(): number {
    const { cleanLossKpa, doublesAfterLitres } = this.#spec;
    const factor = this.clogging.values.reduce((product, value) => product * value, 1);
    return factor * cleanLossKpa * 2 ** (this.#litres / doublesAfterLitres);
  }

  /** What it takes at this flow. */
  lossAt(litresPerMinute: number): number {
    return this.lossKpa * (litresPerMinute / this.#spec.atLitresPerMinute) ** 2;
  }

  get flushLitres(): number {
    return this.#flushLitres;
  }

  /** Litres a minute that it lets out now. */
  get flushFlow(): number {
    return this.#flushFlow;
  }

  /** Undefined while it is closed. */
  get outlet(): Outlet | undefined {
    const { flushLitresPerMinute: litresPerMinute } = this.#spec;
    if (litresPerMinute === undefined || !this.flushValve.isOn) return undefined;
    return { litresPerMinute, atKpa: FLUSH_AT_KPA, exponent: 0.5 };
  }

  pressurize(kpa: number): void {
    this.#flushFlow = this.outlet ? outletFlow(this.outlet, kpa) : 0;
  }

  step(seconds: number, passedLitres: number, flushedLitres: number): void {
    this.#litres += passedLitres;
    this.#flushLitres += flushedLitres;
    if (flushedLitres > 0) this.#litres *= Math.exp(-seconds / CLEANING_SECONDS);
  }
}
