import { canonicalJson } from '@nongtin/broker/wire';
import type { RecipeConfig } from '../fertigation/recipe-schema.ts';
import type { Head, Tank } from '../fertigation/schema.ts';
import type { Farm, Plot, Zone } from './layout.ts';

/** Ground of each pillar where there are 2,000 on a hectare, and of it what drippers wet. */
const SQUARE_METRES_PER_PILLAR = 5;
const WETTED_FRACTION = 0.19;
const PILLARS = 120;
const SOURCE = 'well-c';
const HEAD = 'head-c';
const RECIPE = 'fruiting';

/**
 * The demo's farm with a third plot that is given fertilizer with its water: a well, a dosing head of two stocks and acid, two EC
 * probes that watch each other, and a pH probe.
 */
export function withDosing(farm: Farm): Farm {
  return {
    ...farm,
    plots: [...farm.plots, plot],
    sources: [{ id: SOURCE, name: 'Giếng lô C', maxFlowLitresPerMinute: 60 }],
    heads: [head],
    recipes: [recipe],
  };
}

function zone(id: string, name: string): Zone {
  return {
    ...{ id, name, valve: `valve-${id}`, soilProbe: `soil-${id}`, source: SOURCE },
    ...{ openBelowFraction: 0.22, targetFraction: 0.25, runSeconds: 2400, maxRunSeconds: 3600 },
    ...{ leaseSeconds: 2400, nominalFlowLitresPerMinute: 40 },
    water: {
      ...{ crop: 'dragon-fruit-high', soil: 'sandy-loam', method: 'drip' },
      ...{ areaSquareMetres: PILLARS * SQUARE_METRES_PER_PILLAR, plants: PILLARS, efficiency: 0.9 },
      ...{ fieldCapacity: 0.26, wiltingPoint: 0.09, rootDepthMetres: 0.3 },
      ...{ wettedFraction: WETTED_FRACTION, rootedFraction: WETTED_FRACTION, depletionFraction: 0.6 },
    },
  };
}

const plot: Plot = {
  ...{ id: 'plot-c', name: 'Lô C', crop: 'dragon fruit', plantingAreaCode: 'VN-BTN-0003-DEMO' },
  areaHectares: (2 * PILLARS * SQUARE_METRES_PER_PILLAR) / 10_000,
  fertigation: {
    recipes: [{ recipe: RECIPE }],
    // 450, 350 and 300 g a pillar and year (wikifarmer.com, Dragon Fruit Fertilization), 2,000 pillars on a hectare.
    planKilogramsPerHectare: { N: 900, P2O5: 700, K2O: 600 },
  },
  zones: [zone('c1', 'Lô C – Khu 1'), zone('c2', 'Lô C – Khu 2')],
};

const stock = (id: string, name: string, its: Partial<Tank>): Tank => ({
  ...{ id, name, capacityLitres: 200, pump: { valve: `dose-${id}` } },
  // A day of the time-lapse is 24 minutes: the whole tank in a day by the clock.
  ...{ perRunMillilitres: 10_000, perDayMillilitres: 200_000 },
  ...its,
});

const head: Head = {
  ...{ id: HEAD, name: 'Bộ châm phân lô C', source: SOURCE, sourceEc: 0.45 },
  ...{ preFlushLitres: 60, postFlushLitres: 200, mixingLitres: 200, separationLitres: 5 },
  tanks: [
    stock('stock-a', 'Bồn A (canxi nitrat)', {
      fertilizers: [{ name: 'Canxi nitrat', label: { N: 15.5, CaO: 26.5 }, gramsPerLitre: 100 }],
    }),
    stock('stock-b', 'Bồn B (MKP, kali sunfat)', {
      fertilizers: [
        { name: 'MKP', label: { P2O5: 52, K2O: 34 }, gramsPerLitre: 40 },
        { name: 'Kali sunfat', label: { K2O: 50, S: 17 }, gramsPerLitre: 60 },
      ],
    }),
    stock('acid', 'Axit nitric', {
      ...{ capacityLitres: 60, isAcid: true, perRunMillilitres: 4_000, perDayMillilitres: 60_000 },
    }),
  ],
  ec: { probes: [{ device: 'ec-1' }, { device: 'ec-2' }], min: 0.1, max: 3 },
  ph: { probes: [{ device: 'ph-1' }], min: 4.8, max: 8.2 },
};

/** Not what dragon fruit wants, but what the demo's water and stocks can show. */
const recipe: RecipeConfig = {
  ...{ id: RECIPE, name: 'Nuôi trái', mode: 'ec', ecTarget: 1.2, ecRise: 1 },
  millilitresPerCubicMetre: { 'stock-a': 4_000, 'stock-b': 4_000 },
  ph: { target: 6.3, tank: 'acid', maxMillilitresPerCubicMetre: 2_500 },
};

/** Whether it is one of the demo's, with the pump that it has there. */
export function isSimulatedTank({ id, pump }: Tank): boolean {
  return head.tanks.some(
    (known) => known.id === id && canonicalJson({ pump }) === canonicalJson({ pump: known.pump }),
  );
}
