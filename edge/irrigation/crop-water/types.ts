import type { Reason } from '@nongtin/broker/wire';

/**
 * Whose numbers count. FAO Irrigation and Drainage Paper 56 was revised in 2025 (doi 10.4060/cd6621en); hourly ET0, Kc
 * and p differ. Equations are cited as (1998 number | 2025 number).
 */
export const EDITIONS = ['FAO56-1998', 'FAO56-2025'] as const;
export type Edition = (typeof EDITIONS)[number];

/** What a sensor may have said, or not. */
export type Measured = number | null | undefined;

/** Where the weather is measured; `SiteLocation` in site.ts is the same as a technician writes it. */
export interface Site {
  /** North positive. */
  readonly latitudeDegrees: number;
  /** East positive, unlike the longitudes in the 1998 text. */
  readonly longitudeDegrees: number;
  readonly elevationMetres: number;
  /** Within some 20 km of a large body of water: kRs 0.19 instead of 0.16 (50 | 3.52). */
  readonly isCoastal: boolean;
  /** Height of the anemometer above the ground. */
  readonly windHeightMetres: number;
  /** Mean ET0 of January to December, mm a day: what is used when nothing else is known. */
  readonly monthlyEt0Mm?: readonly number[] | undefined;
  /** Mean wind of January to December at 2 m, m/s: what a wind that lasts is judged by. */
  readonly monthlyWindMetresPerSecond?: readonly number[] | undefined;
  /** kRs as fitted to this place; else 0.16 or 0.19. */
  readonly kRs?: number | undefined;
  /** Ångström's a and b as fitted to this place; else 0.25 and 0.50. */
  readonly angstrom?: { readonly a: number; readonly b: number } | undefined;
  /** By how much the dew point stays below Tmin where the air is dry (2 to 3 °C in arid places); else 0. */
  readonly dewPointBelowTminCelsius?: number | undefined;
  /** What to do when nothing but temperature is known; else Penman-Monteith with estimates, as the standard advises. */
  readonly temperatureOnly?: 'penman_monteith' | 'hargreaves' | undefined;
}

/** A psychrometer: how its wet bulb is ventilated decides its coefficient (16 | 3.13 to 3.16). */
export interface WetBulb {
  readonly dryCelsius: number;
  readonly wetCelsius: number;
  readonly ventilation: 'aspirated' | 'natural' | 'indoor';
}

/** Air and sun over a day, or as the mean day of a longer period. What is not measured is left out or null. */
export interface DailyWeather {
  readonly tMinCelsius?: Measured;
  readonly tMaxCelsius?: Measured;
  readonly rhMaxPercent?: Measured;
  readonly rhMinPercent?: Measured;
  readonly rhMeanPercent?: Measured;
  readonly dewPointCelsius?: Measured;
  readonly wetBulb?: WetBulb | null | undefined;
  /** Actual vapour pressure as a station states it, kPa. */
  readonly vapourKpa?: Measured;
  /** Mean speed at the site's windHeightMetres. */
  readonly windMetresPerSecond?: Measured;
  /** Global radiation Rs, MJ per m² and day. */
  readonly solarMegajoules?: Measured;
  /** Share of Ra, %, in hours that Rs was not measured in: made up for in `solarMegajoules` by the other hours. */
  readonly solarUntoldPercent?: Measured;
  /** Bright sunshine, hours a day. */
  readonly sunshineHours?: Measured;
}

export interface WeatherDay extends DailyWeather {
  /** Local date, YYYY-MM-DD. */
  readonly date: string;
}

/** The mean day of a month; soil heat follows the temperature of the months around it (43, 44 | 3.46, 3.47). */
export interface WeatherMonth extends DailyWeather {
  /** 1 to 12. */
  readonly month: number;
  readonly tMeanPreviousCelsius?: Measured;
  readonly tMeanNextCelsius?: Measured;
}

export interface WeatherHour {
  /** When the hour began, UTC milliseconds. */
  readonly startsAtMs: number;
  readonly tCelsius?: Measured;
  readonly rhPercent?: Measured;
  readonly dewPointCelsius?: Measured;
  readonly windMetresPerSecond?: Measured;
  /** Global radiation Rs, MJ per m² and hour (W/m² × 0.0036). */
  readonly solarMegajoules?: Measured;
  /**
   * Rs/Rso of the last hour with a sun high enough to tell, as `terms.clearness` of that hour had it: how cloudy the
   * night is.
   */
  readonly clearnessBefore?: Measured;
  /** The day's lowest temperature, from which a missing dew point is estimated. */
  readonly tMinCelsius?: Measured;
}

/** What was used in place of a measurement, or done to one; each has a sentence `reason.et0_…`. */
export const SUBSTITUTIONS = [
  'temperature_refused',
  'dew_point_refused',
  'wet_bulb_refused',
  'vapour_refused',
  'humidity_refused',
  'humidity_limited',
  'vapour_limited',
  'dew_point_from_tmin',
  'wind_refused',
  'wind_default',
  'solar_refused',
  'solar_above_clear_sky',
  'solar_hours_filled',
  'sunshine_refused',
  'sunshine_limited',
  'solar_from_sunshine',
  'solar_from_temperature',
  'solar_from_clearness',
  'clearness_assumed',
  'hargreaves',
  'monthly_normal',
  'nothing_known',
] as const;
export type Substitution = (typeof SUBSTITUTIONS)[number];

/** From what the actual vapour pressure comes, best first. */
export type VapourSource =
  | 'stated'
  | 'dew_point'
  | 'psychrometer'
  | 'rh_max_min'
  | 'rh_max'
  | 'rh_mean'
  | 'rh'
  | 'tmin';

/** Everything that led to an ET0, by name; units in the names, equations in equations.ts. MJ are per m² and period. */
export type Et0Terms = Readonly<Partial<Record<Et0Term, number>>>;
const ET0_TERMS = [
  'pressureKpa',
  'psychrometricKpaPerCelsius',
  'tMeanCelsius',
  'slopeKpaPerCelsius',
  'saturationKpa',
  'vapourKpa',
  'extraterrestrialMegajoules',
  'daylightHours',
  'clearSkyMegajoules',
  'solarMegajoules',
  'clearness',
  'netShortwaveMegajoules',
  'netLongwaveMegajoules',
  'netMegajoules',
  'soilHeatMegajoules',
  'windAt2mMetresPerSecond',
] as const;
type Et0Term = (typeof ET0_TERMS)[number];

interface Et0Basis {
  readonly edition: Edition;
  /** What was substituted, by name, in the order in which it was done; empty: everything was measured. */
  readonly substitutions: readonly Substitution[];
  /** The same with figures, for people. */
  readonly reasons: readonly Reason[];
  readonly vapourFrom: VapourSource | null;
  readonly terms: Et0Terms;
}

/**
 * Reference evapotranspiration. A day's `mm` is never negative; an hour's may be, a little, at night: keep the sign in
 * sums. Null only when there is no temperature and the site states no normals.
 */
export type Et0 = Et0Basis &
  (
    | { readonly mm: number; readonly method: 'penman_monteith' | 'hargreaves' | 'monthly_normal' }
    | { readonly mm: null; readonly method: 'none' }
  );
