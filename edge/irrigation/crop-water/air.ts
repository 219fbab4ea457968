import type { WetBulb } from './types.ts';

/** Atmospheric pressure in kPa at `elevationMetres` (7 | 3.1). */
export function pressureKpaAt(elevationMetres: number): number {
  return 101.3 * ((293 - 0.0065 * elevationMetres) / 293) ** 5.26;
}

/** Psychrometric constant γ in kPa/°C (8 | 3.3). */
export function psychrometricConstant(pressureKpa: number): number {
  return 0.665e-3 * pressureKpa;
}

/** Saturation vapour pressure e°(T) in kPa (11 | 3.6). */
export function saturationKpa(celsius: number): number {
  return 0.6108 * Math.exp((17.27 * celsius) / (celsius + 237.3));
}

/** Mean saturation vapour pressure es of a day in kPa; never e°(Tmean), which is too low (12 | 3.7). */
export function meanSaturationKpa(tMinCelsius: number, tMaxCelsius: number): number {
  return (saturationKpa(tMinCelsius) + saturationKpa(tMaxCelsius)) / 2;
}

/** Slope Δ of the saturation curve in kPa/°C (13 | 3.8). */
export function saturationSlope(celsius: number): number {
  return (4098 * saturationKpa(celsius)) / (celsius + 237.3) ** 2;
}

/** a of γpsy = a P, 1/°C, by ventilation of the wet bulb: some 5 m/s, some 1 m/s, or none (16 | 3.13 to 3.16). */
const PSYCHROMETER = { aspirated: 0.000662, natural: 0.0008, indoor: 0.0012 } as const;

/** ea in kPa by psychrometer (15, 16 | 3.13 to 3.16). */
export function vapourFromWetBulb(bulbs: WetBulb, pressureKpa: number): number {
  const psychrometer = PSYCHROMETER[bulbs.ventilation] * pressureKpa;
  return saturationKpa(bulbs.wetCelsius) - psychrometer * (bulbs.dryCelsius - bulbs.wetCelsius);
}

interface Range {
  readonly tMinCelsius: number;
  readonly tMaxCelsius: number;
}

/** ea in kPa from the day's highest and lowest humidity (17 | 3.13 to 3.16). */
export function vapourFromRhMaxMin(t: Range, { rhMax, rhMin }: { rhMax: number; rhMin: number }): number {
  return (saturationKpa(t.tMinCelsius) * rhMax + saturationKpa(t.tMaxCelsius) * rhMin) / 200;
}

/** ea in kPa from the highest humidity alone, where the lowest is in doubt (18 | 3.13 to 3.16). */
export function vapourFromRhMax(t: Range, rhMax: number): number {
  return (saturationKpa(t.tMinCelsius) * rhMax) / 100;
}

/** ea in kPa from the mean humidity: the least certain way (19 | 3.13 to 3.16). */
export function vapourFromRhMean(t: Range, rhMean: number): number {
  return (meanSaturationKpa(t.tMinCelsius, t.tMaxCelsius) * rhMean) / 100;
}

/** Wind at 2 m over grass from one measured at `heightMetres` (47 | 3.50). */
export function windAt2m(metresPerSecond: number, heightMetres: number): number {
  // By the logarithm 2 m itself would give 1.0002.
  if (heightMetres === 2) return metresPerSecond;
  return (metresPerSecond * 4.87) / Math.log(67.8 * heightMetres - 5.42);
}
