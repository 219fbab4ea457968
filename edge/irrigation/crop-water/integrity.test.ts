import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WEATHER_DOUBTS, weatherDoubts } from './integrity.ts';
import type { Site, WeatherDay } from './types.ts';

const daLat: Site = {
  ...{ latitudeDegrees: 11.9, longitudeDegrees: 108.4, elevationMetres: 1_500 },
  ...{ isCoastal: false, windHeightMetres: 2 },
};
const fine: WeatherDay = {
  ...{ date: '2026-02-10', tMinCelsius: 15, tMaxCelsius: 25, rhMaxPercent: 95, rhMinPercent: 55 },
  ...{ windMetresPerSecond: 2, solarMegajoules: 19 },
};
const days = (...changes: Partial<WeatherDay>[]) =>
  changes.map((change, at) => ({ ...fine, date: `2026-02-${10 + at}`, ...change }));
const doubted = (list: readonly WeatherDay[], site = daLat) =>
  weatherDoubts(list, site).map(({ sensor }) => sensor);

describe('a sensor that says what cannot be for three days in a row is doubted', () => {
  it.each<[string, Partial<WeatherDay>, string]>([
    ['wind ten times too strong', { windMetresPerSecond: 16 }, 'wind'],
    ['an anemometer that has seized', { windMetresPerSecond: 0 }, 'wind'],
    ['a radiation of another unit', { solarMegajoules: 190 }, 'solar'],
    ['a radiation above the clear sky', { solarMegajoules: 31 }, 'solar'],
    ['a pyranometer in a shadow', { solarMegajoules: 5 }, 'solar'],
    ['a dead humidity', { rhMaxPercent: 12, rhMinPercent: 10 }, 'humidity'],
    ['a wet humidity sensor in a warm afternoon', { rhMaxPercent: 100, rhMinPercent: 99 }, 'humidity'],
    ['a thermometer that stands still', { tMinCelsius: 21, tMaxCelsius: 21.1 }, 'temperature'],
    ['a thermometer in the sun', { tMinCelsius: 15, tMaxCelsius: 52 }, 'temperature'],
  ])('%s', (_what, said, sensor) => {
    expect(doubted(days(said, said, said))).toContain(sensor);
    expect(doubted(days(said, said))).toEqual([]);
    // One possible day, and it is believed again.
    expect(doubted(days(said, said, said, {}))).not.toContain(sensor);
  });
});

it.each<[string, Partial<WeatherDay>[]]>([
  [
    'a calm day or two',
    [{ windMetresPerSecond: 0 }, { windMetresPerSecond: 0 }, { windMetresPerSecond: 0.1 }],
  ],
  [
    'the days of a typhoon',
    [{ windMetresPerSecond: 5 }, { windMetresPerSecond: 17 }, { windMetresPerSecond: 9 }],
  ],
  ['a windy monsoon', [7, 7.5, 6.5, 7].map((windMetresPerSecond) => ({ windMetresPerSecond }))],
  [
    'a week of dark rain, whose temperature hardly moves',
    Array.from({ length: 7 }, () => ({
      ...{ solarMegajoules: 4.5, tMinCelsius: 17, tMaxCelsius: 19.5, rhMaxPercent: 100, rhMinPercent: 98 },
    })),
  ],
  [
    'hot dry wind from Laos',
    Array.from({ length: 5 }, () => ({
      ...{ tMinCelsius: 27, tMaxCelsius: 40, rhMaxPercent: 65, rhMinPercent: 30, windMetresPerSecond: 5 },
    })),
  ],
  [
    'nothing measured',
    Array.from({ length: 4 }, () => ({ windMetresPerSecond: null, solarMegajoules: null })),
  ],
])('%s can be true', (_what, list) => {
  expect(doubted(days(...list))).toEqual([]);
});

it('says of an anemometer that has seized that it stands still, not that it blows too much', () => {
  const still = { windMetresPerSecond: 0 };
  const [doubt] = weatherDoubts(days(still, still, still), daLat);
  expect(doubt?.reason.key).toBe('weather_wind_still');
});

it('a place that states its wind by the month is judged by that', () => {
  const said = { windMetresPerSecond: 5.5 };
  const windy = { ...daLat, monthlyWindMetresPerSecond: Array.from({ length: 12 }, () => 6) };
  const still = { ...daLat, monthlyWindMetresPerSecond: Array.from({ length: 12 }, () => 1.2) };
  expect(doubted(days(said, said, said))).toEqual([]);
  expect(doubted(days(said, said, said), still)).toEqual(['wind']);
  const strong = { windMetresPerSecond: 12 };
  expect(doubted(days(strong, strong, strong), windy)).toEqual([]);
});

it.each(['vi', 'en', 'zh'])('each doubt has a sentence for people: %s', (language) => {
  const file = new URL(`../../../dashboards/field/messages/${language}.json`, import.meta.url);
  const { reason } = JSON.parse(readFileSync(file, 'utf8')) as { reason: Record<string, string> };
  expect(WEATHER_DOUBTS.filter((key) => reason[key] === undefined)).toEqual([]);
});
