import { describe, expect, it } from 'vitest';
import type { WeatherHour } from '../../farm-weather/farm-weather.ts';
import { dailyEt0 } from '../crop-water/et0.ts';
import { rainOf, weatherDayOf, weatherHourOf } from './weather-day.ts';

const site = {
  ...{ latitudeDegrees: 10.93, longitudeDegrees: 108.1, elevationMetres: 20, isCoastal: true },
  windHeightMetres: 2,
};
const firstMs = Date.UTC(2026, 1, 2, 17);

function hour(index: number, told: Partial<WeatherHour> = {}): WeatherHour {
  const startMs = firstMs + index * 3_600_000;
  return {
    ...{ startMs, atMs: startMs + 3_600_000, samples: 6, rain: null, gauges: [] },
    airTemperature: { min: 20 + index / 2, max: 21 + index / 2, mean: 20.5 + index / 2 },
    relativeHumidity: { min: 60, max: 90, mean: 80 },
    ...{ dewPoint: null, airPressure: null, windSpeed: 2, solarRadiation: 250 },
    ...told,
  };
}
const hours = (count: number, told?: Partial<WeatherHour>) =>
  Array.from({ length: count }, (_, index) => hour(index, told));

it('makes a day of its hours: extremes, means, and the sun in MJ a square metre', () => {
  const day = weatherDayOf('2026-02-03', hours(24), site);
  expect(day).toEqual({
    date: '2026-02-03',
    tMinCelsius: 20,
    tMaxCelsius: 32.5,
    rhMaxPercent: 90,
    rhMinPercent: 60,
    rhMeanPercent: 80,
    dewPointCelsius: null,
    windMetresPerSecond: 2,
    solarMegajoules: expect.closeTo(21.6, 9),
  });
});

it('says nothing of what too few hours have told', () => {
  const silent = { airTemperature: null, windSpeed: null, solarRadiation: null };
  const day = weatherDayOf('2026-02-03', [...hours(19), hour(19, silent)], site);
  expect(day).toMatchObject({ tMinCelsius: undefined, windMetresPerSecond: null, solarMegajoules: null });
});

describe('a sunny day with hours that lack', () => {
  const sunny = Array.from({ length: 24 }, (_, index) =>
    hour(index, { solarRadiation: 800 * Math.max(0, Math.sin((Math.PI * (index - 5.5)) / 12)) }),
  );
  const without = (from: number, to: number) =>
    weatherDayOf(
      '2026-02-03',
      sunny.filter((_, index) => index < from || index > to),
      site,
    );
  const whole = without(24, 24).solarMegajoules ?? Number.NaN;

  it('at night has the same sun', () => {
    expect(whole).toBeGreaterThan(20);
    expect(without(0, 3).solarMegajoules).toBe(whole);
    expect(without(0, 3).solarUntoldPercent).toBeUndefined();
    expect(without(20, 23).solarMegajoules).toBe(whole);
  });

  it('by day has the sun of the others by its height, and says so', () => {
    for (const [from, to] of [
      [10, 13],
      [7, 9],
      [14, 17],
    ] as const) {
      const filled = without(from, to);
      expect((filled.solarMegajoules ?? 0) / whole).toBeCloseTo(1, 1);
      expect(filled.solarUntoldPercent).toBeGreaterThan(15);
    }
    const { reasons, mm } = dailyEt0(without(10, 13), site, 'FAO56-2025');
    expect(reasons.map(({ key }) => key)).toEqual(['et0_solar_hours_filled']);
    expect((mm ?? 0) / (dailyEt0(without(24, 24), site, 'FAO56-2025').mm ?? 1)).toBeCloseTo(1, 1);
  });
});

it('sums the rain, and tells none apart from nobody knows', () => {
  expect(rainOf(hours(3, { rain: 1.2 }))).toBeCloseTo(3.6);
  expect(rainOf(hours(3, { rain: 0 }))).toBe(0);
  expect(rainOf(hours(3))).toBeNull();
});

it('makes an hour in the units of hourly ET0', () => {
  expect(weatherHourOf(hour(0, { solarRadiation: 500 }), 19)).toMatchObject({
    ...{ startsAtMs: firstMs, tCelsius: 20.5, rhPercent: 80, solarMegajoules: 1.8, tMinCelsius: 19 },
  });
});
