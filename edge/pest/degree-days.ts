/**
 * Degree-days: how far an insect has developed, as degrees above its lower threshold times days. Temperatures are °C; a day's
 * degree-days are K·d.
 *
 * Sources: Zalom and others, Degree-days: the calculation and use of heat units in pest management, Univ. of California Leaflet 21373
 * (1983), whose six cases of the single sine are one here; Baskerville and Emin (1969), doi 10.2307/1933912; McMaster and Wilhelm
 * (1997), doi 10.1016/S0168-1923(97)00027-0, for the two simple averages.
 */
export interface Thresholds {
  /** Below it nothing develops. */
  readonly lowerCelsius: number;
  /** Above it development is no faster (horizontal cut-off); null: not known. */
  readonly upperCelsius: number | null;
}

/**
 * `single_sine`: the day's temperature is a sine between its extremes. `average_limited`: the mean of the extremes, then held between
 * the thresholds (McMaster's method 1). `extremes_limited`: the extremes held between the thresholds, then their mean (method 2).
 */
export const degreeDayMethods = ['single_sine', 'average_limited', 'extremes_limited'] as const;
export type DegreeDayMethod = (typeof degreeDayMethods)[number];

export interface Extremes {
  readonly minCelsius: number;
  readonly maxCelsius: number;
}

/** Of one day. Throws a RangeError where the thresholds or the extremes stand upside down. */
export function degreeDays(
  { minCelsius, maxCelsius }: Extremes,
  { lowerCelsius, upperCelsius }: Thresholds,
  method: DegreeDayMethod,
): number {
  const upper = upperCelsius ?? Number.POSITIVE_INFINITY;
  if (!(minCelsius <= maxCelsius))
    throw new RangeError(
      `a day's minimum (${minCelsius} °C) must not be above its maximum (${maxCelsius} °C)`,
    );
  if (!(lowerCelsius < upper))
    throw new RangeError(
      `the lower threshold (${lowerCelsius} °C) must be below the upper one (${upper} °C)`,
    );
  const limited = (celsius: number) => Math.min(upper, Math.max(lowerCelsius, celsius));
  const mean = (minCelsius + maxCelsius) / 2;
  switch (method) {
    case 'average_limited':
      return limited(mean) - lowerCelsius;
    case 'extremes_limited':
      return (limited(minCelsius) + limited(maxCelsius)) / 2 - lowerCelsius;
    case 'single_sine': {
      const amplitude = (maxCelsius - minCelsius) / 2;
      // A horizontal cut-off takes away what stands above the upper threshold.
      return sineAbove(lowerCelsius - mean, amplitude) - sineAbove(upper - mean, amplitude);
    }
  }
}

/** Mean, over a period, of what `amplitude · sin` has above a level. */
function sineAbove(level: number, amplitude: number): number {
  if (level >= amplitude) return 0;
  if (level <= -amplitude) return -level;
  const crossing = Math.asin(level / amplitude);
  return (amplitude * Math.cos(crossing) - level * (Math.PI / 2 - crossing)) / Math.PI;
}
