import { blend, nothing, type Solution } from './solution.ts';

/** A litre of stock as it is meant to be. */
export interface StockSpec {
  readonly gramsPerLitre?: { readonly N?: number; readonly P2O5?: number; readonly K2O?: number };
  /** mS/cm that 1 mL of it in a litre adds, were ions no hindrance to each other. */
  readonly ecPerMillilitrePerLitre?: number;
  /** Of acid: what it takes of alkalinity, eq/L. */
  readonly acidEquivalentsPerLitre?: number;
}

function solutionOf({ gramsPerLitre = {}, ...spec }: StockSpec): Solution {
  return {
    ...nothing,
    idealEc: 1000 * (spec.ecPerMillilitrePerLitre ?? 0),
    alkalinity: -1000 * (spec.acidEquivalentsPerLitre ?? 0),
    nitrogen: gramsPerLitre.N ?? 0,
    phosphate: gramsPerLitre.P2O5 ?? 0,
    potash: gramsPerLitre.K2O ?? 0,
  };
}

/** A tank of stock, whose true strength is another than what was meant: somebody has weighed it. */
export class StockTank {
  readonly #meant: Solution;
  #stock: Solution;
  #litres: number;
  #drawnLitres = 0;

  constructor(spec: StockSpec, litres: number, strength: number) {
    this.#meant = solutionOf(spec);
    this.#stock = blend(this.#meant, strength, nothing, 0);
    this.#litres = litres;
  }

  get litres(): number {
    return this.#litres;
  }

  /** All that has ever left it. */
  get drawnLitres(): number {
    return this.#drawnLitres;
  }

  /** As it really is. */
  get stock(): Solution {
    return this.#stock;
  }

  /** Stock of so many times the strength that was meant is mixed into what is left. */
  fill(litres: number, strength: number): void {
    if (litres <= 0) return;
    const whole = this.#litres + litres;
    this.#stock = blend(this.#stock, this.#litres / whole, this.#meant, (strength * litres) / whole);
    this.#litres = whole;
  }

  /** Takes up to so many litres; the answer is what there was. */
  draw(litres: number): number {
    const taken = Math.min(litres, this.#litres);
    this.#litres -= taken;
    this.#drawnLitres += taken;
    return taken;
  }

  /** Somebody has emptied it, or it has leaked out; nothing of it was pumped. */
  spill(): void {
    this.#litres = 0;
  }
}
