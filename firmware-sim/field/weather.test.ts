import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { climates } from './climates.ts';
import { referenceEvapotranspirationMmPerHour } from './evapotranspiration.ts';
import { normal, poisson, seededRandom } from './random.ts';
import { extraterrestrialWattsPerM2, localInstantMs as instantMs } from './sun.ts';
import { fliesBetween } from './traps.ts';
import { saturationVapourPressureKpa, seededSky } from './weather.ts';

const HOUR_MS = 3_600_000;
const coast = climates['binh-thuan'];
const { site } = coast;
const localInstantMs = (date: number, hours: number) => instantMs(date, hours, site);
const weatherAt = (atMs: number, chosen: number) => seededSky(coast, site, chosen).at(atMs);
const rainMmBetween = (fromMs: number, toMs: number, chosen: number) =>
  seededSky(coast, site, chosen).rainMm(fromMs, toMs);
const newYear = Math.round(Date.UTC(2026, 0, 1) / (24 * HOUR_MS));
const day = fc.integer({ min: newYear, max: newYear + 729 });
const seed = fc.integer({ min: 0, max: 1_000_000 });

describe('the weather of Bình Thuận', () => {
  test('is the same for the same instant and seed, and stays within what the coast knows', () => {
    fc.assert(
      fc.property(day, fc.double({ min: 0, max: 23.99, noNaN: true }), seed, (date, hours, chosen) => {
        const atMs = localInstantMs(date, hours);
        const weather = weatherAt(atMs, chosen);
        expect(weatherAt(atMs, chosen)).toEqual(weather);
        expect(weather.airTemperatureCelsius).toBeGreaterThan(18);
        expect(weather.airTemperatureCelsius).toBeLessThan(36);
        expect(weather.relativeHumidityPercent).toBeGreaterThan(40);
        expect(weather.relativeHumidityPercent).toBeLessThan(100);
        expect(weather.windMetresPerSecond).toBeGreaterThan(0);
        expect(weather.solarWattsPerM2).toBeLessThan(1150);
      }),
    );
  });

  test('changes smoothly, midnight included', () => {
    fc.assert(
      fc.property(day, seed, (date, chosen) => {
        for (const hours of [0, 5.5, 13.5]) {
          const before = weatherAt(localInstantMs(date, hours) - 1, chosen).airTemperatureCelsius;
          const after = weatherAt(localInstantMs(date, hours) + 1, chosen).airTemperatureCelsius;
          expect(Math.abs(before - after)).toBeLessThan(0.01);
        }
      }),
    );
  });

  test('has its sun at noon and none at night', () => {
    const noon = extraterrestrialWattsPerM2(localInstantMs(newYear + 80, 11.85), site);
    expect(noon).toBeGreaterThan(1300);
    expect(weatherAt(localInstantMs(newYear, 22), 1).solarWattsPerM2).toBe(0);
    expect(weatherAt(localInstantMs(newYear, 4), 1).solarWattsPerM2).toBe(0);
  });

  test("asks the reference crop for a tropical day's 3 to 7 mm", () => {
    for (let date = newYear; date < newYear + 365; date += 13) {
      let millimetres = 0;
      for (let hours = 0.125; hours < 24; hours += 0.25) {
        millimetres +=
          referenceEvapotranspirationMmPerHour(
            weatherAt(localInstantMs(date, hours), 7),
            site.altitudeMetres,
          ) / 4;
      }
      expect(millimetres).toBeGreaterThan(3);
      expect(millimetres).toBeLessThan(7);
    }
  });

  test('rains in parts that add up, about a metre a year, most of it from May to October', () => {
    fc.assert(
      fc.property(day, fc.double({ min: 0, max: 48, noNaN: true }), seed, (date, hours, chosen) => {
        const [fromMs, toMs] = [localInstantMs(date, 0), localInstantMs(date, 48)];
        const middleMs = fromMs + hours * HOUR_MS;
        const parts = rainMmBetween(fromMs, middleMs, chosen) + rainMmBetween(middleMs, toMs, chosen);
        expect(parts).toBeCloseTo(rainMmBetween(fromMs, toMs, chosen), 6);
      }),
    );
    const total = (from: number, to: number) =>
      rainMmBetween(localInstantMs(newYear + from, 0), localInstantMs(newYear + to, 0), 3);
    expect(total(0, 365)).toBeGreaterThan(600);
    expect(total(0, 365)).toBeLessThan(1700);
    expect(total(120, 304)).toBeGreaterThan(0.7 * total(0, 365));
  });

  test('follows the saturation curve of FAO-56', () => {
    // FAO-56, annex 2, table 2.3: 24.5 °C has 3.075 kPa, 15 °C has 1.705 kPa.
    expect(saturationVapourPressureKpa(24.5)).toBeCloseTo(3.075, 2);
    expect(saturationVapourPressureKpa(15)).toBeCloseTo(1.705, 2);
  });
});

