import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  basalCoefficient,
  climateOf,
  cropCoefficient,
  heightOn,
  initialCoefficient,
  rootDepthOn,
} from './crop-curve.ts';
import { loadLibrary } from './library.ts';
import type { CropProfile } from './profile.ts';
import type { DailyWeather } from './types.ts';

/** Dry beans in Kimberly, Idaho, as in examples 28 to 30 of FAO-56, 1998. */
const beans: CropProfile = {
  ...{
    id: 'beans',
    name: { vi: 'Đậu', en: 'Beans', zh: '豆' },
    edition: 'FAO56-1998',
    sources: ['tables 11, 12, 17'],
  },
  ...{ kc: { initial: 0.15, mid: 1.15, end: 0.35 }, kcb: { initial: 0.15, mid: 1.1, end: 0.25 } },
  season: { kind: 'annual', stageDays: { initial: 25, development: 25, mid: 30, late: 20 } },
  ...{ heightMetres: 0.4, rootDepthMetres: { initial: 0.2, full: 0.8 }, depletionFraction: 0.45 },
};
const kimberly = { windAt2m: 2.2, rhMinPercent: 30 };
const planted = (cropDay: number) => ({
  date: new Date(Date.UTC(2026, 4, 22 + cropDay)).toISOString().slice(0, 10),
  plantedOn: '2026-05-23',
});

