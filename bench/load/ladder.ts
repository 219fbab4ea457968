export interface LadderOptions {
  /** The rate tried first: what was found the last time, or what is expected. */
  readonly start: number;
  /** From one step to the next, above 1. */
  readonly factor: number;
  /** Steps at the most, so that it ends. */
  readonly mostSteps: number;
}

export interface LadderResult<Step> {
  /** The highest rate that held, with all rates below it that were tried; 0 when none did. */
  readonly rate: number;
  /** What was measured there. */
  readonly step: Step | undefined;
}

/**
 * Finds the highest rung that holds, by trying few: up by one, two, four rungs … while they hold, down likewise while
 * the first ones do not, and then by halves in between. A rate that did not hold is never tried again, and nothing above
 * it: what holds by luck does not count.
 */
export async function climb<Step>(
  { start, factor, mostSteps }: LadderOptions,
  attempt: (rate: number) => Promise<{ holds: boolean; step: Step }>,
): Promise<LadderResult<Step>> {
  let best: LadderResult<Step> = { rate: 0, step: undefined };
  let failedAt = Number.POSITIVE_INFINITY;
  let rate = start;
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const tried = Math.round(rate);
    const { holds, step } = await attempt(tried);
    if (holds) best = { rate: tried, step };
    else failedAt = tried;
    const next = nextRate(best.rate, failedAt, factor, 2 ** steps);
    if (next === undefined) break;
    rate = next;
  }
  return best;
}

/** Undefined: there is nothing left between what holds and what does not. */
function nextRate(held: number, failedAt: number, factor: number, stride: number): number | undefined {
  if (failedAt === Number.POSITIVE_INFINITY) return held * factor ** stride;
  if (held === 0) {
    const lower = failedAt / factor ** (2 * stride);
    return lower < 1 ? undefined : lower;
  }
  const rungs = Math.log(failedAt / held) / Math.log(factor);
  const next = held * factor ** Math.max(1, Math.floor(rungs / 2));
  return Math.round(next) >= failedAt || Math.round(next) <= held ? undefined : next;
}
