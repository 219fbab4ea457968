import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type HeatDay, heatSum } from './heat-sum.ts';

const thresholds = { lowerCelsius: 10, upperCelsius: 33 };
const of = (days: readonly (number | null)[]): HeatDay[] =>
  // Every day as warm at night as at noon: its degree-days are plain to see.
  days.map((perDay, day) => ({
    day,
    extremes: perDay === null ? null : { minCelsius: 10 + perDay, maxCelsius: 10 + perDay },
  }));
const sumOf = (days: readonly (number | null)[], fromDay = 0) =>
  heatSum(of(days), { fromDay, toDay: days.length - 1 }, thresholds, 'single_sine');

it('adds up from the biofix on, both days included', () => {
  expect(sumOf([5, 6, 7, 8], 1)).toMatchObject({ degreeDays: 21, filledDays: [], missingDays: [] });
});

it('fills up to three days by those at both sides, and names them', () => {
  expect(sumOf([10, null, null, null, 14])).toMatchObject({
    degreeDays: 10 + 3 * 12 + 14,
    filledDays: [1, 2, 3],
    missingDays: [],
  });
});

it('counts nothing for four days in a row, and names them: the sum is a lower bound', () => {
  expect(sumOf([10, null, null, null, null, 14])).toMatchObject({
    degreeDays: 24,
    filledDays: [],
    missingDays: [1, 2, 3, 4],
  });
});

it('makes up no day before the first and none after the last that was measured', () => {
  expect(sumOf([null, 10, null])).toMatchObject({ degreeDays: 10, missingDays: [0, 2] });
});

it('fills the first days after the biofix by a day before it', () => {
  expect(sumOf([10, null, 14], 1)).toMatchObject({ degreeDays: 26, filledDays: [1] });
});

it('says how warm the last week was, and nothing where nobody measured', () => {
  expect(sumOf([0, 0, 0, 7, 7, 7, 7, 7, 7, 14]).recentPerDay).toBeCloseTo(8);
  expect(sumOf([null, null]).recentPerDay).toBeNull();
});

it('every day is counted, filled or named missing, and never two of them', () => {
  const perDay = fc.option(fc.double({ min: 0, max: 23, noNaN: true }), { nil: null });
  fc.assert(
    fc.property(fc.array(perDay, { maxLength: 60 }), (days) => {
      const { filledDays, missingDays, degreeDays } = sumOf(days);
      const measured = days.filter((one) => one !== null);
      expect(measured.length + filledDays.length + missingDays.length).toBe(days.length);
      const least = measured.reduce((sum, one) => sum + one, 0);
      const most = least + filledDays.length * Math.max(0, ...measured);
      expect(degreeDays).toBeGreaterThanOrEqual(least - 1e-6);
      expect(degreeDays).toBeLessThanOrEqual(most + 1e-6);
    }),
  );
});