describe('flies', () => {
  test('are caught in parts that add up, by day only', () => {
    fc.assert(
      fc.property(day, fc.double({ min: 0, max: 24, noNaN: true }), seed, (date, hours, chosen) => {
        const [fromMs, toMs] = [localInstantMs(date, 0), localInstantMs(date, 24)];
        const count = (a: number, b: number) => fliesBetween('trap-1', 12, a, b, chosen, site);
        const middleMs = fromMs + hours * HOUR_MS;
        expect(count(fromMs, middleMs) + count(middleMs, toMs)).toBe(count(fromMs, toMs));
        expect(count(localInstantMs(date, 18), localInstantMs(date, 29))).toBe(0);
      }),
    );
  });

  test('come as many as the trap usually catches', () => {
    const days = 400;
    const flies = fliesBetween(
      'trap-1',
      12,
      localInstantMs(newYear, 0),
      localInstantMs(newYear + days, 0),
      5,
      site,
    );
    expect(flies / days).toBeGreaterThan(11);
    expect(flies / days).toBeLessThan(13);
  });
});

test('random numbers repeat by seed and name, differ between names, and have their moments', () => {
  const draw = (chosen: number, name: string) => Array.from({ length: 8 }, seededRandom(chosen, name));
  expect(draw(1, 'a')).toEqual(draw(1, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
  const random = seededRandom(1, 'moments');
  const samples = Array.from({ length: 20_000 }, () => normal(random));
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples.length;
  expect(mean).toBeCloseTo(0, 1);
  expect(variance).toBeCloseTo(1, 1);
  const counts = Array.from({ length: 20_000 }, () => poisson(3, random));
  expect(counts.reduce((sum, value) => sum + value, 0) / counts.length).toBeCloseTo(3, 1);
});

describe('every climate', () => {
  const rows = Object.entries(climates);

  test.each(rows)(
    '%s rains about as much as its months say, and is neither hotter nor colder',
    (_name, climate) => {
      const sky = seededSky(climate, climate.site, 5);
      const years = 6;
      const atMs = (day: number) => instantMs(newYear + day, 0, climate.site);
      const wanted = climate.months.reduce((sum, month) => sum + month.rainMm, 0);
      const rain = sky.rainMm(atMs(0), atMs(365 * years)) / years;
      expect(rain / wanted).toBeGreaterThan(0.75);
      expect(rain / wanted).toBeLessThan(1.3);
      for (let day = 0; day < 365; day += 7) {
        const { airTemperatureCelsius } = sky.at(instantMs(newYear + day, 13.5, climate.site));
        expect(airTemperatureCelsius).toBeGreaterThan(
          Math.min(...climate.months.map((m) => m.maximumCelsius)) - 3,
        );
        expect(airTemperatureCelsius).toBeLessThan(
          Math.max(...climate.months.map((m) => m.maximumCelsius)) + 2,
        );
      }
    },
  );

  test('the north has a cold season, and the highland is cool all year', () => {
    const noon = (name: 'red-river-delta' | 'da-lat', day: number) =>
      seededSky(climates[name], climates[name].site, 3).at(
        instantMs(newYear + day, 13.5, climates[name].site),
      );
    expect(noon('red-river-delta', 15).airTemperatureCelsius).toBeLessThan(23);
    expect(noon('red-river-delta', 190).airTemperatureCelsius).toBeGreaterThan(29);
    for (const day of [15, 100, 190, 280]) expect(noon('da-lat', day).airTemperatureCelsius).toBeLessThan(28);
  });
});
