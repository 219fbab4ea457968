import { describe, expect, it } from 'vitest';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { heatDays, wetHours } from './weather-days.ts';

const HOUR_MS = 3_600_000;
const dayOf = (atMs: number) => Math.floor(atMs / (24 * HOUR_MS));

function hour(at: number, told: Partial<WeatherHour> = {}): WeatherHour {
  return {
    ...{ startMs: at * HOUR_MS, atMs: (at + 1) * HOUR_MS, samples: 6 },
    airTemperature: { min: 20 + (at % 24) / 4, max: 21 + (at % 24) / 4, mean: 20.5 + (at % 24) / 4 },
    relativeHumidity: { min: 70, max: 80, mean: 75 },
    ...{ dewPoint: null, airPressure: null, windSpeed: null, solarRadiation: null, rain: 0, gauges: [] },
    ...told,
  };
}

const day = (first: number, hours = 24) => Array.from({ length: hours }, (_, index) => hour(first + index));

describe('the extremes of a day', () => {
  it('are those of its hours', () => {
    expect(heatDays(day(0), dayOf)).toEqual([{ day: 0, extremes: { minCelsius: 20, maxCelsius: 26.75 } }]);
  });

  it('are not known where more than four hours were not measured', () => {
    expect(heatDays(day(0, 20), dayOf)).toHaveLength(1);
    expect(heatDays(day(0, 19), dayOf)).toEqual([]);
    const silent = day(0).map((one, index) => (index < 5 ? { ...one, airTemperature: null } : one));
    expect(heatDays(silent, dayOf)).toEqual([]);
  });

  it('are not made certain by an hour that was told twice', () => {
    expect(heatDays([...day(0, 12), ...day(0, 12)], dayOf)).toEqual([]);
  });
});

describe('leaves', () => {
  const wet = (told: Partial<WeatherHour>) => wetHours([hour(0, told)]);
  const humid = { min: 88, max: 95, mean: 92 };

  it('are wet by their sensor, whatever the air is', () => {
    expect(wet({ leafWetness: 80, relativeHumidity: null })).toMatchObject({
      ...{ hours: [{ isWet: true, celsius: 20.5 }], estimated: 0 },
    });
    expect(wet({ leafWetness: 10, relativeHumidity: humid }).hours[0]?.isWet).toBe(false);
  });

  it('without one are taken for wet in rain and in humid air, which is said', () => {
    expect(wet({ relativeHumidity: humid })).toMatchObject({ hours: [{ isWet: true }], estimated: 1 });
    expect(wet({ rain: 1.2 })).toMatchObject({ hours: [{ isWet: true }], estimated: 1 });
    expect(wet({})).toMatchObject({ hours: [{ isWet: false }], estimated: 1 });
  });

  it('of which nothing was measured are neither wet nor dry', () => {
    expect(wet({ relativeHumidity: null, rain: null })).toMatchObject({
      hours: [{ isWet: null }],
      estimated: 0,
    });
  });
});
