import { expect, it } from 'vitest';
import { readSeason } from './season.ts';

it('reads the figures a lot record carries', () => {
  const season = readSeason({
    startedAtMs: 1,
    endedAtMs: 2,
    irrigation: { runs: 3, measuredLitres: 1000 },
    readings: {
      soil_moisture: { count: 5, mean: 0.2, min: 0.1, max: 0.3, unit: 'm³/m³' },
      rain: { count: 9 },
    },
  });
  expect(season.irrigation).toEqual({ runs: 3, measuredLitres: 1000 });
  expect(season.readings).toEqual([
    { metric: 'soil_moisture', unit: 'm³/m³', count: 5, mean: 0.2, min: 0.1, max: 0.3 },
  ]);
});

it('shows nothing, rather than failing, for a record of another shape', () => {
  for (const odd of [null, 7, 'x', [], { irrigation: { runs: 'many' }, readings: { soil_moisture: null } }]) {
    expect(readSeason(odd)).toEqual({ startedAtMs: null, endedAtMs: null, irrigation: null, readings: [] });
  }
});
