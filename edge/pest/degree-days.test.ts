import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { degreeDayMethods, degreeDays } from './degree-days.ts';

/**
 * Days of real stations with what the University of California's own calculator gives for them (UC IPM, single sine, horizontal
 * cut-off): minimum, maximum, degree-days.
 */
const esparto2020 = {
  thresholds: { lowerCelsius: 50, upperCelsius: 70 },
  days: [
    ...[
      [38, 55, 1.19],
      [41, 50, 0],
      [31, 51, 0.1],
      [54, 67, 10.5],
      [52, 73, 12.01],
      [44, 76, 10],
      [50, 69, 9.5],
    ],
    ...[
      [46, 81, 11.37],
      [39, 49, 0],
      [49, 70, 9.59],
      [59, 84, 16.74],
      [63, 101, 18.7],
      [65, 85, 18.91],
    ],
    ...[
      [59, 103, 17.6],
      [71, 103, 20],
      [68, 107, 19.81],
      [69, 97, 19.92],
      [49, 90, 13.29],
      [43, 78, 10.19],
    ],
    ...[
      [29, 63, 3.56],
      [36, 69, 6.56],
      [57, 72, 14.19],
      [31, 50, 0],
      [37, 54, 0.84],
    ],
  ],
};
const ojai2016 = {
  thresholds: { lowerCelsius: 12, upperCelsius: 33 },
  days: [
    ...[
      [7.8, 19.4, 2.72],
      [6.1, 15, 0.77],
      [1.1, 16.1, 0.94],
      [18.3, 28.9, 11.6],
      [4.4, 30.6, 7.29],
    ],
    ...[
      [10.6, 34.4, 10.5],
      [13.9, 16.7, 3.3],
      [11.7, 33.9, 10.74],
      [12.2, 28.9, 8.55],
      [12.8, 31.7, 10.25],
    ],
    ...[
      [10.6, 38.9, 11.71],
      [14.4, 39.4, 13.49],
      [15, 37.2, 13.31],
      [12.8, 35.6, 11.82],
      [13.9, 36.1, 12.5],
    ],
    [1.7, 17.2, 1.33],
  ],
};

/**
 * Table 7 of Zalom and others (1983), Leaflet 21373, made for checking programs: two days of each of its six cases, thresholds 55 and
 * 90 °F with a horizontal cut-off. Minimum, maximum, single sine. The copy in the tests of the R package degday (UC ANR) was read.
 */
const zalom1983 = {
  thresholds: { lowerCelsius: 55, upperCelsius: 90 },
  cases: [
    ['1: above both', 96, 110, 35],
    ['1: above both', 91, 105, 35],
    ['2: below both', 45, 54, 0],
    ['2: below both', 38, 50, 0],
    ['3: between them', 60, 80, 15],
    ['3: between them', 75, 88, 26.5],
    ['4: through the lower', 50, 82, 11.85],
    ['4: through the lower', 45, 70, 5.31],
    ['5: through the upper', 60, 100, 22.82],
    ['5: through the upper', 75, 95, 28.91],
    ['6: through both', 50, 101, 18.95],
    ['6: through both', 48, 95, 16.96],
  ],
} as const;

/**
 * Table 1 of McMaster and Wilhelm (1997), base 0 °C: minimum, maximum, method 1 (the mean, then limited), method 2 (the extremes, then
 * their mean). The copy in the same package was read.
 */
const mcMaster1997 = [
  [10, 20, 15, 15],
  [1, 10, 5.5, 5.5],
  [-2, 8, 3, 4],
  [0, 6, 3, 3],
  [5, 10, 7.5, 7.5],
  [-5, 5, 0, 2.5],
  [-7, -2, 0, 0],
  [-10, -5, 0, 0],
  [-2, 10, 4, 5],
  [2, 15, 8.5, 8.5],
] as const;

/** Corn by the '86/50' rule, days as extension services work them out (Ohio State, Waushara County): °F, method 2. */
const corn = [
  [63, 87, 24.5],
  [65, 90, 25.5],
  [46, 72, 11],
  [42, 63, 6.5],
] as const;

describe('the single sine', () => {
  it.each(zalom1983.cases)(
    'agrees with the table of 1983, case %s (%d to %d °F)',
    (_case, min, max, printed) => {
      const got = degreeDays({ minCelsius: min, maxCelsius: max }, zalom1983.thresholds, 'single_sine');
      expect(got).toBeCloseTo(printed, 2);
    },
  );

  it.each([
    // In °F: degree-days are of the scale that the temperatures are of.
    ['Esparto 2020, 50 and 70 °F', esparto2020],
    ['Ojai 2016, 12 and 33 °C', ojai2016],
  ])('agrees with the published days of %s', (_name, { thresholds, days }) => {
    for (const [minCelsius = NaN, maxCelsius = NaN, published = NaN] of days)
      expect(
        degreeDays({ minCelsius, maxCelsius }, thresholds, 'single_sine'),
        `${minCelsius} to ${maxCelsius}`,
      ).toBeCloseTo(published, 2);
  });

  it('is the area under the sine between the thresholds, summed up minute by minute', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -10, max: 35, noNaN: true }),
        fc.double({ min: 0, max: 25, noNaN: true }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        fc.double({ min: 0.1, max: 30, noNaN: true }),
        (minCelsius, range, lowerCelsius, span) => {
          const upperCelsius = lowerCelsius + span;
          const day = { minCelsius, maxCelsius: minCelsius + range };
          let sum = 0;
          for (let minute = 0; minute < 1_440; minute++) {
            const celsius = minCelsius + (range / 2) * (1 + Math.sin((2 * Math.PI * (minute + 0.5)) / 1_440));
            sum += (Math.min(upperCelsius, Math.max(lowerCelsius, celsius)) - lowerCelsius) / 1_440;
          }
          expect(degreeDays(day, { lowerCelsius, upperCelsius }, 'single_sine')).toBeCloseTo(sum, 3);
        },
      ),
    );
  });
});

