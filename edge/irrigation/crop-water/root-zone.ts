import type { CropProfile, SoilProfile } from './profile.ts';

/** The water that roots can reach, mm over the whole area of the zone. */
export interface RootZone {
  /** Total available water, from field capacity to wilting point (82 | 8.3). */
  readonly tawMm: number;
  /** What of it is used without stress (83 | 8.4). */
  readonly rawMm: number;
  readonly p: number;
}

interface RootedSoil {
  /** Crop evapotranspiration of the day, mm, by which p is adjusted; left out: p as the table has it. */
  readonly etcMm?: number | undefined;
  /** Share of the area whose soil holds water for the roots: below 1 under drip. */
  readonly rootedFraction?: number | undefined;
  /** p as stated for this zone: the same on every day. */
  readonly fixedDepletionFraction?: number | null | undefined;
}

export function rootZone(
  profile: CropProfile,
  soil: Pick<SoilProfile, 'fieldCapacity' | 'wiltingPoint'>,
  depthMetres: number,
  { etcMm, rootedFraction = 1, fixedDepletionFraction }: RootedSoil = {},
): RootZone {
  const tawMm = 1000 * (soil.fieldCapacity - soil.wiltingPoint) * depthMetres * rootedFraction;
  const p = fixedDepletionFraction ?? depletionFraction(profile, soil, etcMm);
  return { tawMm, rawMm: p * tawMm, p };
}

/** p, less on days of high demand (note to table 22 | 8.5); by a share of field capacity where the profile says so. */
function depletionFraction(
  { depletionFraction: p, stressBelowFieldCapacity: share }: CropProfile,
  soil: Pick<SoilProfile, 'fieldCapacity' | 'wiltingPoint'>,
  etcMm: number | undefined,
): number {
  if (share !== undefined) {
    const { fieldCapacity, wiltingPoint } = soil;
    return Math.min(0.8, ((1 - share) * fieldCapacity) / (fieldCapacity - wiltingPoint));
  }
  return etcMm === undefined ? p : Math.min(0.8, Math.max(0.1, p + 0.04 * (5 - etcMm)));
}

/** Ks: how much of ETc a crop still draws from a soil that has lost `depletionMm`, 0 to 1 (84 | 8.6). */
export function waterStress(depletionMm: number, { tawMm, rawMm }: RootZone): number {
  if (depletionMm <= rawMm) return 1;
  return Math.max(0, (tawMm - depletionMm) / (tawMm - rawMm));
}

/** Ks of a salty soil, 0 to 1; multiplied with that of a dry one (89 to 92 | 8.19 to 8.25). */
export function salinityStress(salinity: CropProfile['salinity'], soilEcDsPerM: number | null): number {
  if (salinity === undefined || soilEcDsPerM === null) return 1;
  const excess = Math.max(0, soilEcDsPerM - salinity.thresholdDsPerM);
  return Math.max(0, 1 - (salinity.slopePercent / (100 * salinity.yieldResponse)) * excess);
}

/** ECe that irrigation with water of `waterEcDsPerM` leads to in time, at a leaching fraction (93 | 8.26). */
export function soilEcFromWater(waterEcDsPerM: number, leachingFraction: number): number {
  return (((1 + leachingFraction) / leachingFraction) * waterEcDsPerM) / 5;
}

/** Depletion by what a probe says, mm; below 0 while the soil still drains (87 | 8.8). */
export function depletionFromProbe(
  soilMoisture: number,
  soil: Pick<SoilProfile, 'fieldCapacity'>,
  depthMetres: number,
  rootedFraction = 1,
): number {
  return 1000 * (soil.fieldCapacity - soilMoisture) * depthMetres * rootedFraction;
}
