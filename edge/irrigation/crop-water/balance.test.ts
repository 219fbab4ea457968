import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DayInputs, initialSoil, stepDay } from './balance.ts';
import { loadLibrary } from './library.ts';
import type { CropProfile } from './profile.ts';
import { depletionFromProbe, rootZone, salinityStress, soilEcFromWater, waterStress } from './root-zone.ts';
import { runoffMm } from './runoff.ts';
import type { SoilState } from './state.ts';
import { type ZoneModel, zoneModel } from './zone-model.ts';

const library = loadLibrary({
  crops: {
    format: 'nongtin-crops-1',
    crops: [
      {
        ...{
          id: 'full-grown',
          name: { vi: 'x', en: 'x', zh: 'x' },
          edition: 'FAO56-1998',
          sources: ['test'],
        },
        ...{ kc: { initial: 1.2, mid: 1.2, end: 1.2 }, depletionFraction: 0.4, rootDepthDefaultMetres: 0.8 },
        season: { kind: 'perennial', months: Array(12).fill('mid') },
      },
    ],
  },
});
const crop = (id: string) => library.crops.get(id) as CropProfile;
const zone = (change: object = {}): ZoneModel =>
  zoneModel(
    { crop: 'full-grown', soil: 'loam', areaSquareMetres: 500, method: 'sprinkler', ...change },
    library,
  );
const dry = (date: string, et0Mm: number): DayInputs => ({
  ...{ date, et0Mm, rainMm: 0, irrigationMm: 0, climate: null },
});
const soil = (depletionMm: number, model: ZoneModel): SoilState =>
  initialSoil(model, '2026-03-01', depletionMm);

describe('the water that roots reach', () => {
  // Example 36 of FAO-56, 1998: onions to 0.4 m, tomatoes to 0.8 m, maize to 1.2 m.
  const soils = { 'loamy sand': [0.15, 0.06], silt: [0.32, 0.15], 'silty clay': [0.35, 0.23] } as const;
  it.each([
    ['onion', 0.4, 0.3, 'loamy sand', 36, 11],
    ['onion', 0.4, 0.3, 'silt', 68, 20],
    ['onion', 0.4, 0.3, 'silty clay', 48, 14],
    ['tomato', 0.8, 0.4, 'loamy sand', 72, 29],
    ['tomato', 0.8, 0.4, 'silt', 136, 54],
    ['tomato', 0.8, 0.4, 'silty clay', 96, 38],
    ['maize', 1.2, 0.55, 'loamy sand', 108, 59],
    ['maize', 1.2, 0.55, 'silt', 204, 112],
    ['maize', 1.2, 0.55, 'silty clay', 144, 79],
  ] as const)('36: %s, %f m deep, p %f, on %s: TAW %i mm, RAW %i mm', (_, depth, p, name, taw, raw) => {
    const [fieldCapacity, wiltingPoint] = soils[name];
    const profile = { ...crop('full-grown'), depletionFraction: p };
    const found = rootZone(profile, { fieldCapacity, wiltingPoint }, depth);
    expect(Math.round(found.tawMm)).toBe(taw);
    expect(Math.round(found.rawMm)).toBe(raw);
  });

  it('is used less far on a day of high demand', () => {
    const loam = { fieldCapacity: 0.25, wiltingPoint: 0.12 };
    const p = (etcMm: number) => rootZone(crop('tomato'), loam, 0.8, { etcMm }).p;
    expect(p(5)).toBeCloseTo(0.4, 6);
    expect(p(8)).toBeCloseTo(0.28, 6);
    expect(p(2)).toBeCloseTo(0.52, 6);
    expect(p(40)).toBe(0.1);
  });

  it('of aerobic rice ends at nine tenths of field capacity', () => {
    const { rawMm } = rootZone(
      crop('rice-aerobic-sprinkler'),
      { fieldCapacity: 0.36, wiltingPoint: 0.22 },
      1,
    );
    expect(rawMm).toBeCloseTo(36, 6);
  });

  it('is what a probe says it is', () => {
    expect(depletionFromProbe(0.2, { fieldCapacity: 0.25 }, 0.4)).toBeCloseTo(20, 6);
    expect(depletionFromProbe(0.2, { fieldCapacity: 0.25 }, 0.4, 0.35)).toBeCloseTo(7, 6);
  });
});

