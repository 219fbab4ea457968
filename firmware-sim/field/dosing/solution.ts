/**
 * What is dissolved in a litre of water, in quantities that add up when waters mix. EC and pH do not: they are worked out from
 * these (`ecOf`, `phOf`).
 */
export interface Solution {
  /** Conductivity at 25 °C, mS/cm, that its ions would have if they were no hindrance to each other: a plain sum. */
  readonly idealEc: number;
  /** Carbonate alkalinity, meq/L; acid takes it away, down to below none. */
  readonly alkalinity: number;
  /** All inorganic carbon, mmol/L; nothing leaves a closed pipe as gas. */
  readonly carbonate: number;
  /** g/L. */
  readonly nitrogen: number;
  readonly phosphate: number;
  readonly potash: number;
}

/** The same quantities of so many litres. */
export type Contents = Solution;

export const nothing: Solution = {
  ...{ idealEc: 0, alkalinity: 0, carbonate: 0, nitrogen: 0, phosphate: 0, potash: 0 },
};

/** One part so many times, and another so many times. */
export function blend(one: Solution, times: number, other: Solution, otherTimes: number): Solution {
  return {
    idealEc: one.idealEc * times + other.idealEc * otherTimes,
    alkalinity: one.alkalinity * times + other.alkalinity * otherTimes,
    carbonate: one.carbonate * times + other.carbonate * otherTimes,
    nitrogen: one.nitrogen * times + other.nitrogen * otherTimes,
    phosphate: one.phosphate * times + other.phosphate * otherTimes,
    potash: one.potash * times + other.potash * otherTimes,
  };
}

/**
 * Kohlrausch: ions hinder each other with the square root of what there is of them, κ = x − k·x^1.5. For KCl (Λ0 149.85) 0.01 mol/L has
 * 1.413 instead of 1.499 mS/cm: k = 0.047; 0.1 mol/L gives 0.036.
 */
const HINDRANCE = 0.045;

/** mS/cm at 25 °C. */
export function ecOf({ idealEc }: Pick<Solution, 'idealEc'>): number {
  return idealEc - HINDRANCE * idealEc ** 1.5;
}

/** The other way round, by Newton's method; for water of up to 20 mS/cm. */
export function idealEcOf(ec: number): number {
  let ideal = ec;
  for (let turn = 0; turn < 6; turn += 1)
    ideal -= (ecOf({ idealEc: ideal }) - ec) / (1 - 1.5 * HINDRANCE * Math.sqrt(ideal));
  return ideal;
}

/** Carbonic acid at 25 °C (Stumm and Morgan). */
const K1 = 10 ** -6.352;
const K2 = 10 ** -10.329;
const KW = 1e-14;

/** Charge of one mmol of carbonate at this pH, and what water itself brings, meq/L. */
function chargesAt(ph: number): { readonly perCarbonate: number; readonly ofWater: number } {
  const h = 10 ** -ph;
  const sum = h * h + K1 * h + K1 * K2;
  return { perCarbonate: (K1 * h + 2 * K1 * K2) / sum, ofWater: 1000 * (KW / h - h) };
}

/** Titration curve of a closed pipe: the pH at which all charges balance. */
export function phOf({ alkalinity, carbonate }: Pick<Solution, 'alkalinity' | 'carbonate'>): number {
  let [low, high] = [1, 13];
  for (let halving = 0; halving < 40; halving += 1) {
    const middle = (low + high) / 2;
    const { perCarbonate, ofWater } = chargesAt(middle);
    if (carbonate * perCarbonate + ofWater < alkalinity) low = middle;
    else high = middle;
  }
  return low;
}

/** Clear water as a laboratory describes it: EC in mS/cm, pH, and alkalinity in meq/L (1 meq/L is 50 mg/L of CaCO3). */
export function waterOf(own: {
  readonly ec: number;
  readonly ph: number;
  readonly alkalinity: number;
}): Solution {
  const { perCarbonate, ofWater } = chargesAt(own.ph);
  const carbonate = Math.max(0, (own.alkalinity - ofWater) / perCarbonate);
  return { ...nothing, idealEc: idealEcOf(own.ec), alkalinity: own.alkalinity, carbonate };
}
