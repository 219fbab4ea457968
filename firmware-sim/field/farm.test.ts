import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advanceFarm, type FarmState, newFarm, withValve } from './farm.ts';
import { flowLitresPerMinute, litresBetween } from './hydraulics.ts';
import { irrigationMm, irrigationWater, soilProfile, zoneNames, zones } from './layout.ts';
import { bulkEc, stepSalt } from './salt.ts';
import { localInstantMs } from './sun.ts';
import { stepTank } from './tank.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A morning in March, the dry season. */
const morningMs = localInstantMs(Math.round(Date.UTC(2026, 2, 10) / (24 * HOUR_MS)), 8);
const seed = 1;
const moisture = (farm: FarmState) => zoneNames.map((name) => farm.zones[name].soil.moisture);

describe('the farm', () => {
  test('begins with one thirsty zone, below 0.20 m³/m³, and the others staggered above it', () => {
    const first = moisture(newFarm(morningMs, seed)).toSorted((a, b) => a - b);
    expect(first.filter((value) => value < 0.2)).toEqual([0.195]);
    const steps = first.slice(1).map((value, index) => value - (first[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.005);
    expect(first.at(-1)).toBeLessThan(soilProfile.fieldCapacity);
  });

  test('dries out in the sun, about 0.05 m³/m³ a day, and not at night', () => {
    const morning = newFarm(morningMs, seed);
    const evening = advanceFarm(morning, morningMs + 11 * HOUR_MS, seed);
    const dawn = advanceFarm(evening, morningMs + 21 * HOUR_MS, seed);
    for (const name of zoneNames) {
      const drop = morning.zones[name].soil.moisture - evening.zones[name].soil.moisture;
      expect(drop).toBeGreaterThan(0.03);
      expect(drop).toBeLessThan(0.08);
      expect(evening.zones[name].soil.moisture - dawn.zones[name].soil.moisture).toBeLessThan(0.005);
    }
  });

  test.each(zoneNames)('ten minutes of water raise zone %s by 0.03 to 0.05 m³/m³, and no other', (name) => {
    const open = withValve(newFarm(morningMs, seed), name, zones[name].fullLitresPerMinute);
    const dry = advanceFarm(newFarm(morningMs, seed), morningMs + 10 * MINUTE_MS, seed);
    const wet = withValve(advanceFarm(open, morningMs + 10 * MINUTE_MS, seed), name, 'closed');
    const rise = wet.zones[name].soil.moisture - newFarm(morningMs, seed).zones[name].soil.moisture;
    expect(rise).toBeGreaterThan(0.03);
    expect(rise).toBeLessThan(0.05);
    for (const other of zoneNames.filter((candidate) => candidate !== name)) {
      expect(wet.zones[other]).toEqual(dry.zones[other]);
    }
    const later = advanceFarm(wet, morningMs + 20 * MINUTE_MS, seed);
    expect(later.zones[name].meterLitres).toBe(wet.zones[name].meterLitres);
    expect(wet.tank.litres).toBeLessThan(dry.tank.litres);
  });

  test('is the same whether one looks at it often or once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 * MINUTE_MS }), { maxLength: 40 }), (looks) => {
        const open = withValve(newFarm(morningMs, seed), 'b2', 38);
        const endMs = morningMs + 14 * HOUR_MS;
        let often = open;
        for (const pause of looks) {
          often = advanceFarm(often, Math.min(endMs, often.atMs + pause), seed);
        }
        often = advanceFarm(often, endMs, seed);
        const once = advanceFarm(open, endMs, seed);
        for (const name of zoneNames) {
          expect(often.zones[name].soil.moisture).toBeCloseTo(once.zones[name].soil.moisture, 3);
          expect(often.zones[name].meterLitres).toBeCloseTo(once.zones[name].meterLitres, 4);
        }
        expect(often.flies).toEqual(once.flies);
        expect(often.rainMm).toBeCloseTo(once.rainMm, 6);
      }),
      { numRuns: 25 },
    );
  });

  test('repeats itself for one seed and differs for another', () => {
    const week = (chosen: number) =>
      advanceFarm(newFarm(morningMs, chosen), morningMs + 7 * 24 * HOUR_MS, chosen);
    expect(week(1)).toEqual(week(1));
    expect(moisture(week(1))).not.toEqual(moisture(week(2)));
  });

  test('never drains its tank while two zones are watered, for the well pump follows', () => {
    let farm = withValve(withValve(newFarm(morningMs, seed), 'a1', 38), 'b1', 40);
    for (let hour = 1; hour <= 3; hour += 1) {
      farm = advanceFarm(farm, morningMs + hour * 20 * MINUTE_MS, seed);
      expect(farm.tank.litres).toBeGreaterThan(0);
    }
  });
});

describe('water in the pipe', () => {
  test('litres are the integral of the flow and add up', () => {
    const seconds = fc.double({ min: 0, max: 5000, noNaN: true });
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        const [middle, end] = [Math.min(a, b), Math.max(a, b)];
        const parts = litresBetween(38, 0, middle) + litresBetween(38, middle, end);
        expect(parts).toBeCloseTo(litresBetween(38, 0, end), 6);
        expect(litresBetween(38, middle, end)).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(flowLitresPerMinute(38, 0)).toBe(0);
    expect(flowLitresPerMinute(38, 30)).toBeCloseTo(38, 1);
    expect(litresBetween(38, 0, 600)).toBeCloseTo((38 / 60) * (600 - 3), 3);
  });

  test('one litre on one square metre is one millimetre, less what the drippers lose', () => {
    expect(irrigationMm({ pillars: 100, fullLitresPerMinute: 1, firstMoisture: 0.2 }, 95)).toBeCloseTo(
      0.9,
      9,
    );
  });

  test('the tank fills from its lower to its upper mark', () => {
    const build = { capacityLitres: 1000, pumpLitresPerHour: 600, fillBelowShare: 0.4, fillUpToShare: 0.9 };
    const low = stepTank({ litres: 410, filling: false }, build, { hours: 0.1, drawnLitres: 20 });
    expect(low).toEqual({ litres: 390, filling: true });
    const rising = stepTank(low, build, { hours: 0.5, drawnLitres: 0 });
    expect(rising).toEqual({ litres: 690, filling: true });
    expect(stepTank(rising, build, { hours: 0.5, drawnLitres: 0 })).toEqual({ litres: 990, filling: false });
  });
});

describe('salt', () => {
  test('is diluted by watering, and what a probe shows rises with moisture', () => {
    const still = { evapotranspirationMm: 0, percolationMm: 0 };
    const watered = stepSalt(120, 60, { mm: 12, ec: irrigationWater.ec }, still);
    expect(watered / 72).toBeLessThan(120 / 60);
    expect(bulkEc(watered / 72, 0.24)).toBeGreaterThan(bulkEc(120 / 60, 0.2));
  });

  test('is washed out by percolation and never falls below zero', () => {
    const washed = stepSalt(120, 80, { mm: 0, ec: 0 }, { evapotranspirationMm: 0, percolationMm: 20 });
    expect(washed).toBeCloseTo(90, 9);
    expect(stepSalt(1, 10, { mm: 0, ec: 0 }, { evapotranspirationMm: 5, percolationMm: 30 })).toBe(0);
  });
});