describe('ten days without water', () => {
  // Example 37 of FAO-56, 1998.
  it('37: tomatoes on silt that has lost 55 of 160 mm are stressed more every day', () => {
    const model = zone({
      fieldCapacity: 0.32,
      wiltingPoint: 0.12,
      rootDepthMetres: 0.8,
      depletionFraction: 0.4,
    });
    let state = soil(55, model);
    // Ks, ETc adjusted and the depletion at the day's end.
    const table = [
      ...[
        [1, 6, 61],
        [1, 6, 67],
        [0.97, 5.8, 72.8],
        [0.91, 5.4, 78.3],
        [0.85, 5.1, 83.4],
      ],
      ...[
        [0.8, 4.8, 88.2],
        [0.75, 4.5, 92.6],
        [0.7, 4.2, 96.9],
        [0.66, 3.9, 100.8],
        [0.62, 3.7, 104.5],
      ],
    ] as const;
    for (const [i, [ks, etcActual, depletion]] of table.entries()) {
      const date = `2026-03-${String(i + 2).padStart(2, '0')}`;
      const { report, ...next } = stepDay(state, dry(date, 5), model);
      state = next.state;
      expect(report.tawMm).toBeCloseTo(160, 6);
      expect(report.rawMm).toBeCloseTo(64, 6);
      expect(report.etcMm).toBeCloseTo(6, 6);
      expect(report.ks).toBeCloseTo(ks, 2);
      expect(report.etcActualMm).toBeCloseTo(etcActual, 1);
      expect(report.depletionMm).toBeCloseTo(depletion, 1);
    }
  });
});

describe('salt', () => {
  const beans = { thresholdDsPerM: 1, slopePercent: 19, yieldResponse: 1.15 };

  // Example 39 of FAO-56, 1998: TAW 110 mm, RAW 44 mm; the depletion, Ks of sweet soil, and of one with 1.5 dS/m.
  it.each([
    [0, 1, 0.92],
    [44, 1, 0.92],
    [50, 0.91, 0.83],
    [60, 0.76, 0.69],
    [70, 0.61, 0.56],
    [80, 0.45, 0.42],
    [90, 0.3, 0.28],
    [100, 0.15, 0.14],
    [110, 0, 0],
  ] as const)(
    '39: beans that lack %i mm draw %f of their need, and %f where the soil is salty',
    (mm, sweet, salty) => {
      const ks = waterStress(mm, { tawMm: 110, rawMm: 44, p: 0.4 });
      expect(ks).toBeCloseTo(sweet, 2);
      expect(ks * salinityStress(beans, 1.5)).toBeCloseTo(salty, 2);
    },
  );

  it('39: water of 1 dS/m of which 15 % percolates leads to 1.5 dS/m in the soil', () => {
    expect(soilEcFromWater(1, 0.15)).toBeCloseTo(1.5, 1);
    expect(salinityStress(beans, 0.8)).toBe(1);
    expect(salinityStress(undefined, 9)).toBe(1);
  });
});

describe('rain', () => {
  const model = zone();
  it('runs off by the curve number, and not at all without one', () => {
    expect(runoffMm(100, 80)).toBeCloseTo(50.5, 1);
    expect(runoffMm(10, 80)).toBe(0);
    expect(runoffMm(100, null)).toBe(0);
    expect(runoffMm(30, 100)).toBe(30);
  });

  it('fills the soil, and percolates beyond that', () => {
    const { report, state } = stepDay(soil(20, model), { ...dry('2026-03-02', 5), rainMm: 60 }, model);
    expect(report).toMatchObject({ effectiveRainMm: 60, depletionMm: 0, capillaryRiseMm: 0 });
    expect(report.percolationMm).toBeCloseTo(60 - 6 - 20, 6);
    expect(state.depletionMm).toBe(0);
  });

  it('below a fifth of ET0 only wets the leaves', () => {
    const { report } = stepDay(soil(20, model), { ...dry('2026-03-02', 5), rainMm: 0.9 }, model);
    expect(report).toMatchObject({ lightRainMm: 0.9, effectiveRainMm: 0 });
  });

  it('falls for the most part beside the roots of a crop on drip', () => {
    const drip = zone({ method: 'drip', wettedFraction: 0.4 });
    const { report } = stepDay(soil(10, drip), { ...dry('2026-03-02', 5), rainMm: 10 }, drip);
    expect(report.effectiveRainMm).toBeCloseTo(4, 6);
    expect(report.rainBesideRootsMm).toBeCloseTo(6, 6);
    expect(report.tawMm).toBeCloseTo(0.4 * 130 * 0.8, 6);
  });
});

