import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialSoil } from './balance.ts';
import { loadLibrary } from './library.ts';
import { infiltratedMm, irrigationNeed, type NeedOptions } from './need.ts';
import { rewet } from './rewet.ts';
import { zoneModel } from './zone-model.ts';
import type { ZoneWater } from './zone-water.ts';

const pillars: ZoneWater = {
  ...{ crop: 'dragon-fruit-high', soil: 'sandy-loam', areaSquareMetres: 1000, method: 'drip' },
  ...{ wettedFraction: 0.4, efficiency: 0.9, rootDepthMetres: 0.4, plants: 110 },
};
const library = loadLibrary();
const need = (depletionMm: number, options: Partial<NeedOptions> = {}, change: Partial<ZoneWater> = {}) => {
  const zone = zoneModel({ ...pillars, ...change }, library);
  const whole = { waterEcDsPerM: null, fillTo: 1, flowLitresPerMinute: null, ...options };
  return irrigationNeed(initialSoil(zone, '2026-02-01', depletionMm), zone, whole);
};

describe('how much water a zone needs', () => {
  it('is what the roots lack, and what is lost on the way', () => {
    const { netMm, grossMm, netOverWettedMm, litres, minutes } = need(9, { flowLitresPerMinute: 50 });
    expect(netMm).toBe(9);
    expect(grossMm).toBeCloseTo(10, 9);
    expect(netOverWettedMm).toBeCloseTo(22.5, 9);
    expect(litres).toBeCloseTo(10_000, 6);
    expect(minutes).toBeCloseTo(200, 6);
  });

  it('comes back as what the balance counts when the litres have run', () => {
    expect(infiltratedMm(need(9).litres, zoneModel(pillars, library))).toBeCloseTo(9, 9);
  });

  it('is told for each pillar too', () => {
    expect(need(9).litresPerPlant).toBeCloseTo(90.9, 1);
    expect(need(9, {}, { plants: undefined as unknown as number }).litresPerPlant).toBeNull();
  });

  it('leaves room for rain where it should not be filled up', () => {
    // TAW: 120 mm per metre × 0.4 m × 0.4 of the area = 19.2 mm.
    expect(need(9, { fillTo: 0.9 }).netMm).toBeCloseTo(9 - 1.92, 6);
    expect(need(1, { fillTo: 0.9 })).toMatchObject({ netMm: 0, litres: 0 });
  });

  it('is more where salt has to be washed down', () => {
    const lettuce = { crop: 'lettuce', plantedOn: '2026-01-20', plants: 900 };
    const sweet = need(3, {}, lettuce);
    const salty = need(3, { waterEcDsPerM: 1.5 }, lettuce);
    expect(salty.leachingRequirement).toBeCloseTo(1.5 / (5 * 1.5 - 1.5), 9);
    expect(salty.litres).toBeCloseTo(sweet.litres / (1 - 0.25), 6);
    expect(salty.reason).toBeNull();
  });

  it('cannot be met with water that is too salty, which is said', () => {
    const { reason, leachingRequirement, litres } = need(
      3,
      { waterEcDsPerM: 6 },
      { crop: 'lettuce', plantedOn: '2026-01-20', plants: 900 },
    );
    expect(reason).toEqual({ key: 'water_too_salty', figures: { waterEcDsPerM: 6, thresholdDsPerM: 1.5 } });
    expect(leachingRequirement).toBe(0.5);
    expect(Number.isFinite(litres)).toBe(true);
  });

  it('is a finite amount whatever the figures, and never below nothing', () => {
    const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(double(0, 60), double(0, 1), double(0, 60), (depletionMm, fillTo, waterEcDsPerM) => {
        const { netMm, litres } = need(depletionMm, { fillTo, waterEcDsPerM });
        expect(netMm >= 0 && Number.isFinite(litres) && litres >= netMm * 1000 - 1e-6).toBe(true);
      }),
    );
  });
});

describe('rice in wetting and drying', () => {
  const grown = { isFlowering: false, daysSinceTransplanting: 40 };
  it('is flooded when the water is 15 cm below the surface', () => {
    expect(rewet(-14, grown)).toMatchObject({ wanted: false, reason: { key: 'rice_wet_enough' } });
    expect(rewet(-15, grown)).toMatchObject({
      wanted: true,
      depthMm: 50,
      reason: { key: 'rice_dry_enough' },
    });
  });

  it('keeps standing in water while it is young, and in flower', () => {
    for (const stage of [
      { isFlowering: true, daysSinceTransplanting: 60 },
      { isFlowering: false, daysSinceTransplanting: 5 },
    ]) {
      expect(rewet(3, stage)?.wanted).toBe(false);
      expect(rewet(1, stage)).toMatchObject({
        wanted: true,
        depthMm: 40,
        reason: { key: 'rice_keeps_standing' },
      });
    }
  });

  it('is left to people where nothing measures the level', () => {
    expect(rewet(null, grown)).toBeNull();
    expect(rewet(Number.NaN, grown)).toBeNull();
  });
});
