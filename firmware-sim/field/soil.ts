/**
 * Soil water of one zone as FAO-56 keeps it: one bucket of the root zone's depth, under the area that the drippers wet
 * (2025 edition, chapter 8). Depths are mm over that area.
 */
export interface SoilProfile {
  /** θFC and θWP, m³/m³. */
  readonly fieldCapacity: number;
  readonly wiltingPoint: number;
  readonly saturation: number;
  readonly rootDepthMetres: number;
  /** Share p of the available water that the crop takes without stress. */
  readonly depletionShare: number;
  /** Time in which water above field capacity falls to a third (1/e). */
  readonly drainageHours: number;
}

export interface SoilWater {
  /** θ, m³/m³. */
  readonly moisture: number;
}

/** What comes in and asks for water in one step. */
export interface SoilStep {
  readonly hours: number;
  /** Rain and irrigation that reach the soil. */
  readonly waterInMm: number;
  /** What the crop would take, were it not short of water (ETc; negative counts as none). */
  readonly demandMm: number;
}

/** Where the water of one step went: waterIn = evapotranspiration + percolation + change of storage. */
export interface SoilFluxes {
  readonly evapotranspirationMm: number;
  readonly percolationMm: number;
}

const MM_PER_METRE = 1000;

export function storedMm(soil: SoilWater, profile: SoilProfile): number {
  return soil.moisture * profile.rootDepthMetres * MM_PER_METRE;
}

/** Ks: 1 without stress, falling to 0 at the wilting point (equation 8.6). */
export function stressFactor(soil: SoilWater, profile: SoilProfile): number {
  const available = profile.fieldCapacity - profile.wiltingPoint;
  const depletion = profile.fieldCapacity - soil.moisture;
  const share = (available - depletion) / ((1 - profile.depletionShare) * available);
  return Math.min(1, Math.max(0, share));
}

/** One step. Meant for minutes: over hours the crop's stress would be that of the step's beginning. */
export function stepSoil(
  soil: SoilWater,
  profile: SoilProfile,
  step: SoilStep,
): { soil: SoilWater; fluxes: SoilFluxes } {
  const depthMm = profile.rootDepthMetres * MM_PER_METRE;
  const wantedMm = Math.max(0, step.demandMm) * stressFactor(soil, profile);
  const reachableMm = Math.max(0, storedMm(soil, profile) - profile.wiltingPoint * depthMm);
  const evapotranspirationMm = Math.min(wantedMm, reachableMm);
  const filledMm = storedMm(soil, profile) + step.waterInMm - evapotranspirationMm;
  const excessMm = Math.max(0, filledMm - profile.fieldCapacity * depthMm);
  const drainedMm = excessMm * (1 - Math.exp(-step.hours / profile.drainageHours));
  const overflowMm = Math.max(0, filledMm - drainedMm - profile.saturation * depthMm);
  const percolationMm = drainedMm + overflowMm;
  return {
    soil: { moisture: (filledMm - percolationMm) / depthMm },
    fluxes: { evapotranspirationMm, percolationMm },
  };
}