describe('whatever the weather', () => {
  const amount = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 120, noNaN: true }));
  const days = fc.array(
    fc.record({ et0Mm: fc.double({ min: 0, max: 12, noNaN: true }), rainMm: amount, irrigationMm: amount }),
    { minLength: 1, maxLength: 150 },
  );
  const zones = fc.record({
    crop: fc.constantFrom('lettuce-1998', 'tomato-1998', 'dragon-fruit-high', 'full-grown'),
    soil: fc.constantFrom('sand', 'loam', 'clay'),
    method: fc.constantFrom('drip', 'sprinkler', 'furrow'),
    curveNumber: fc.option(fc.integer({ min: 40, max: 98 }), { nil: undefined }),
    isDual: fc.boolean(),
    soilEcDsPerM: fc.double({ min: 0, max: 10, noNaN: true }),
  });
  const modelOf = ({
    isDual,
    ...wanted
  }: {
    crop: string;
    soil: string;
    method: string;
    isDual: boolean;
  }) => {
    const { season, kcb } = crop(wanted.crop);
    return zone({
      ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
      ...(season.kind === 'annual' ? { plantedOn: '2026-01-05' } : {}),
      ...(kcb === undefined ? {} : { isDual }),
    });
  };

  it('no water is made and none is lost, and the depletion stays between nothing and TAW', () => {
    fc.assert(
      fc.property(zones, days, fc.constantFrom('early', 'late'), (wanted, weather, waterComes) => {
        const model = modelOf(wanted);
        let state = initialSoil(model, '2026-01-04');
        let stored = rootZone(model.profile, model.soil, state.rootDepthMetres, model).tawMm;
        for (const [i, day] of weather.entries()) {
          const date = new Date(Date.UTC(2026, 0, 5 + i)).toISOString().slice(0, 10);
          const { report, ...next } = stepDay(state, { ...day, date, climate: null, waterComes }, model);
          state = next.state;
          const now = report.tawMm - report.depletionMm;
          const out = report.etcActualMm + report.percolationMm;
          const into = report.effectiveRainMm + report.irrigationMm + report.rootGrowthMm;
          expect(Math.abs(now - stored - (into - out))).toBeLessThan(1e-6);
          const rain =
            report.effectiveRainMm + report.runoffMm + report.lightRainMm + report.rainBesideRootsMm;
          expect(Math.abs(rain - day.rainMm)).toBeLessThan(1e-9);
          expect(report.depletionMm).toBeGreaterThanOrEqual(0);
          expect(report.depletionMm).toBeLessThanOrEqual(report.tawMm + 1e-9);
          expect(report.ks >= 0 && report.ks <= 1).toBe(true);
          expect(
            Object.values(report).every((value) => typeof value !== 'number' || Number.isFinite(value)),
          ).toBe(true);
          stored = now;
        }
      }),
    );
  });

  it('a drier soil is never less stressed', () => {
    const depletion = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(depletion, depletion, fc.double({ min: 0.1, max: 0.8, noNaN: true }), (a, b, p) => {
        const water = { tawMm: 100, rawMm: p * 100, p };
        expect(waterStress(Math.max(a, b), water)).toBeLessThanOrEqual(waterStress(Math.min(a, b), water));
      }),
    );
  });

  it.each([['et0Mm'], ['rainMm'], ['irrigationMm']])('%s that is no amount of water is refused', (name) => {
    const model = zone();
    for (const wrong of [Number.NaN, -1, Infinity])
      expect(() => stepDay(soil(5, model), { ...dry('2026-03-02', 4), [name]: wrong }, model)).toThrow(name);
  });
});

describe('straw and plastic', () => {
  it('lower what the soil loses', () => {
    const et = (change: object) => {
      const model = zone({ crop: 'tomato-1998', plantedOn: '2026-02-20', ...change });
      return stepDay(soil(0, model), { ...dry('2026-03-02', 6), irrigationMm: 10 }, model).report.etcActualMm;
    };
    expect(et({ mulch: { kind: 'plastic', coverFraction: 1 } })).toBeCloseTo(0.875 * et({}), 6);
    const bare = et({ isDual: true });
    const straw = et({ isDual: true, mulch: { kind: 'organic', coverFraction: 0.8 } });
    expect(straw).toBeLessThan(bare);
    expect(et({ isDual: true, mulch: { kind: 'plastic', coverFraction: 1 } })).toBeLessThan(straw);
  });
});
