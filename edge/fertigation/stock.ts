import { type Amounts, type Label, massFractions, sumOf, times } from './nutrients.ts';

/** Fertilizer as it is weighed into a stock tank. */
export interface Weighed {
  readonly label: Label;
  readonly gramsPerLitre: number;
}

/** Grams of each element in a litre of stock. */
export function stockGramsPerLitre(weighed: readonly Weighed[]): Amounts {
  return sumOf(weighed.map(({ label, gramsPerLitre }) => times(massFractions(label), gramsPerLitre)));
}

/**
 * Grams of fertilizer to weigh into a litre of stock, so that water with `millilitresPerCubicMetre` of it holds the target.
 * 150 mg/L of N from a fertilizer of 15.5 % N, dosed 1:100 (10,000 mL/m³): 150 × 100 / 1000 / 0.155 = 96.8 g/L.
 */
export function gramsPerLitreOfStock(
  targetMilligramsPerLitre: number,
  massFraction: number,
  millilitresPerCubicMetre: number,
): number {
  if (!(massFraction > 0 && massFraction <= 1))
    throw new RangeError(`a fertilizer holds more than 0 and at most all of an element, not ${massFraction}`);
  if (!(millilitresPerCubicMetre > 0))
    throw new RangeError(`a dose is more than 0 mL/m³, not ${millilitresPerCubicMetre}`);
  // mg/L is g/m³.
  return (targetMilligramsPerLitre * 1000) / millilitresPerCubicMetre / massFraction;
}

/** What is in the pipe: mg/L of each element for so many mL of stock in a m³. */
export function milligramsPerLitre(gramsPerLitre: Amounts, millilitresPerCubicMetre: number): Amounts {
  return times(gramsPerLitre, millilitresPerCubicMetre / 1000);
}

/** kg/ha of each element that so many litres of stock are on an area. */
export function kilogramsPerHectare(gramsPerLitre: Amounts, litres: number, hectares: number): Amounts {
  if (!(hectares > 0)) throw new RangeError(`an area is more than 0 ha, not ${hectares}`);
  return times(gramsPerLitre, litres / 1000 / hectares);
}