describe('the simple averages', () => {
  it.each(mcMaster1997)(
    'agree with the table of 1997: %d to %d °C',
    (minCelsius, maxCelsius, first, second) => {
      const base = { lowerCelsius: 0, upperCelsius: null };
      expect(degreeDays({ minCelsius, maxCelsius }, base, 'average_limited')).toBe(first);
      expect(degreeDays({ minCelsius, maxCelsius }, base, 'extremes_limited')).toBe(second);
    },
  );

  it.each(corn)('agree with published days of corn, cut off at 86 °F: %d to %d °F', (min, max, printed) => {
    const thresholds = { lowerCelsius: 50, upperCelsius: 86 };
    expect(degreeDays({ minCelsius: min, maxCelsius: max }, thresholds, 'extremes_limited')).toBe(printed);
  });

  it('of all six cases stay between the thresholds, the second one exactly by its rule', () => {
    // Worked by hand, 55 and 90 °F: method 1 limits the mean, method 2 the extremes.
    const byHand = [
      [96, 110, 35, 35],
      [38, 50, 0, 0],
      [60, 80, 15, 15],
      [45, 70, 2.5, 7.5],
      [75, 95, 30, 27.5],
      [48, 95, 16.5, 17.5],
    ] as const;
    for (const [minCelsius, maxCelsius, first, second] of byHand) {
      const day = { minCelsius, maxCelsius };
      expect(degreeDays(day, zalom1983.thresholds, 'average_limited')).toBe(first);
      expect(degreeDays(day, zalom1983.thresholds, 'extremes_limited')).toBe(second);
    }
  });

  const cool = { minCelsius: 4, maxCelsius: 20 };
  const hot = { minCelsius: 24, maxCelsius: 38 };
  const thresholds = { lowerCelsius: 10, upperCelsius: 33 };

  it('differ where the night is below the lower threshold', () => {
    expect(degreeDays(cool, thresholds, 'average_limited')).toBe(2);
    expect(degreeDays(cool, thresholds, 'extremes_limited')).toBe(5);
  });

  it('differ where the day is above the upper one', () => {
    expect(degreeDays(hot, thresholds, 'average_limited')).toBe(21);
    expect(degreeDays(hot, thresholds, 'extremes_limited')).toBe(18.5);
  });
});

it('the single sine agrees with the day worked by hand in docs/pests.md', () => {
  const hot = { minCelsius: 24, maxCelsius: 38 };
  expect(degreeDays(hot, { lowerCelsius: 10, upperCelsius: 33 }, 'single_sine')).toBeCloseTo(21 - 1.31974, 4);
});

it('every method gives the same between the thresholds, which is most days in the tropics', () => {
  const day = { minCelsius: 22, maxCelsius: 31 };
  for (const method of degreeDayMethods)
    expect(degreeDays(day, { lowerCelsius: 8.87, upperCelsius: null }, method)).toBeCloseTo(17.63, 10);
});

it('no method gives less than nothing or more than the thresholds are apart', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -40, max: 50, noNaN: true }),
      fc.double({ min: 0, max: 40, noNaN: true }),
      fc.constantFrom(...degreeDayMethods),
      (minCelsius, range, method) => {
        const got = degreeDays(
          { minCelsius, maxCelsius: minCelsius + range },
          { lowerCelsius: 10, upperCelsius: 32 },
          method,
        );
        expect(got).toBeGreaterThanOrEqual(-1e-9);
        expect(got).toBeLessThanOrEqual(22 + 1e-9);
      },
    ),
  );
});

it('refuses what stands upside down, and says so', () => {
  const thresholds = { lowerCelsius: 10, upperCelsius: 30 };
  expect(() => degreeDays({ minCelsius: 20, maxCelsius: 19 }, thresholds, 'single_sine')).toThrow(
    "a day's minimum (20 °C) must not be above its maximum (19 °C)",
  );
  expect(() => degreeDays({ minCelsius: NaN, maxCelsius: 19 }, thresholds, 'single_sine')).toThrow(
    RangeError,
  );
  expect(() =>
    degreeDays({ minCelsius: 1, maxCelsius: 2 }, { lowerCelsius: 30, upperCelsius: 10 }, 'single_sine'),
  ).toThrow('the lower threshold (30 °C) must be below the upper one (10 °C)');
});
