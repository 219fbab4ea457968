/**
 * Infection periods of fungi on leaves and fruits, by temperature and wetness.
 *
 * Source: Magarey, Sutton and Thayer (2005), A simple generic infection model for foliar fungal plant pathogens, Phytopathology 95:92–100,
 * doi 10.1094/PHYTO-95-0092, with the temperature response of Yan and Hunt (1999), doi 10.1006/anbo.1999.0955.
 */
interface Cardinals {
  /** Infects nothing at or below, most at, and nothing at or above; °C. */
  readonly minCelsius: number;
  readonly optimumCelsius: number;
  readonly maxCelsius: number;
  /** Hours of wetness that it needs at its optimum, and the most that it ever needs. */
  readonly minWetHours: number;
  readonly maxWetHours: number;
}

/** Hours of wetness that it needed at some temperatures, rising: linear between them, and nothing is known outside. */
interface Measured {
  readonly hoursAt: readonly { readonly celsius: number; readonly hours: number }[];
}

export interface Pathogen {
  readonly needs: Cardinals | Measured;
  /** Dry hours after which half of a begun infection is lost: longer, and it begins anew (D50). */
  readonly dryHours: number;
}

/** One hour of a plot's air; null: nobody measured it. */
export interface WetHour {
  /** UTC ms of its beginning. */
  readonly atMs: number;
  readonly celsius: number | null;
  readonly isWet: boolean | null;
}

export interface InfectionPeriod {
  readonly fromMs: number;
  readonly toMs: number;
  readonly wetHours: number;
  /** Mean of its wet hours, °C. */
  readonly celsius: number;
  /** Wet hours that it would have needed; null: at this temperature nothing infects. */
  readonly neededHours: number | null;
  /** Hours of it that nobody measured, taken for dry: there may have been more. */
  readonly unknownHours: number;
}

/** 0 to 1: how well it infects at a temperature (Yan and Hunt 1999, eq. 8). Throws a RangeError where the three do not rise. */
export function temperatureResponse(
  celsius: number,
  { minCelsius, optimumCelsius, maxCelsius }: Pick<Cardinals, 'minCelsius' | 'optimumCelsius' | 'maxCelsius'>,
): number {
  if (!(minCelsius < optimumCelsius && optimumCelsius < maxCelsius))
    throw new RangeError(
      `a pathogen's temperatures must rise: ${minCelsius}, ${optimumCelsius}, ${maxCelsius} °C do not`,
    );
  if (celsius <= minCelsius || celsius >= maxCelsius) return 0;
  const below = (celsius - minCelsius) / (optimumCelsius - minCelsius);
  const above = (maxCelsius - celsius) / (maxCelsius - optimumCelsius);
  return above * below ** ((optimumCelsius - minCelsius) / (maxCelsius - optimumCelsius));
}

/** Hours of wetness that an infection needs at a temperature; null: it does not infect, would need more than it ever does, or nobody knows. */
export function neededWetHours(celsius: number, { needs }: Pick<Pathogen, 'needs'>): number | null {
  if ('hoursAt' in needs) return between(celsius, needs);
  const response = temperatureResponse(celsius, needs);
  const hours = needs.minWetHours / response;
  return response > 0 && hours <= needs.maxWetHours ? hours : null;
}

function between(celsius: number, { hoursAt }: Measured): number | null {
  const index = hoursAt.findIndex((one) => one.celsius >= celsius);
  const [below, above] = [hoursAt[index - 1], hoursAt[index]];
  if (above?.celsius === celsius) return above.hours;
  if (below === undefined || above === undefined) return null;
  const share = (celsius - below.celsius) / (above.celsius - below.celsius);
  return below.hours + share * (above.hours - below.hours);
}

/**
 * Wet periods, with the dry breaks that an infection outlives; an infection has happened where `wetHours` have come to
 * `neededHours`. Hours in the order of time; one that is left out is unknown.
 */
export function wetPeriods(hours: readonly WetHour[], pathogen: Pathogen): InfectionPeriod[] {
  const periods: InfectionPeriod[] = [];
  let open: { fromMs: number; toMs: number; wet: number[]; unknown: number; dry: number } | null = null;
  const close = () => {
    if (open === null) return;
    const celsius = open.wet.reduce((sum, one) => sum + one, 0) / open.wet.length;
    periods.push({
      ...{ fromMs: open.fromMs, toMs: open.toMs, wetHours: open.wet.length, celsius },
      ...{ neededHours: neededWetHours(celsius, pathogen), unknownHours: open.unknown },
    });
    open = null;
  };
  for (const { atMs, celsius, isWet } of hours) {
    if (open !== null && (atMs - open.toMs) / HOUR_MS > pathogen.dryHours) close();
    if (isWet === true && celsius !== null) {
      open ??= { fromMs: atMs, toMs: atMs, wet: [], unknown: 0, dry: 0 };
      // Of the break before it, what nobody has seen dry.
      open.unknown += Math.max(0, (atMs - open.toMs) / HOUR_MS - open.dry);
      open.dry = 0;
      open.wet.push(celsius);
      open.toMs = atMs + HOUR_MS;
    } else if (open !== null && isWet === false) open.dry += 1;
  }
  close();
  return periods;
}

const HOUR_MS = 3_600_000;
