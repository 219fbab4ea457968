import { checkFarm, type Farm } from '../../edge/farm/layout.ts';
import { plots, type Stage, stages } from './season.ts';
import { CAPACITY_LITRES, stocks, type TankId, tankIds } from './worlds.ts';

export const HEAD = 'head';
/** YYYY-MM-DD: START_MS of play.ts on the farm. */
const FIRST_DAY = '2026-02-01';
const RATIO = 4_000;
/** mS/cm that 4 mL of each stock in a litre add to clear water: measured in a bucket, at the stated strength. */
const EC_RISE = 1.01;
const ACID_MOST = 2_500;
/** Twice what a large run takes, and no more than a tank in a day. */
const LIMITS = {
  acid: { perRunMillilitres: 12_000, perDayMillilitres: 60_000 },
  a: { perRunMillilitres: 80_000, perDayMillilitres: 200_000 },
  b: { perRunMillilitres: 80_000, perDayMillilitres: 200_000 },
} as const;

export function pumpOf(tank: TankId): string {
  return `pump-${tank}`;
}

/** The season as its people have written it into farm.json, with the recipe of a stage for all plots. */
export function farmIn(stage: Stage): Farm {
  const farm = {
    ...{ format: 'nongtin-farm-1', site: 'Melons', farmDevices: [] },
    sources: [{ id: 'well', name: 'Well', maxFlowLitresPerMinute: 120 }],
    heads: [
      {
        ...{ id: HEAD, name: 'Dosing head', source: 'well', probeSeconds: 8, separationLitres: 0 },
        ...{ preFlushLitres: 60, postFlushLitres: 120, mixingLitres: 132 },
        tanks: tankIds.map(tank),
        ec: {
          probes: [{ device: 'ec-1' }, { device: 'ec-2' }],
          ...{ min: 0.05, max: 4, tolerance: 0.35, maxAgeSeconds: 30 },
        },
        ph: { probes: [{ device: 'ph-1' }], min: 4.5, max: 8.5, maxAgeSeconds: 30 },
      },
    ],
    recipes: stages.map(({ id, ecTarget }) => ({
      ...{ id, name: id, mode: 'ec', ecTarget, ecRise: EC_RISE },
      millilitresPerCubicMetre: { a: RATIO, b: RATIO },
      ph: { target: 6.2, deadBand: 0.15, tank: 'acid', maxMillilitresPerCubicMetre: ACID_MOST },
    })),
    plots: plots.map((plot) => ({
      ...{ id: plot.id, name: plot.id, crop: 'melon', areaHectares: plot.hectares },
      fertigation: {
        recipes: [{ recipe: stage.id }],
        planKilogramsPerHectare: {
          N: stages.reduce((sum, one) => sum + one.nitrogenKilogramsPerHectare, 0),
        },
        planByStage: {
          nutrient: 'N',
          stages: stages.map((one) => ({
            days: one.toDay - one.fromDay,
            kilogramsPerHectare: one.nitrogenKilogramsPerHectare,
            millimetresPerDay: one.millimetresPerDay,
          })),
        },
        seasonFrom: FIRST_DAY,
      },
      zones: [
        {
          ...{ id: plot.id, name: plot.id, source: 'well', valve: `valve-${plot.id}` },
          ...{ soilProbe: `soil-${plot.id}`, nominalFlowLitresPerMinute: plot.litresPerMinute },
          ...{ openBelowFraction: 0.2, targetFraction: 0.3, runSeconds: 3_600, maxRunSeconds: 14_400 },
        },
      ],
    })),
  };
  return checkFarm(farm, 'farm.json of the bench');
}

function tank(id: TankId) {
  const { gramsPerLitre = undefined } = 'gramsPerLitre' in stocks[id] ? stocks[id] : {};
  return {
    ...{ id, name: id, capacityLitres: CAPACITY_LITRES[id], isAcid: id === 'acid' },
    ...(gramsPerLitre === undefined ? {} : { gramsPerLitre }),
    ...LIMITS[id],
    pump: { valve: pumpOf(id), maxPulseSeconds: 3 },
  };
}
