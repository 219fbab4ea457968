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
 * Climbs by the factor while steps hold. When the first one does not, goes down by its square until one does, and climbs
 * from there. A rate that did not hold is never tried again, and nothing above it: what holds by luck does not count.
 */
export async function climb<Step>(
  { start, factor, mostSteps }: LadderOptions,
  attempt: (rate: number) => Promise<{ holds: boolean; step: Step }>,
): Promise<LadderResult<Step>> {
  let best: LadderResult<Step> = { rate: 0, step: undefined };
  let failedAt = Number.POSITIVE_INFINITY;
  let rate = start;
  for (let steps = 0; steps < mostSteps && Math.round(rate) < failedAt; steps += 1) {
    const tried = Math.round(rate);
    const { holds, step } = await attempt(tried);
    if (holds) best = { rate: tried, step };
    else failedAt = tried;
    if (!holds && best.rate > 0) break;
    rate = holds ? rate * factor : rate / factor ** 2;
  }
  return best;
}
