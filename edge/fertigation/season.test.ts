import type { DoseRecord, JournalRecord } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Season } from './season.ts';

const dose = (atMs: number, millilitres: number, own: Partial<DoseRecord> = {}): DoseRecord => ({
  ...{ kind: 'dose', doseId: `d${atMs}`, head: 'h', recipe: 'r', startedAtMs: atMs - 1, endedAtMs: atMs },
  zones: [{ zone: 'z', plot: 'p', runId: 'x', hectares: 1, stage: 'mid', share: 1, litres: 100 }],
  tanks: ['a', 'acid'].map((tank) => ({
    ...{ tank, millilitres, leftMillilitres: null, fillId: null, gramsPerLitre: { N: 100 } },
  })),
  ...{ waterLitres: 100, ec: 1.6, ph: 6, why: { key: 'dose_complete', figures: {} }, isUpperBound: false },
  learnt: { strength: null, acid: 0 },
  ...own,
});
const filled = (atMs: number, litres: number, litresBefore?: number): JournalRecord => ({
  ...{ kind: 'tank_fill', atMs, fillId: `f${atMs}`, head: 'h', tank: 'a', litres, gramsPerLitre: { N: 100 } },
  ...{ recordedBy: 'u', recordedByName: 'U', capacityLitres: 100 },
  ...(litresBefore === undefined ? {} : { litresBefore }),
});
const told = (records: readonly JournalRecord[]) => {
  const season = new Season((tank) => tank === 'acid');
  for (const record of records) season.add(record);
  return season;
};
const outcome = (season: Season) => [...season.doses(0)];
const sum = (season: Season, tank: string) =>
  outcome(season)
    .flatMap(({ tanks }) => tanks.filter((one) => one.tank === tank))
    .reduce((all, { millilitres }) => all + millilitres, 0);

it('adds up to what has left the tank, whatever was booked, and the same read again in any order of kinds', () => {
  const doses = fc.array(fc.integer({ min: 500, max: 4_000 }), { minLength: 6, maxLength: 20 });
  fc.assert(
    fc.property(doses, fc.double({ min: 0.8, max: 1.25, noNaN: true }), (list, truth) => {
      const booked = list.map((millilitres, n) => dose(10 * n + 15, millilitres));
      const drawn = (list.reduce((all, one) => all + one, 0) * truth) / 1000;
      const levels = [filled(1, 100), filled(10 * list.length + 20, 100, 100 - drawn)];
      const season = told([levels[0], ...booked, levels[1]].flatMap((one) => one ?? []));
      const [take] = season.stocktakes('a');
      if (take?.doubt === null) expect(sum(season, 'a')).toBeCloseTo(1000 * drawn, 3);
      expect(outcome(told([...levels, ...booked]))).toEqual(outcome(season));
      expect(outcome(told([...booked, ...levels]))).toEqual(outcome(season));
    }),
  );
});

it('knows how strong a stock is by what EC has shown of its own doses; acid is what it is stated to be', () => {
  const seen = (atMs: number, strength: number) => dose(atMs, 1_000, { learnt: { strength, acid: 0 } });
  const season = told(Array.from({ length: 8 }, (_, n) => seen(10 * n, 0.85)));
  const [first] = outcome(season);
  expect(first?.tanks.map(({ tank, strength }) => [tank, strength])).toEqual([
    ['a', expect.closeTo(0.85)],
    ['acid', 1],
  ]);
  expect([season.strength('a'), season.strength('acid'), season.strength('b')]).toEqual([
    expect.closeTo(0.85),
    1,
    1,
  ]);
});

it('what a dose that was cut off repeats of the one before shows nothing, and it counts by the middle', () => {
  const cut = dose(5, 3_000, { isUpperBound: true, learnt: { strength: 0.7, acid: 0 } });
  const tanks = cut.tanks.map((tank) => ({ ...tank, leastMillilitres: 1_000 }));
  const season = told(Array.from({ length: 6 }, (_, n) => ({ ...cut, tanks, endedAtMs: 5 + n })));
  expect([season.strength('a'), sum(season, 'a')]).toEqual([1, 6 * 2_000]);
});

it('knows the water of zones from a moment on, by their meters', () => {
  const run = (zone: string, startedAtMs: number, measuredLitres: number | null): JournalRecord => ({
    ...{
      kind: 'run',
      runId: `${zone}${startedAtMs}`,
      zone,
      valve: 'v',
      startedAtMs,
      endedAtMs: startedAtMs + 1,
    },
    ...{ plannedSeconds: 1, actualSeconds: 1, plannedLitres: 1, measuredLitres, outcome: 'completed' },
    ...{ soilMoistureBefore: null, soilMoistureAfter: null, reason: { key: 'program', figures: {} } },
  });
  const season = told([
    run('z', 1, 5),
    run('z', 9, 70),
    run('y', 9, 600),
    run('x', 9, 8_000),
    run('z', 10, null),
  ]);
  expect(season.litres(['z', 'y'], 5)).toBe(670);
});
