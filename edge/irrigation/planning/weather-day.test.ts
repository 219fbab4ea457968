import { expect, it } from 'vitest';
import type { WeatherHour } from '../../farm-weather/farm-weather.ts';
import { rainOf, weatherDayOf, weatherHourOf } from './weather-day.ts';

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
  const day = weatherDayOf('2026-02-03', hours(24));
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
  const day = weatherDayOf('2026-02-03', [...hours(19), hour(19, { airTemperature: null, windSpeed: null })]);
  expect(day.tMinCelsius).toBeUndefined();
  expect(day.windMetresPerSecond).toBeNull();
  expect(day.solarMegajoules).toBeCloseTo(21.6, 9);
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
