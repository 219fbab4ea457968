/**
 * Soil water of one spot: a pile of buckets, one a layer, each of which drains into the next while it holds more than field
 * capacity; roots drink from all layers they reach. Depths are mm over the wetted area. Capillary rise is left out.
 * With a single layer it is the one bucket of FAO-56 (2025 edition, chapter 8).
 */
interface Layer {
  readonly thicknessMetres: number;
  /** θFC, θWP and θ at saturation, m³/m³. */
  readonly fieldCapacity: number;
  readonly wiltingPoint: number;
  readonly saturation: number;
  /** Time in which water above field capacity falls to a third (1/e). */
  readonly drainageHours: number;
}

export interface SoilProfile {
  readonly layers: readonly Layer[];
  /** Rain or water that enters in an hour at most; the rest stands on the surface. */
  readonly infiltrationMmPerHour: number;
  /** What may stand there before it runs off. */
  readonly surfaceStorageMm: number;
}

/** Changed in place by `stepSoil`: a season has hundreds of thousands of steps. */
export interface SoilWater {
  /** Water in each layer, mm. */
  readonly storedMm: number[];
  pondedMm: number;
}

/** What comes in and asks for water in one step. */
export interface SoilStep {
  readonly hours: number;
  /** Rain and irrigation that reach the surface. */
  readonly waterInMm: number;
  /** What the crop would take, were it not short of water (ETc; negative counts as none). */
  readonly demandMm: number;
  readonly rootDepthMetres: number;
  /** Share p of the available water that the crop takes without stress. */
  readonly depletionShare: number;
}

/** Where the water of one step went: waterIn = evapotranspiration + percolation + runoff + change of what is stored. */
export interface SoilFluxes {
  readonly evapotranspirationMm: number;
  /** Out of the lowest layer. */
  readonly percolationMm: number;
  readonly runoffMm: number;
}

/** What the roots have: total available water, how much of it is gone, and what that does to the crop. */
export interface RootZone {
  readonly totalAvailableMm: number;
  readonly readilyAvailableMm: number;
  /** Against field capacity; never below zero. */
  readonly depletionMm: number;
  /** Ks: 1 without stress, falling to 0 at the wilting point (equation 8.6). */
  readonly stressFactor: number;
  /** Mean θ, m³/m³. */
  readonly moisture: number;
}

const MM_PER_METRE = 1000;

export function soilAt(profile: SoilProfile, moisture: number): SoilWater {
  return {
    storedMm: profile.layers.map((layer) => moisture * layer.thicknessMetres * MM_PER_METRE),
    pondedMm: 0,
  };
}

/** All water of the profile and on it, mm. */
export function totalMm(soil: SoilWater): number {
  return soil.storedMm.reduce((sum, stored) => sum + stored, soil.pondedMm);
}

export function rootZone(
  soil: SoilWater,
  profile: SoilProfile,
  rootDepthMetres: number,
  depletionShare: number,
): RootZone {
  let [totalAvailableMm, depletionMm, waterMm, depthMm, topMetres] = [0, 0, 0, 0, 0];
  for (const [index, layer] of profile.layers.entries()) {
    const share = reachedShare(layer, topMetres, rootDepthMetres);
    topMetres += layer.thicknessMetres;
    if (share <= 0) break;
    const thicknessMm = layer.thicknessMetres * MM_PER_METRE * share;
    const stored = (soil.storedMm[index] ?? 0) * share;
    totalAvailableMm += (layer.fieldCapacity - layer.wiltingPoint) * thicknessMm;
    depletionMm += layer.fieldCapacity * thicknessMm - stored;
    waterMm += stored;
    depthMm += thicknessMm;
  }
  const left = (totalAvailableMm - depletionMm) / ((1 - depletionShare) * totalAvailableMm);
  return {
    totalAvailableMm,
    readilyAvailableMm: depletionShare * totalAvailableMm,
    depletionMm: Math.max(0, depletionMm),
    stressFactor: Math.min(1, Math.max(0, left)),
    moisture: waterMm / depthMm,
  };
}

/** θ at a depth, m³/m³. */
export function moistureAt(soil: SoilWater, profile: SoilProfile, depthMetres: number): number {
  let bottomMetres = 0;
  for (const [index, layer] of profile.layers.entries()) {
    bottomMetres += layer.thicknessMetres;
    if (depthMetres <= bottomMetres || index === profile.layers.length - 1)
      return (soil.storedMm[index] ?? 0) / (layer.thicknessMetres * MM_PER_METRE);
  }
  throw new RangeError('a profile has at least one layer');
}

/** One step, in place. Meant for minutes: over hours the crop's stress would be that of the step's beginning. */
export function stepSoil(soil: SoilWater, profile: SoilProfile, step: SoilStep): SoilFluxes {
  const evapotranspirationMm = drink(soil, profile, step);
  const runoffMm = enter(soil, profile, step);
  return { evapotranspirationMm, runoffMm, percolationMm: drain(soil, profile, step.hours) };
}

