import type { Reason } from '@nongtin/broker/wire';

export interface RewetOptions {
  /** Flowering and two weeks around it: rice then stands in water. */
  readonly isFlowering: boolean;
  /** Days since transplanting; drying begins after two weeks, when the seedlings hold. */
  readonly daysSinceTransplanting: number;
  /** Water in the tube at which to flood again, cm above the surface: −15 is "safe" wetting and drying. */
  readonly rewetAtCm?: number;
  /** How deep to flood, cm; levelled fields allow 5. */
  readonly floodToCm?: number;
}

/**
 * Rice in alternate wetting and drying, by the water level in a perforated field tube; below the surface is negative.
 * IRRI's rule: flood when it is 15 cm below, keep 5 cm standing while young and in flower. Null: no level is known, so
 * nothing is decided.
 */
export function rewet(
  levelCm: number | null,
  options: RewetOptions,
): { readonly wanted: boolean; readonly depthMm: number; readonly reason: Reason } | null {
  if (levelCm === null || !Number.isFinite(levelCm)) return null;
  const { isFlowering, daysSinceTransplanting, rewetAtCm = -15, floodToCm = 5 } = options;
  const isPonded = isFlowering || daysSinceTransplanting < 14;
  // Kept ponded: filled up again before the soil shows.
  const threshold = isPonded ? 1 : rewetAtCm;
  const wanted = levelCm <= threshold;
  const key = wanted ? (isPonded ? 'rice_keeps_standing' : 'rice_dry_enough') : 'rice_wet_enough';
  return {
    wanted,
    depthMm: wanted ? 10 * Math.max(0, floodToCm - Math.max(0, levelCm)) : 0,
    reason: { key, figures: { levelCm, threshold } },
  };
}
