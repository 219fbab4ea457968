import fc from 'fast-check';
import { expect, test } from 'vitest';
import { soilProfile } from './layout.ts';
import { type SoilWater, stepSoil, storedMm, stressFactor } from './soil.ts';

const moisture = fc.double({ min: 0.01, max: soilProfile.saturation, noNaN: true });
const steps = fc.array(
  fc.record({
    hours: fc.double({ min: 0.001, max: 1, noNaN: true }),
    waterInMm: fc.double({ min: 0, max: 40, noNaN: true }),
    demandMm: fc.double({ min: -0.1, max: 3, noNaN: true }),
  }),
  { maxLength: 60 },
);

test('water is conserved: what comes in is transpired, percolates or stays', () => {
  fc.assert(
    fc.property(moisture, steps, (first, weather) => {
      let soil: SoilWater = { moisture: first };
      let [inMm, outMm] = [0, 0];
      for (const step of weather) {
        const next = stepSoil(soil, soilProfile, step);
        inMm += step.waterInMm;
        outMm += next.fluxes.evapotranspirationMm + next.fluxes.percolationMm;
        soil = next.soil;
      }
      const change = storedMm(soil, soilProfile) - storedMm({ moisture: first }, soilProfile);
      expect(change).toBeCloseTo(inMm - outMm, 6);
    }),
  );
});

test('moisture stays above zero and up to saturation, whatever the weather does', () => {
  fc.assert(
    fc.property(moisture, steps, (first, weather) => {
      let soil: SoilWater = { moisture: first };
      for (const step of weather) {
        soil = stepSoil(soil, soilProfile, step).soil;
        expect(soil.moisture).toBeGreaterThan(0);
        expect(soil.moisture).toBeLessThanOrEqual(soilProfile.saturation + 1e-12);
      }
    }),
  );
});

test('the same day in steps of one minute or of twenty ends with nearly the same moisture', () => {
  fc.assert(
    fc.property(moisture, fc.double({ min: 0, max: 30, noNaN: true }), (first, waterMm) => {
      const afterSixHours = (minutes: number) => {
        let soil: SoilWater = { moisture: first };
        const count = 360 / minutes;
        for (let index = 0; index < count; index += 1) {
          const step = { hours: minutes / 60, waterInMm: waterMm / count, demandMm: 6 / count };
          soil = stepSoil(soil, soilProfile, step).soil;
        }
        return soil.moisture;
      };
      expect(Math.abs(afterSixHours(1) - afterSixHours(20))).toBeLessThan(0.002);
    }),
  );
});

test('the crop drinks freely down to its threshold and nothing at the wilting point', () => {
  const available = soilProfile.fieldCapacity - soilProfile.wiltingPoint;
  const threshold = soilProfile.fieldCapacity - soilProfile.depletionShare * available;
  expect(stressFactor({ moisture: soilProfile.fieldCapacity }, soilProfile)).toBe(1);
  expect(stressFactor({ moisture: threshold + 1e-9 }, soilProfile)).toBe(1);
  expect(stressFactor({ moisture: threshold - 0.02 }, soilProfile)).toBeCloseTo(1 - 0.02 / 0.068, 6);
  expect(stressFactor({ moisture: soilProfile.wiltingPoint }, soilProfile)).toBe(0);
});
