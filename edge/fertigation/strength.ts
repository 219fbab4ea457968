/** A dose by EC, as its record holds it. */
export interface SeenDose {
  /** What the stocks have added to EC of what the recipe says for the mL that were booked; null: nobody has seen it. */
  readonly strength: number | null;
  /** What stocktaking says of those mL; 1 where nobody has taken stock. */
  readonly ratio: number;
}

/** One dose is wrong by as much as the source's own EC moves meanwhile: a tenth. Of twenty the mean is wrong by a fortieth. */
const AROUND = 10;

/**
 * How strong the stock of a dose was, of what was meant to be weighed into it: what EC has shown for the mL that stocktaking leaves, as the
 * mean of the doses around it. 1 where too few have shown anything.
 */
export function strengthAt(doses: readonly SeenDose[], index: number): number {
  const seen = doses
    .slice(Math.max(0, index - AROUND), index + AROUND + 1)
    .flatMap(({ strength, ratio }) => (strength === null ? [] : [strength / ratio]));
  if (seen.length < LEAST_SEEN) return 1;
  const mean = seen.reduce((sum, one) => sum + one, 0) / seen.length;
  return Math.min(MOST_STRENGTH, Math.max(LEAST_STRENGTH, mean));
}

const LEAST_SEEN = 4;
const [LEAST_STRENGTH, MOST_STRENGTH] = [0.6, 1.6];
