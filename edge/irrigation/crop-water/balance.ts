import {
  basalCoefficient,
  type Climate,
  cropCoefficient,
  heightOn,
  rootDepthOn,
  type Stage,
} from './crop-curve.ts';
import { evaporate, type Surface } from './dual.ts';
import { rootZone, salinityStress, waterStress } from './root-zone.ts';
import { runoffMm } from './runoff.ts';
import type { SoilState } from './state.ts';
import type { ZoneModel } from './zone-model.ts';

export interface DayInputs {
  /** Local date, YYYY-MM-DD. */
  readonly date: string;
  readonly et0Mm: number;
  readonly rainMm: number;
  /** What reached the soil, mm over the whole area: measured litres × efficiency / m². */
  readonly irrigationMm: number;
  /** Mean wind and RHmin of the last days, to adjust Kc; null: as the table has it. */
  readonly climate: Climate | null;
  /**
   * When in the day the water comes. Late (if left out): the equations as they stand, so the day's ETc is drawn first. Early,
   * as in example 38: it ends stress on the same day, and what is too much has drained before the crop draws.
   */
  readonly waterComes?: 'early' | 'late';
}

/** Every figure of a day; mm over the whole area of the zone. */
export interface DayReport {
  readonly date: string;
  readonly stage: Stage;
  readonly cropDay: number;
  readonly et0Mm: number;
  /** Kc, or Kcb + Ke by the dual coefficient. */
  readonly kc: number;
  readonly standardKc: number;
  readonly kcb: number | null;
  readonly ke: number | null;
  readonly evaporationMm: number | null;
  readonly ks: number;
  readonly salinityKs: number;
  /** Kc ET0, as if water were never short (58 | 6.1). */
  readonly etcMm: number;
  /** What the crop could really draw (80, 81 | 8.1, 8.2). */
  readonly etcActualMm: number;
  readonly rainMm: number;
  readonly runoffMm: number;
  /** Light rain that wets leaves and dust only: less than 0.2 ET0 counts as evaporated. */
  readonly lightRainMm: number;
  /** Rain between the rooted strips. */
  readonly rainBesideRootsMm: number;
  readonly effectiveRainMm: number;
  readonly irrigationMm: number;
  readonly percolationMm: number;
  /** Left out: zones with a water table within a metre below the roots would gain from it. */
  readonly capillaryRiseMm: 0;
  /** Water found by roots that grew into soil at field capacity: it adds to TAW, not to the depletion. */
  readonly rootGrowthMm: number;
  readonly rootDepthMetres: number;
  readonly tawMm: number;
  readonly rawMm: number;
  readonly p: number;
  readonly depletionBeforeMm: number;
  readonly depletionMm: number;
  /** Depletion as soil moisture in the rooted soil, m³/m³. */
  readonly soilMoisture: number;
  readonly isStressed: boolean;
}

/** A soil at field capacity on the day before `date`, as after a thorough wetting. */
export function initialSoil(zone: ZoneModel, date: string, depletionMm = 0): SoilState {
  const rootDepthMetres = rootDepthOn(zone.rootDepth, zone.profile.season, {
    date,
    plantedOn: zone.plantedOn,
  });
  const { tawMm } = rootZone(zone.profile, zone.soil, rootDepthMetres, zone);
  return {
    depletionMm: bounded(depletionMm, tawMm),
    rootDepthMetres,
    surfaceDepletionMm: 0,
    wettedFraction: zone.wettedFraction,
    probe: null,
  };
}

/**
 * One day of the root zone's balance (84 to 88 | 8.6 to 8.15). Capillary rise is left out. Throws a RangeError on figures that are no amounts of water.
 */
