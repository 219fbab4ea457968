import { type Climate, climateTerm } from './crop-curve.ts';
import type { SoilProfile } from './profile.ts';

/** Kc of dry, bare soil. */
const KC_MIN = 0.15;
/** Rain of this depth wets the whole surface for the days after it. */
const SIGNIFICANT_RAIN_MM = 3;
const STANDARD: Climate = { windAt2m: 2, rhMinPercent: 45 };

/** Total evaporable water of the surface layer, mm (73 | 7.1 to 7.9). */
export function totalEvaporableMm(soil: SoilProfile): number {
  return 1000 * (soil.fieldCapacity - 0.5 * soil.wiltingPoint) * soil.evaporationDepthMetres;
}

/** The most that crop and wet soil together can draw (72 | 7.1 to 7.9). */
export function kcMax(kcb: number, climate: Climate | null, heightMetres: number): number {
  return Math.max(1.2 + climateTerm(climate ?? STANDARD, heightMetres).by, kcb + 0.05);
}

/** Share of the ground that the crop shades (76 | 7.1 to 7.9). */
export function groundCover(kcb: number, most: number, heightMetres: number): number {
  const share = Math.max(0, kcb - KC_MIN) / Math.max(1e-6, most - KC_MIN);
  return Math.min(0.99, share ** (1 + 0.5 * heightMetres));
}

/** Kr: how freely a surface evaporates that has lost `depletionMm` (74 | 7.1 to 7.9). */
function evaporationReduction(depletionMm: number, readilyMm: number, totalMm: number): number {
  if (depletionMm <= readilyMm) return 1;
  return Math.max(0, Math.min(1, (totalMm - depletionMm) / (totalMm - readilyMm)));
}

export interface SurfaceInput {
  readonly kcb: number;
  readonly climate: Climate | null;
  readonly heightMetres: number;
  readonly et0Mm: number;
  /** Rain that infiltrates, mm; irrigation as mm over the whole area. */
  readonly rainMm: number;
  readonly irrigationMm: number;
  /** Share of the surface that irrigation wets (fw). */
  readonly wettedFraction: number;
  /** Share that the last wetting has wetted. */
  readonly lastWettedFraction: number;
  /** Share of the ground that is shaded, where somebody has measured it; else it follows from Kcb (76 | 7.1 to 7.9). */
  readonly cover?: number | undefined;
  /** Drip wets what the canopy shades: fw counts less with cover (2025: table 7.6). */
  readonly isDrip: boolean;
  /** The water comes before the day's evaporation, as in example 35; else after it. */
  readonly isEarly: boolean;
  /** 0 to 1: by how much a mulch lowers evaporation. */
  readonly mulchReduction: number;
  /** De at the end of the day before, mm over the wetted and exposed part. */
  readonly surfaceDepletionMm: number;
}

export interface Surface {
  readonly kcMax: number;
  readonly ke: number;
  readonly kr: number;
  readonly few: number;
  readonly cover: number;
  readonly evaporationMm: number;
  readonly surfaceDepletionMm: number;
  readonly lastWettedFraction: number;
}

/**
 * Evaporation of a day from the surface layer, and its balance (71 to 79 | 7.1 to 7.9). What percolates out of it goes into
 * the root zone below.
 */
export function evaporate(input: SurfaceInput, soil: SoilProfile): Surface {
  const total = totalEvaporableMm(soil);
  const readily = Math.min(soil.readilyEvaporableMm, total * 0.95);
  const { kcb, heightMetres, et0Mm } = input;
  const most = kcMax(kcb, input.climate, heightMetres);
  const cover = input.cover ?? groundCover(kcb, most, heightMetres);
  const lastWettedFraction = wettedBy(input);
  const isShaded = input.isDrip && lastWettedFraction < 1;
  const few = Math.max(0.01, Math.min(1 - cover, lastWettedFraction * (isShaded ? 1 - (2 / 3) * cover : 1)));
  const wetting = input.rainMm + input.irrigationMm / input.wettedFraction;
  const filled = (depletion: number) => Math.min(total, Math.max(0, depletion - wetting));
  const before = input.isEarly ? filled(input.surfaceDepletionMm) : Math.min(total, input.surfaceDepletionMm);
  const kr = evaporationReduction(before, readily, total);
  const free = Math.min(kr * (most - kcb), few * most) * (1 - input.mulchReduction);
  const evaporationMm = Math.min(Math.max(0, free) * et0Mm, few * (total - before));
  const after = before + evaporationMm / few;
  return {
    ...{ kcMax: most, ke: et0Mm > 0 ? evaporationMm / et0Mm : 0, kr, few, cover, evaporationMm },
    surfaceDepletionMm: input.isEarly ? Math.min(total, after) : filled(after),
    lastWettedFraction,
  };
}

/** fw of the day: that of irrigation, else all of it after significant rain, else as before (table 20 and its rules). */
function wettedBy({ irrigationMm, rainMm, wettedFraction, lastWettedFraction }: SurfaceInput): number {
  if (irrigationMm > 0) return wettedFraction;
  return rainMm > SIGNIFICANT_RAIN_MM ? 1 : lastWettedFraction;
}
