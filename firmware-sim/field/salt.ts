import type { SoilFluxes } from './soil.ts';

/**
 * Dissolved salt of a zone as concentration times depth, mS/cm × mm: watering brings it, percolation and the crop take
 * it away, evapotranspiration leaves most of it behind.
 */
export type SaltLoad = number;

/** The crop's water carries this share of the soil water's concentration with it (nutrients taken up). */
const UPTAKE_SHARE = 0.3;

/** Electrical conductivity of the water in the pores, mS/cm. */
export function poreWaterEc(salt: SaltLoad, waterMm: number): number {
  return salt / waterMm;
}

/** One step: `irrigationMm` of water with `irrigationEc` mixes with `waterMm` before the fluxes leave. */
export function stepSalt(
  salt: SaltLoad,
  waterMm: number,
  irrigation: { mm: number; ec: number },
  fluxes: SoilFluxes,
): SaltLoad {
  const mixed = salt + irrigation.mm * irrigation.ec;
  const concentration = mixed / (waterMm + irrigation.mm);
  const leaving = fluxes.percolationMm + UPTAKE_SHARE * fluxes.evapotranspirationMm;
  return Math.max(0, mixed - concentration * leaving);
}

/**
 * What a probe in the soil shows, mS/cm: conductivity of the pore water, of the water's share of the soil and of the
 * winding way through it, plus that of the grains (Rhoades 1976, fine sandy loam: transmission 1.38 θ − 0.09, solids
 * 0.18). It rises with moisture, which is why a probe's EC is only comparable at similar moisture.
 */
export function bulkEc(poreEc: number, moisture: number): number {
  return 0.18 + poreEc * moisture * Math.max(0.01, 1.38 * moisture - 0.09);
}