export function stepDay(
  state: SoilState,
  inputs: DayInputs,
  zone: ZoneModel,
): { state: SoilState; report: DayReport } {
  for (const name of ['et0Mm', 'rainMm', 'irrigationMm'] as const)
    if (!(Number.isFinite(inputs[name]) && inputs[name] >= 0))
      throw new RangeError(`${name} of ${inputs.date} is ${inputs[name]}: give mm, 0 or more`);
  const { date, et0Mm, rainMm, irrigationMm } = inputs;
  const day = { date, plantedOn: zone.plantedOn };
  // By the zone as it is stated now: roots never shrink, but a depth that was measured wrongly is corrected.
  const rootDepthMetres = rootDepthOn(zone.rootDepth, zone.profile.season, day);
  const runoff = runoffMm(rainMm, zone.curveNumber);
  const infiltrating = rainMm - runoff;
  const drawn = crop(state, { ...inputs, rainMm: infiltrating }, zone);
  const tawBefore = rootZone(zone.profile, zone.soil, state.rootDepthMetres, zone).tawMm;
  const { tawMm, rawMm, p } = rootZone(zone.profile, zone.soil, rootDepthMetres, {
    etcMm: drawn.etcMm,
    rootedFraction: zone.rootedFraction,
    fixedDepletionFraction: zone.fixedDepletionFraction,
  });
  const before = bounded(state.depletionMm, tawMm);
  // The standard applies the Ks of salt with the dual coefficient only; leaving it out waters more, which a salty soil needs.
  const salinityKs = zone.isDual ? salinityStress(zone.profile.salinity, zone.soilEcDsPerM) : 1;
  // By the single coefficient; the surface layer of the dual one accounts for light rain itself.
  const lightRainMm = drawn.surface === null && rainMm < 0.2 * et0Mm ? infiltrating : 0;
  const rainBesideRootsMm = (infiltrating - lightRainMm) * (1 - zone.rootedFraction);
  const effectiveRainMm = infiltrating - lightRainMm - rainBesideRootsMm;
  const reaching = effectiveRainMm + irrigationMm;
  const isEarly = inputs.waterComes === 'early';
  const start = isEarly ? Math.max(0, before - reaching) : before;
  const ks = waterStress(start, { tawMm, rawMm, p });
  const wanted = drawn.transpirationAt(ks * salinityKs);
  // The last water is bound too tightly to be drawn within the day.
  const etcActualMm = Math.min(wanted, isEarly ? tawMm - start : tawMm - before + reaching);
  const percolationMm = Math.max(0, reaching - before - (isEarly ? 0 : etcActualMm));
  const depletionMm = bounded(before - reaching + etcActualMm + percolationMm, tawMm);
  const surfaceDepletionMm = drawn.surface?.surfaceDepletionMm ?? state.surfaceDepletionMm;
  const wettedFraction = drawn.surface?.lastWettedFraction ?? state.wettedFraction;
  const moistureLost = depletionMm / (1000 * rootDepthMetres * zone.rootedFraction);
  return {
    state: { ...state, depletionMm, rootDepthMetres, surfaceDepletionMm, wettedFraction },
    report: {
      ...{
        date,
        stage: drawn.stage,
        cropDay: drawn.cropDay,
        et0Mm,
        kc: drawn.kc,
        standardKc: drawn.standardKc,
      },
      ...{
        kcb: drawn.kcb,
        ke: drawn.surface?.ke ?? null,
        evaporationMm: drawn.surface?.evaporationMm ?? null,
      },
      ...{ ks, salinityKs, etcMm: drawn.etcMm, etcActualMm, rainMm, runoffMm: runoff, lightRainMm },
      ...{ rainBesideRootsMm, effectiveRainMm, irrigationMm, percolationMm, capillaryRiseMm: 0 },
      ...{ rootGrowthMm: Math.max(0, tawMm - tawBefore), rootDepthMetres, tawMm, rawMm, p },
      ...{ depletionBeforeMm: before, depletionMm, isStressed: ks < 1 },
      soilMoisture: zone.soil.fieldCapacity - moistureLost,
    },
  };
}

interface Drawn {
  readonly stage: Stage;
  readonly cropDay: number;
  readonly kc: number;
  readonly standardKc: number;
  readonly kcb: number | null;
  readonly surface: Surface | null;
  readonly etcMm: number;
  /** mm that leave the soil when the crop is stressed to `ks`: evaporation goes on. */
  transpirationAt(ks: number): number;
}

function crop(state: SoilState, inputs: DayInputs, zone: ZoneModel): Drawn {
  const { date, et0Mm, climate } = inputs;
  const day = { date, plantedOn: zone.plantedOn };
  const single = cropCoefficient(zone.profile, day, climate);
  const { stage, cropDay, standardKc } = single;
  if (!zone.isDual) {
    const kc = single.kc * (1 - singleMulch(zone));
    const etcMm = kc * et0Mm;
    return {
      ...{ stage, cropDay, kc, standardKc, kcb: null, surface: null, etcMm },
      transpirationAt: (ks) => ks * etcMm,
    };
  }
  const basal = basalCoefficient(zone.profile, day, climate).kc;
  const surface = evaporate(
    {
      ...{ kcb: basal, climate, heightMetres: heightOn(zone.profile, day), et0Mm },
      ...{ rainMm: inputs.rainMm, irrigationMm: inputs.irrigationMm },
      ...{ wettedFraction: zone.wettedFraction, lastWettedFraction: state.wettedFraction },
      ...{ isDrip: zone.method === 'drip', isEarly: inputs.waterComes === 'early' },
      ...{ mulchReduction: dualMulch(zone), surfaceDepletionMm: state.surfaceDepletionMm },
    },
    zone.soil,
  );
  return {
    ...{ stage, cropDay, kc: basal + surface.ke, standardKc, kcb: basal, surface },
    etcMm: basal * et0Mm + surface.evaporationMm,
    transpirationAt: (ks) => ks * basal * et0Mm + surface.evaporationMm,
  };
}

/** Plastic that covers everything lowers Kc by 10 to 15 % (chapter 10); straw is weighed by the dual coefficient only. */
function singleMulch({ mulch }: ZoneModel): number {
  return mulch?.kind === 'plastic' ? 0.125 * mulch.coverFraction : 0;
}

/** No evaporation from under plastic; straw lowers it by 5 % for each 10 % covered (chapter 10). */
function dualMulch({ mulch }: ZoneModel): number {
  if (mulch === null) return 0;
  return mulch.coverFraction * (mulch.kind === 'plastic' ? 1 : 0.5);
}

function bounded(depletionMm: number, tawMm: number): number {
  return Math.min(tawMm, Math.max(0, depletionMm));
}
