import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  flowLitresPerMinute,
  litresBetween,
  type Outlet,
  operatingKpa,
  outletFlow,
  pumpKpa,
  quarterShares,
} from './hydraulics.ts';
import { stepTank } from './tank.ts';

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });

test('litres are the integral of the flow and add up', () => {
  fc.assert(
    fc.property(number(0, 5_000), number(0, 5_000), (a, b) => {
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

const curve = { shutOffHeadMetres: 32, ratedHeadMetres: 22, ratedFlowLitresPerMinute: 130 };
const outlets = fc.array(
  fc.record({ litresPerMinute: number(1, 100), atKpa: number(50, 300), exponent: number(0, 1) }),
  { maxLength: 6 },
);
const supply = { kpaAt: (flow: number) => pumpKpa(curve, flow), liftMetres: 4, filter: undefined };

test('what a pump gives is what the outlets take, and one more outlet never raises the pressure', () => {
  fc.assert(
    fc.property(outlets, number(1, 100), (open, more) => {
      const kpa = operatingKpa(supply, open);
      const taken = open.reduce((sum, outlet) => sum + outletFlow(outlet, kpa), 0);
      // The pump gives at this flow what is there, and what lifts the water by four metres.
      if (kpa > 1) expect(pumpKpa(curve, taken)).toBeCloseTo(kpa + 4 * 9.81, 0);
      const another: Outlet = { litresPerMinute: more, atKpa: 150, exponent: 0.5 };
      expect(operatingKpa(supply, [...open, another])).toBeLessThanOrEqual(kpa + 1e-6);
    }),
  );
});

test('a pump has its shut-off head at no flow and its rated head at its rated flow', () => {
  expect(pumpKpa(curve, 0)).toBeCloseTo(32 * 9.81, 9);
  expect(pumpKpa(curve, 130)).toBeCloseTo(22 * 9.81, 9);
});

test('a filter takes pressure with the square of the flow', () => {
  const zone: Outlet = { litresPerMinute: 60, atKpa: 150, exponent: 0.5 };
  const filter = (lossKpa: number) => ({ ...supply, filter: { lossKpa, atLitresPerMinute: 100 } });
  const [clean, dirty] = [operatingKpa(filter(15), [zone]), operatingKpa(filter(120), [zone])];
  expect(clean).toBeLessThan(operatingKpa(supply, [zone]));
  expect(dirty).toBeLessThan(clean - 20);
});

test('quarters share by their uniformity: the least gets DU of the mean, and the mean stays', () => {
  fc.assert(
    fc.property(number(0.1, 1), (uniformity) => {
      const shares = quarterShares(uniformity);
      expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeCloseTo(1, 12);
      expect(shares[0]).toBeCloseTo(uniformity, 12);
    }),
  );
});

test('a tank fills from its lower to its upper mark', () => {
  const build = {
    capacityLitres: 1000,
    inflowLitresPerHour: 600,
    fillBelowFraction: 0.4,
    fillUpToFraction: 0.9,
  };
  const low = stepTank({ litres: 410, filling: false }, build, { hours: 0.1, drawnLitres: 20 });
  expect(low).toEqual({ litres: 390, filling: true });
  const rising = stepTank(low, build, { hours: 0.5, drawnLitres: 0 });
  expect(rising).toEqual({ litres: 690, filling: true });
  expect(stepTank(rising, build, { hours: 0.5, drawnLitres: 0 })).toEqual({ litres: 990, filling: false });
});