/**
 * The crop takes what its stress leaves it, from where roots and water are: root density falls in a straight line from the
 * surface to the root's depth. What a dry layer cannot give, the others do.
 */
function drink(soil: SoilWater, profile: SoilProfile, step: SoilStep): number {
  const { rootDepthMetres, depletionShare, demandMm } = step;
  if (demandMm <= 0) return 0;
  const wantedMm = demandMm * rootZone(soil, profile, rootDepthMetres, depletionShare).stressFactor;
  if (wantedMm <= 0) return 0;
  const { layers } = profile;
  const reachable = new Array<number>(layers.length).fill(0);
  const weight = new Array<number>(layers.length).fill(0);
  let [topMetres, weights, above] = [0, 0, 0];
  for (let index = 0; index < layers.length && topMetres < rootDepthMetres; index += 1) {
    const layer = layers[index];
    if (layer === undefined) break;
    const thicknessMm = layer.thicknessMetres * MM_PER_METRE;
    const share = reachedShare(layer, topMetres, rootDepthMetres);
    topMetres += layer.thicknessMetres;
    const below = rootsAbove(topMetres, rootDepthMetres);
    const availableMm = Math.max(0, ((soil.storedMm[index] ?? 0) - layer.wiltingPoint * thicknessMm) * share);
    // The drier a layer is for its kind, the less of the crop's wish falls to it.
    const wetness = Math.min(1, availableMm / ((layer.fieldCapacity - layer.wiltingPoint) * thicknessMm));
    const part = (below - above) * wetness;
    reachable[index] = availableMm;
    weight[index] = part;
    weights += part;
    above = below;
  }
  let takenMm = 0;
  let leftMm = 0;
  for (let index = 0; index < layers.length; index += 1) {
    const available = reachable[index] ?? 0;
    const taken = weights > 0 ? Math.min(available, (wantedMm * (weight[index] ?? 0)) / weights) : 0;
    reachable[index] = available - taken;
    leftMm += available - taken;
    soil.storedMm[index] = (soil.storedMm[index] ?? 0) - taken;
    takenMm += taken;
  }
  if (wantedMm - takenMm <= 1e-12 || leftMm <= 0) return takenMm;
  const share = Math.min(1, (wantedMm - takenMm) / leftMm);
  for (let index = 0; index < layers.length; index += 1) {
    const taken = (reachable[index] ?? 0) * share;
    soil.storedMm[index] = (soil.storedMm[index] ?? 0) - taken;
    takenMm += taken;
  }
  return takenMm;
}

/** Water enters as fast as the soil lets it and while the first layer has room; what cannot even stand there runs off. */
function enter(soil: SoilWater, profile: SoilProfile, { hours, waterInMm }: SoilStep): number {
  const [top] = profile.layers;
  if (top === undefined) return 0;
  const waitingMm = soil.pondedMm + waterInMm;
  if (waitingMm <= 0) return 0;
  const first = soil.storedMm[0] ?? 0;
  const roomMm = Math.max(0, top.saturation * top.thicknessMetres * MM_PER_METRE - first);
  const enteringMm = Math.min(waitingMm, profile.infiltrationMmPerHour * hours, roomMm);
  soil.storedMm[0] = first + enteringMm;
  soil.pondedMm = Math.min(profile.surfaceStorageMm, waitingMm - enteringMm);
  return waitingMm - enteringMm - soil.pondedMm;
}

/** From the bottom up, so that water falls one layer in a step. */
function drain(soil: SoilWater, profile: SoilProfile, hours: number): number {
  let percolationMm = 0;
  for (let index = profile.layers.length - 1; index >= 0; index -= 1) {
    const layer = profile.layers[index];
    const stored = soil.storedMm[index] ?? 0;
    if (layer === undefined) continue;
    const excessMm = stored - layer.fieldCapacity * layer.thicknessMetres * MM_PER_METRE;
    if (excessMm <= 0) continue;
    const fallingMm = excessMm * (1 - Math.exp(-hours / layer.drainageHours));
    const below = profile.layers[index + 1];
    if (below === undefined) {
      soil.storedMm[index] = stored - fallingMm;
      percolationMm = fallingMm;
      continue;
    }
    const under = soil.storedMm[index + 1] ?? 0;
    const movedMm = Math.min(
      fallingMm,
      Math.max(0, below.saturation * below.thicknessMetres * MM_PER_METRE - under),
    );
    soil.storedMm[index] = stored - movedMm;
    soil.storedMm[index + 1] = under + movedMm;
  }
  return percolationMm;
}

/** Share of a layer that roots have reached. */
function reachedShare(layer: Layer, topMetres: number, rootDepthMetres: number): number {
  return Math.min(1, Math.max(0, (rootDepthMetres - topMetres) / layer.thicknessMetres));
}

/** Share of all roots above a depth. */
function rootsAbove(depthMetres: number, rootDepthMetres: number): number {
  const share = Math.min(1, depthMetres / rootDepthMetres);
  return share * (2 - share);
}
