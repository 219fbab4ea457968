import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neededWetHours, temperatureResponse, type WetHour, wetPeriods } from './infection.ts';

/** Made up: 10, 25, 35 °C, 10 to 40 hours, four dry hours. */
const needs = {
  ...{ minCelsius: 10, optimumCelsius: 25, maxCelsius: 35 },
  ...{ minWetHours: 10, maxWetHours: 40 },
};
const mould = { needs, dryHours: 4 };

/** Hours in a row: `w` wet, `d` dry, `?` not known. */
function hours(text: string, celsius = 25): WetHour[] {
  return [...text].map((one, hour) => ({
    ...{ atMs: hour * 3_600_000, celsius: one === '?' ? null : celsius },
    isWet: one === '?' ? null : one === 'w',
  }));
}

describe('how well a fungus infects', () => {
  it.each([
    [10, 0],
    [35, 0],
    [25, 1],
    // (35 − 17.5) / 10 · (7.5 / 15) ^ 1.5 = 1.75 · 0.35355
    [17.5, 0.61872],
    // (35 − 30) / 10 · (20 / 15) ^ 1.5 = 0.5 · 1.5396
    [30, 0.7698],
  ])('at %d °C is %d', (celsius, response) => {
    expect(temperatureResponse(celsius, needs)).toBeCloseTo(response, 4);
  });

  it('is between none and all, and most at its optimum', () => {
    fc.assert(
      fc.property(fc.double({ min: -20, max: 60, noNaN: true }), (celsius) => {
        const response = temperatureResponse(celsius, needs);
        expect(response).toBeGreaterThanOrEqual(0);
        expect(response).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  it('needs temperatures that rise', () => {
    expect(() => temperatureResponse(20, { ...needs, optimumCelsius: 35 })).toThrow(RangeError);
  });
});

it('an infection needs more hours of wetness the further it is from its optimum, and none will do far away', () => {
  expect(neededWetHours(25, mould)).toBe(10);
  expect(neededWetHours(17.5, mould)).toBeCloseTo(10 / 0.61872, 3);
  expect(neededWetHours(11, mould)).toBeNull();
  expect(neededWetHours(40, mould)).toBeNull();
});

/** Hours of leaf wetness for one lesion of rice blast a plant, as Choi, Park and Lee (1987) have measured them. */
it('where hours were measured they are taken as they are, with what lies between, and nothing outside', () => {
  const hoursAt = [
    { celsius: 18, hours: 22 },
    { celsius: 22, hours: 16 },
    { celsius: 26, hours: 10 },
    { celsius: 30, hours: 8 },
  ];
  const hours = (celsius: number) => neededWetHours(celsius, { needs: { hoursAt } });
  expect([18, 22, 26, 30].map(hours)).toEqual([22, 16, 10, 8]);
  expect([20, 28].map(hours)).toEqual([19, 9]);
  expect([17.9, 30.1].map(hours)).toEqual([null, null]);
});

describe('wet periods', () => {
  it('outlive short dry breaks, and end with long ones', () => {
    expect(wetPeriods(hours('wwwwwwddddwwwwddddd'), mould)).toMatchObject([
      { fromMs: 0, toMs: 14 * 3_600_000, wetHours: 10, celsius: 25, neededHours: 10, unknownHours: 0 },
    ]);
    expect(wetPeriods(hours('wwwwwwdddddwwww'), mould).map(({ wetHours }) => wetHours)).toEqual([6, 4]);
  });

  it('say how much of them nobody has measured', () => {
    expect(wetPeriods(hours('www?d?www'), mould)).toMatchObject([{ wetHours: 6, unknownHours: 2 }]);
    expect(wetPeriods(hours('www?????www'), mould)).toHaveLength(2);
    const [left] = wetPeriods(hours('www').concat(hours('wwwwwww').slice(5)), mould);
    expect(left).toMatchObject({ wetHours: 5, unknownHours: 2 });
  });

  it('hold every wet hour once', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('w', 'd', '?'), maxLength: 60 }), (text) => {
        const sum = wetPeriods(hours(text), mould).reduce((all, { wetHours }) => all + wetHours, 0);
        expect(sum).toBe(text.replace(/[^w]/g, '').length);
      }),
    );
  });
});
