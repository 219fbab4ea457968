import { describe, expect, test } from 'vitest';
import { scenarioOf } from '../scenarios/library.ts';
import { climates } from './climates.ts';
import { referenceEvapotranspirationMmPerHour } from './evapotranspiration.ts';
import { readWeather } from './weather-series.ts';

const { site } = climates['mekong-delta'];
const HOUR_MS = 3_600_000;
const localMs = (text: string) => Date.parse(`${text}+07:00`);

describe('daily weather', () => {
  // FAO-56, example 18 (Uccle, 6 July), moved under our sun: temperatures, humidity and wind of that day.
  const csv = `date,min_c,max_c,rain_mm,rh_percent,wind_m_s,solar_mj_m2
2026-07-05,12.3,21.5,0,72,2.078,22.07
2026-07-06,12.3,21.5,12.5,72,2.078,22.07
2026-07-07,12.3,21.5,0,72,2.078,22.07
`;
  const series = readWeather(csv, site);
  const sky = series.sky(1);

  test('spans its days, and hits each day’s extremes, radiation and rain', () => {
    expect([series.fromMs, series.toMs]).toEqual([localMs('2026-07-05T00:00'), localMs('2026-07-08T00:00')]);
    expect(sky.at(localMs('2026-07-06T13:30')).airTemperatureCelsius).toBeCloseTo(21.5, 6);
    expect(sky.at(localMs('2026-07-06T05:30')).airTemperatureCelsius).toBeCloseTo(12.3, 6);
    let megajoules = 0;
    for (let atMs = localMs('2026-07-05T00:05'); atMs < localMs('2026-07-06T00:00'); atMs += HOUR_MS / 6)
      megajoules += sky.at(atMs).solarWattsPerM2 * 0.0006;
    expect(megajoules).toBeCloseTo(22.07, 0);
    expect(sky.rainMm(series.fromMs, series.toMs)).toBeCloseTo(12.5, 9);
    expect(sky.rainMm(localMs('2026-07-06T00:00'), localMs('2026-07-07T00:00'))).toBeCloseTo(12.5, 9);
  });

  test('asks for nearly as much water by the hour as its example does by the day', () => {
    let millimetres = 0;
    for (let hour = 0.25; hour < 24; hour += 0.5)
      millimetres +=
        referenceEvapotranspirationMmPerHour(sky.at(localMs('2026-07-05T00:00') + hour * HOUR_MS), 100) / 2;
    expect(millimetres).toBeGreaterThan(3.3);
    expect(millimetres).toBeLessThan(4.5);
  });

  test('does without humidity, wind and radiation', () => {
    const poor = readWeather('date,min_c,max_c,rain_mm\n2026-07-05,24,33,0\n', site).sky(1);
    const noon = poor.at(localMs('2026-07-05T12:00'));
    expect(noon.windMetresPerSecond).toBeGreaterThan(2);
    expect(noon.solarWattsPerM2).toBeGreaterThan(400);
    expect(poor.at(localMs('2026-07-05T05:30')).relativeHumidityPercent).toBeGreaterThan(85);
  });
});

test.each([
  [
    'daily',
    'date,min_c,max_c,rain_mm\n2026-07-05,24,33,0\n2026-07-06,20,29,40\n',
    ['2026-07-07T13:30', '2026-07-09T13:30'],
  ],
  [
    'hourly',
    `time,air_c,rh_percent,rain_mm\n${Array.from(
      { length: 48 },
      (_, hour) =>
        `2026-07-0${5 + Math.floor(hour / 24)}T${String(hour % 24).padStart(2, '0')}:00+07:00,${hour % 24 === 13 ? 29 : 20},80,${hour === 47 ? 40 : 0}`,
    ).join('\n')}\n`,
    ['2026-07-07T13:30', '2026-07-09T13:30'],
  ],
])('after the end of %s weather its last day comes again, but not its rain', (_kind, csv, warmest) => {
  const { toMs, fromMs, sky } = readWeather(csv, site);
  const made = sky(1);
  expect(made.rainMm(fromMs, toMs)).toBeCloseTo(40, 9);
  expect(made.rainMm(toMs, toMs + 10 * 24 * HOUR_MS)).toBe(0);
  for (const at of warmest) expect(made.at(localMs(at)).airTemperatureCelsius).toBeCloseTo(29, 6);
});

test('hourly weather is joined by lines, and its rain falls in its hour', () => {
  const csv = `time,air_c,rh_percent,rain_mm,wind_m_s,solar_w_m2
2026-07-05T11:00+07:00,30,70,0,2,800
2026-07-05T12:00+07:00,32,60,6,3,900
2026-07-05T13:00+07:00,31,66,0,1,700
`;
  const sky = readWeather(csv, site).sky(1);
  expect(sky.at(localMs('2026-07-05T12:30'))).toMatchObject({
    airTemperatureCelsius: 32,
    solarWattsPerM2: 900,
  });
  expect(sky.at(localMs('2026-07-05T12:00')).airTemperatureCelsius).toBeCloseTo(31, 9);
  expect(sky.rainMm(localMs('2026-07-05T11:00'), localMs('2026-07-05T12:20'))).toBeCloseTo(2, 9);
  expect(sky.rainMm(localMs('2026-07-05T11:00'), localMs('2026-07-05T14:00'))).toBeCloseTo(6, 9);
});

test.each([
  ['date,min_c,rain_mm\n', 'line 1 lacks the column max_c'],
  ['date,min_c,max_c,rain_mm\n', 'no row'],
  ['date,min_c,max_c,rain_mm\n05/07/2026,1,2,0\n', "line 2 has '05/07/2026' as date"],
  ['date,min_c,max_c,rain_mm\n2026-07-05,,2,0\n', 'line 2 has no min_c, fill it in'],
  ['date,min_c,max_c,rain_mm\n2026-07-05,25,20,0\n', 'max_c below its min_c'],
  ['date,min_c,max_c,rain_mm\n2026-07-05,75,91,0\n', 'min_c, which must be a number from -30 to 45'],
  ['date,min_c,max_c,rain_mm\n2026-07-05,20,30,-9999\n', 'rain_mm, which must be'],
  ['date,min_c,max_c,rain_mm\n2026-07-05,20,30,0\n2026-07-07,20,30,0\n', 'row 2 does not follow'],
])('a file is refused with its line: %j', (csv, problem) => {
  expect(() => readWeather(csv, site)).toThrow(problem);
});

test('a scenario takes a file, and refuses one that does not hold its time', () => {
  const scenario = (more: object) =>
    scenarioOf(
      {
        ...{
          format: 'nongtin-scenario-1',
          name: 'test',
          title: { vi: 'Thử', en: 'Test' },
          farm: 'two-zones',
          faults: [],
        },
        ...{ start: '2026-07-05T00:00:00+07:00', length: 'P2D', weather: { file: 'weather.csv' }, ...more },
      },
      `${import.meta.dirname}/testing`,
    );
  expect(scenario({}).sky(1).rainMm(localMs('2026-07-05T00:00'), localMs('2026-07-07T00:00'))).toBeCloseTo(
    4.5,
    9,
  );
  expect(() => scenario({ length: 'P9D' })).toThrow('move start, or shorten length');
  expect(() => scenario({ weather: { file: 'nowhere.csv' } })).toThrow(
    "weather.file 'nowhere.csv' cannot be read",
  );
});
