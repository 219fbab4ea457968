import fc from 'fast-check';
import { expect, test } from 'vitest';
import { moistureAt, rootZone, type SoilProfile, soilAt, stepSoil, totalMm } from './soil.ts';

const layer = fc.record({
  thicknessMetres: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
  wiltingPoint: fc.double({ min: 0.02, max: 0.2, noNaN: true }),
  available: fc.double({ min: 0.03, max: 0.2, noNaN: true }),
  drainable: fc.double({ min: 0.02, max: 0.2, noNaN: true }),
  drainageHours: fc.double({ min: 1, max: 48, noNaN: true }),
});
const profiles = fc.record({
  layers: fc.array(layer, { minLength: 1, maxLength: 5 }).map((layers) =>
    layers.map(({ available, drainable, ...rest }) => ({
      ...rest,
      fieldCapacity: rest.wiltingPoint + available,
      saturation: rest.wiltingPoint + available + drainable,
    })),
  ),
  infiltrationMmPerHour: fc.double({ min: 1, max: 60, noNaN: true }),
  surfaceStorageMm: fc.double({ min: 0, max: 10, noNaN: true }),
});
const steps = fc.array(
  fc.record({
    hours: fc.double({ min: 0.001, max: 1, noNaN: true }),
    waterInMm: fc.double({ min: 0, max: 40, noNaN: true }),
    demandMm: fc.double({ min: -0.1, max: 3, noNaN: true }),
    rootDepthMetres: fc.double({ min: 0.1, max: 1, noNaN: true }),
    depletionShare: fc.double({ min: 0.2, max: 0.7, noNaN: true }),
  }),
  { maxLength: 60 },
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const depthOf = ({ layers }: SoilProfile) => layers.reduce((sum, one) => sum + one.thicknessMetres, 0);

test('water is conserved: what comes in is transpired, percolates, runs off or stays', () => {
  fc.assert(
    fc.property(profiles, share, steps, (profile, wetness, weather) => {
      const soil = soilAt(profile, wetness * Math.min(...profile.layers.map(({ saturation }) => saturation)));
      const first = totalMm(soil);
      let [inMm, outMm] = [0, 0];
      for (const step of weather) {
        const rootDepthMetres = Math.min(step.rootDepthMetres, depthOf(profile));
        const fluxes = stepSoil(soil, profile, { ...step, rootDepthMetres });
        inMm += step.waterInMm;
        outMm += fluxes.evapotranspirationMm + fluxes.percolationMm + fluxes.runoffMm;
        for (const flux of Object.values(fluxes)) expect(flux).toBeGreaterThanOrEqual(0);
      }
      expect(totalMm(soil) - first).toBeCloseTo(inMm - outMm, 6);
    }),
  );
});

test('every layer stays between nothing and saturation, whatever the weather does', () => {
  fc.assert(
    fc.property(profiles, steps, (profile, weather) => {
      const soil = soilAt(profile, 0.05);
      for (const step of weather) {
        stepSoil(soil, profile, {
          ...step,
          rootDepthMetres: Math.min(step.rootDepthMetres, depthOf(profile)),
        });
        for (const [index, one] of profile.layers.entries()) {
          const stored = soil.storedMm[index] ?? Number.NaN;
          expect(stored).toBeGreaterThanOrEqual(-1e-9);
          expect(stored).toBeLessThanOrEqual(one.saturation * one.thicknessMetres * 1000 + 1e-9);
        }
      }
    }),
  );
});

const loam: SoilProfile = {
  layers: [0.1, 0.2, 0.3].map((thicknessMetres) => ({
    ...{ thicknessMetres, fieldCapacity: 0.25, wiltingPoint: 0.12, saturation: 0.45, drainageHours: 10 },
  })),
  infiltrationMmPerHour: 20,
  surfaceStorageMm: 3,
};
const still = { hours: 1, waterInMm: 0, demandMm: 0, rootDepthMetres: 0.6, depletionShare: 0.5 };

test('the crop drinks freely down to its threshold and nothing at the wilting point (equation 8.6)', () => {
  const stress = (moisture: number) => rootZone(soilAt(loam, moisture), loam, 0.6, 0.5).stressFactor;
  expect(stress(0.25)).toBe(1);
  expect(stress(0.185 + 1e-9)).toBe(1);
  expect(stress(0.1525)).toBeCloseTo(0.5, 9);
  expect(stress(0.12)).toBe(0);
  expect(rootZone(soilAt(loam, 0.2), loam, 0.3, 0.5)).toMatchObject({
    totalAvailableMm: expect.closeTo(39, 9),
    depletionMm: expect.closeTo(15, 9),
  });
});

test('roots drink where they are dense, and deeper when the top is dry', () => {
  const soil = soilAt(loam, 0.22);
  for (let hour = 0; hour < 48; hour += 1) stepSoil(soil, loam, { ...still, demandMm: 0.25 });
  expect(moistureAt(soil, loam, 0.05)).toBeLessThan(moistureAt(soil, loam, 0.2));
  expect(moistureAt(soil, loam, 0.2)).toBeLessThan(moistureAt(soil, loam, 0.5));
});

test('water wets one layer after the other, and what the soil cannot take stands and runs off', () => {
  const soil = soilAt(loam, 0.2);
  const first = stepSoil(soil, loam, { ...still, waterInMm: 26 });
  expect(soil.pondedMm).toBe(3);
  expect(first.runoffMm).toBeCloseTo(3, 9);
  expect(moistureAt(soil, loam, 0.05)).toBeGreaterThan(0.36);
  expect(moistureAt(soil, loam, 0.5)).toBe(0.2);
  for (let hour = 0; hour < 240; hour += 1) stepSoil(soil, loam, still);
  expect(moistureAt(soil, loam, 0.05)).toBeCloseTo(0.25, 3);
  expect(moistureAt(soil, loam, 0.2)).toBeGreaterThan(0.23);
});
