import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type StagePlan, shareOfRun } from './plan.ts';

const stages: readonly StagePlan[] = [
  { kilograms: 2, fromDay: 0, toDay: 20, litresPerDay: 1_000 },
  { kilograms: 9, fromDay: 20, toDay: 60, litresPerDay: 1_500 },
];

it('a run gets its part of what is left, by its part of the water to come', () => {
  // 16 days of 1,000 L are to come until four days before the stage's end: 2 kg · 1,000 / 16,000.
  const first = { day: 0, appliedKilograms: 0, stageLitres: 0 };
  expect(shareOfRun(stages, first, 1_000)).toBeCloseTo(2 / 16, 9);
});

it('what a run lacked is spread over the runs to come, and never made up for in one', () => {
  const late = { day: 10, appliedKilograms: 0.2, stageLitres: 10_000 };
  // 1.8 kg over six days; even shares would be 0.1 kg for 1,000 L, and no run gets more than two of them.
  expect(shareOfRun(stages, late, 1_000)).toBeCloseTo(0.2, 9);
  expect(shareOfRun(stages, { ...late, appliedKilograms: 1.4 }, 1_000)).toBeCloseTo(0.6 / 6, 9);
});

it('what a stage lacked is given in the next', () => {
  const next = { day: 20, appliedKilograms: 1, stageLitres: 0 };
  expect(shareOfRun(stages, next, 1_500)).toBeCloseTo((10 * 1_500) / (36 * 1_500), 9);
});

it('nothing is given outside of the season, without water, and when the plot has what it is to get', () => {
  const state = { day: 30, appliedKilograms: 11, stageLitres: 15_000 };
  expect(shareOfRun(stages, state, 1_500)).toBe(0);
  expect(shareOfRun(stages, { ...state, appliedKilograms: 12 }, 1_500)).toBe(0);
  expect(shareOfRun(stages, { ...state, appliedKilograms: 0 }, 0)).toBe(0);
  expect(shareOfRun(stages, { ...state, appliedKilograms: 0, day: 60 }, 1_500)).toBe(0);
});

it('comes out at the plan whatever the water of the days, and never above', () => {
  const days = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(days, (demands) => {
      let [applied, stageLitres] = [0, 0];
      for (const [day, demand] of demands.entries()) {
        if (day === 20) stageLitres = 0;
        const litres = (day < 20 ? 1_000 : 1_500) * demand;
        applied += shareOfRun(stages, { day, appliedKilograms: applied, stageLitres }, litres);
        stageLitres += litres;
      }
      expect(applied).toBeLessThanOrEqual(11 + 1e-9);
      const total = demands.reduce((sum, demand) => sum + demand, 0);
      // Where there was water enough, and some of it in the last days, all of it has been given.
      const lastDays = demands.slice(50, 58).reduce((sum, demand) => sum + demand, 0);
      if (total > 50 && lastDays > 6) expect(applied).toBeGreaterThan(0.97 * 11);
    }),
  );
});
