import type { Amounts } from './nutrients.ts';

/** Less than this in a litre of stock, g, is what a label calls none. */
const TRACE_GRAMS_PER_LITRE = 0.1;

function holds(amounts: Amounts, element: keyof Amounts): boolean {
  return (amounts[element] ?? 0) > TRACE_GRAMS_PER_LITRE;
}

/**
 * What of two stocks precipitates when they meet undiluted: calcium with phosphate, and with sulphate (gypsum). Null: nothing
 * does. Sulphur on a label is taken for sulphate.
 */
export function precipitate(one: Amounts, other: Amounts): 'phosphate' | 'sulphate' | null {
  for (const [lime, salt] of [
    [one, other],
    [other, one],
  ] as const) {
    if (!holds(lime, 'Ca')) continue;
    if (holds(salt, 'P')) return 'phosphate';
    if (holds(salt, 'S')) return 'sulphate';
  }
  return null;
}

/** Its place in the pipe: acid first, then calcium, then the others, so that what may precipitate has the longest way. */
export function orderOf(isAcid: boolean, amounts: Amounts): number {
  if (isAcid) return 1;
  return holds(amounts, 'Ca') ? 2 : 3;
}
