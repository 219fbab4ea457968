import type { Edition } from './types.ts';

/** mm of water that 1 MJ per m² evaporates (20 | 2.4). */
const MM_OF_MEGAJOULE = 0.408;

/** What both forms of the equation work with; MJ are per m² and period. */
export interface Penman {
  readonly slope: number;
  readonly psychrometric: number;
  readonly netMegajoules: number;
  readonly soilHeatMegajoules: number;
  readonly celsius: number;
  readonly windAt2m: number;
  readonly saturationKpa: number;
  readonly vapourKpa: number;
}

/** FAO Penman-Monteith, mm a day (6 | 2.4). */
export function penmanMonteithOfDay(air: Penman): number {
  return penmanMonteith(air, 900, 0.34);
}

/**
 * FAO Penman-Monteith, mm an hour (53 | 2.5). The 1998 edition has one surface resistance for all hours, the 2025 one
 * those of ASCE-EWRI 2005: less by day, more by night.
 */
export function penmanMonteithOfHour(air: Penman, edition: Edition): number {
  if (edition === 'FAO56-1998') return penmanMonteith(air, 37, 0.34);
  return penmanMonteith(air, 37, air.netMegajoules > 0 ? 0.24 : 0.96);
}

function penmanMonteith(air: Penman, numerator: number, denominator: number): number {
  const available = MM_OF_MEGAJOULE * air.slope * (air.netMegajoules - air.soilHeatMegajoules);
  const deficit = air.saturationKpa - air.vapourKpa;
  const drying = ((air.psychrometric * numerator) / (air.celsius + 273)) * air.windAt2m * deficit;
  return (available + drying) / (air.slope + air.psychrometric * (1 + denominator * air.windAt2m));
}

/** ET0 from temperature alone, mm a day; Ra in MJ per m² and day (52 | 3.55). */
export function hargreaves(
  { tMinCelsius, tMaxCelsius }: { tMinCelsius: number; tMaxCelsius: number },
  ra: number,
): number {
  const mean = (tMinCelsius + tMaxCelsius) / 2;
  return 0.0023 * MM_OF_MEGAJOULE * ra * (mean + 17.8) * Math.sqrt(tMaxCelsius - tMinCelsius);
}

/** Soil heat G under the mean day of a month, MJ per m² and day (43, 44 | 3.46, 3.47). */
export function soilHeatOfMonth(means: {
  readonly previous?: number | null | undefined;
  readonly own: number;
  readonly next?: number | null | undefined;
}): number {
  const { previous, own, next } = means;
  if (isNumber(previous) && isNumber(next)) return 0.07 * (next - previous);
  return isNumber(previous) ? 0.14 * (own - previous) : 0;
}

/** Soil heat G under grass in an hour, MJ per m² (45, 46 | 3.48, 3.49). */
export function soilHeatOfHour(netMegajoules: number, isDay: boolean): number {
  return (isDay ? 0.1 : 0.5) * netMegajoules;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