describe('Kc', () => {
  it('27: of maize is 1.07 in damp Taipei and 1.30 in dry, windy Mocha', () => {
    const maize = { ...beans, kc: { initial: 0.3, mid: 1.2, end: 0.35 }, heightMetres: 2 };
    const of = (windAt2m: number, rhMinPercent: number) =>
      cropCoefficient(maize, planted(60), { windAt2m, rhMinPercent }).kc;
    expect(of(1.3, 75)).toBeCloseTo(1.07, 2);
    expect(of(4.6, 44)).toBeCloseTo(1.3, 2);
  });

  it.each([
    [20, 0.15, 'initial'],
    [40, 0.77, 'development'],
    [70, 1.19, 'mid'],
    [95, 0.56, 'late'],
  ] as const)('28: of dry beans on day %i is %f', (cropDay, kc, stage) => {
    const on = cropCoefficient(beans, planted(cropDay), kimberly);
    expect(on.kc).toBeCloseTo(kc, 2);
    expect(on).toMatchObject({ stage, cropDay });
  });

  it('29: the basal one of beans in Kimberly is 1.14 in mid-season', () => {
    expect(basalCoefficient(beans, planted(60), kimberly).kc).toBeCloseTo(1.14, 2);
  });

  it('is that of the first stage before planting, and of the last after the season', () => {
    expect(cropCoefficient(beans, planted(0), null)).toMatchObject({ stage: 'not_planted', kc: 0.15 });
    expect(cropCoefficient(beans, planted(101), null)).toMatchObject({ stage: 'over', kc: 0.35 });
  });

  it('says where the climate is outside of what its adjustment holds for', () => {
    const on = cropCoefficient(beans, planted(60), { windAt2m: 9, rhMinPercent: 10 });
    expect(on.limited).toEqual(['wind', 'rhMin']);
    expect(on.kc).toBeCloseTo(1.15 + (0.16 + 0.1) * (0.4 / 3) ** 0.3, 6);
    expect(cropCoefficient(beans, planted(60), null)).toMatchObject({ kc: 1.15, limited: null });
  });

  it('of a perennial goes by the calendar, without a leap from one month to the next', () => {
    const dragonFruit = loadLibrary().crops.get('dragon-fruit-high') as CropProfile;
    const on = (date: string) => cropCoefficient(dragonFruit, { date, plantedOn: null }, null);
    expect(on('2026-01-15')).toMatchObject({ stage: 'initial', kc: 0.65 });
    expect(on('2026-06-15')).toMatchObject({ stage: 'mid', kc: 0.9 });
    expect(on('2026-12-15')).toMatchObject({ stage: 'end', kc: 0.75 });
    expect(on('2026-03-31').kc).toBeCloseTo(0.9, 6);
    expect(on('2026-10-31').kc).toBeGreaterThan(on('2026-11-30').kc);
    expect(on('2026-11-30').kc).toBeCloseTo(0.75, 6);
  });

  it('stays between the table’s lowest and highest over the year of every crop in the library', () => {
    const crops = [...loadLibrary().crops.values()];
    const days = fc.integer({ min: 0, max: 800 });
    fc.assert(
      fc.property(fc.constantFrom(...crops), days, (crop, day) => {
        const date = new Date(Date.UTC(2025, 11, 1 + day)).toISOString().slice(0, 10);
        const plantedOn = crop.season.kind === 'annual' ? '2026-01-01' : null;
        const { kc } = cropCoefficient(crop, { date, plantedOn }, null);
        const { initial, mid, end } = crop.kc;
        expect(kc).toBeGreaterThanOrEqual(Math.min(initial, mid, end) - 1e-9);
        expect(kc).toBeLessThanOrEqual(Math.max(initial, mid, end) + 1e-9);
      }),
    );
  });

  it('25, 7-1: of vegetables on sand that get 20 mm twice a week lies between that of light and of heavy waterings', () => {
    const at = (totalEvaporableMm: number, readilyEvaporableMm: number) =>
      initialCoefficient({
        ...{ et0Mm: 5, intervalDays: 3.5, totalEvaporableMm, readilyEvaporableMm },
        ...{ wettingMm: totalEvaporableMm, wettedFraction: 1 },
      });
    const light = at(10, 6 / Math.sqrt(5));
    const heavy = at(15, 6);
    // The print says 0.57 and then 0.63, which leaves the exponential out; its formula with its figures gives 0.533, and
    // with that the 0.60 of example 25.
    expect(light).toBeCloseTo(0.533, 3);
    expect(heavy).toBeCloseTo(0.75, 2);
    expect(light + (heavy - light) / 3).toBeCloseTo(0.6, 1);
  });

  it('of bare soil is low when it is seldom wetted, and near 1.15 when it always is', () => {
    const wetting = { readilyEvaporableMm: 8, totalEvaporableMm: 20, wettingMm: 40, wettedFraction: 1 };
    const every = (intervalDays: number) => initialCoefficient({ ...wetting, et0Mm: 5, intervalDays });
    expect(every(1)).toBeCloseTo(1.15, 6);
    expect([every(2), every(4), every(7), every(20)]).toEqual(
      [every(20), every(7), every(4), every(2)].toReversed(),
    );
    expect(every(20)).toBeLessThan(0.25);
    expect(initialCoefficient({ ...wetting, et0Mm: 5, intervalDays: 1, wettedFraction: 0.4 })).toBeCloseTo(
      0.46,
      6,
    );
  });

  it('is adjusted to the mean of the days that tell their wind and humidity', () => {
    const site = { windHeightMetres: 2 };
    const of = (...days: DailyWeather[]) => climateOf(days, site);
    const told = { windMetresPerSecond: 2, rhMinPercent: 50 };
    expect(of(told, { ...told, rhMinPercent: 60 }, { rhMinPercent: 90 })).toEqual({
      windAt2m: 2,
      rhMinPercent: 55,
    });
    expect(of({ windMetresPerSecond: 3, tMaxCelsius: 25, dewPointCelsius: 18 })?.rhMinPercent).toBeCloseTo(
      65.2,
      1,
    );
    expect(of({ windMetresPerSecond: 3, tMaxCelsius: 25, tMinCelsius: 18 })?.rhMinPercent).toBeCloseTo(
      65.2,
      1,
    );
    expect(of({ windMetresPerSecond: 3 }, { rhMinPercent: 40 })).toBeNull();
    expect(of({ windMetresPerSecond: Number.NaN, rhMinPercent: 40 })).toBeNull();
    expect(of()).toBeNull();
  });
});

describe('a crop', () => {
  it('has the roots of a seedling at first, and full ones from mid-season on', () => {
    const depth = { initialMetres: 0.2, fullMetres: 0.7 };
    const on = (cropDay: number) => rootDepthOn(depth, beans.season, planted(cropDay));
    expect([0, 10, 25].map(on)).toEqual([0.2, 0.2, 0.2]);
    expect(on(35)).toBeCloseTo(0.4, 6);
    expect([50, 90].map(on)).toEqual([0.7, 0.7]);
  });

  it('grows with its Kcb, and not down again', () => {
    const on = (cropDay: number) => heightOn(beans, planted(cropDay));
    expect(on(5)).toBeCloseTo((0.4 * 0.15) / 1.1, 6);
    expect([50, 99].map(on)).toEqual([0.4, 0.4]);
  });
});
