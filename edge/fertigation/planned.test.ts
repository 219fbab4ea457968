import { readFileSync } from 'node:fs';
import type { DoseRecord } from '@nongtin/broker/wire';
import { expect, it, vi } from 'vitest';
import { checkFarm, type Farm } from '../farm/layout.ts';
import { documentedFarm } from './farm.suite.ts';
import { kilogramsOfRun, millilitresFor } from './planned.ts';
import { Rig } from './rig.suite.ts';
import { Season } from './season.ts';

/** Runs of seconds take their time on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const docs = readFileSync(new URL('../../docs/fertigation.md', import.meta.url), 'utf8');
const [, , example = ''] = docs.split('```json');
const planByStage = JSON.parse(example.split('```')[0] ?? '').planByStage;

function farmWithPlan(): Farm {
  const farm = documentedFarm();
  Object.assign(farm.plots[0]?.fertigation ?? {}, { planByStage });
  return checkFarm(farm, 'farm.json');
}

const plotOf = ({ plots }: Farm) => plots[0] ?? expect.fail('there is no plot');
const dose = (date: string, kilograms: number): DoseRecord => {
  const atMs = Date.parse(`${date}T06:00:00+07:00`);
  return {
    ...{
      kind: 'dose',
      doseId: date,
      head: 'cham-phan',
      recipe: 'nuoi-la',
      startedAtMs: atMs,
      endedAtMs: atMs,
    },
    zones: [
      { zone: 'khu-1', plot: 'lo-1', runId: date, hectares: 0.25, stage: 'mid', share: 1, litres: 1_000 },
    ],
    tanks: [
      {
        ...{ tank: 'bon-a', millilitres: (kilograms * 1e6) / 15.5, leftMillilitres: null, fillId: null },
        gramsPerLitre: { N: 15.5 },
      },
    ],
    ...{
      waterLitres: 1_000,
      ec: 1.6,
      ph: 6,
      why: { key: 'dose_complete', figures: {} },
      isUpperBound: false,
    },
    learnt: { strength: null, acid: 0 },
  };
};
const watered = (date: string, litres: number) => ({
  ...{ kind: 'run' as const, runId: `run ${date}`, zone: 'khu-1', valve: 'van-1' },
  startedAtMs: Date.parse(`${date}T06:00:00+07:00`),
  endedAtMs: Date.parse(`${date}T06:30:00+07:00`),
  ...{ plannedSeconds: 1_800, actualSeconds: 1_800, plannedLitres: litres, measuredLitres: litres },
  ...{ soilMoistureBefore: null, soilMoistureAfter: null, outcome: 'completed' as const },
  reason: { key: 'program', figures: {} },
});

it('a run’s part of the plan is the one of the documentation', () => {
  const farm = farmWithPlan();
  const season = new Season(() => false);
  for (const [date, kilograms] of [
    ['2026-10-05', 9],
    ['2026-11-08', 12],
  ] as const)
    season.add(dose(date, kilograms));
  season.add(watered('2026-10-05', 50_000));
  season.add(watered('2026-11-08', 180_000));
  const given = { season, underWay: [] };
  const on = { date: '2026-11-20', litres: 1_200 };
  expect(kilogramsOfRun(farm, plotOf(farm), given, on)).toBeCloseTo(0.0864, 4);
  // Another plot's doses and those before the season are not its own.
  season.add({ ...dose('2026-09-30', 30), doseId: 'before' });
  season.add({ ...dose('2026-11-09', 30), zones: [] });
  expect(kilogramsOfRun(farm, plotOf(farm), given, on)).toBeCloseTo(0.0864, 4);
  expect(kilogramsOfRun(farm, plotOf(farm), given, { ...on, date: '2027-06-01' })).toBe(0);
  expect(kilogramsOfRun(documentedFarm(), plotOf(documentedFarm()), given, on)).toBeNull();
});

it('is given in the ratio of the recipe, by what its tanks hold', () => {
  const [head = expect.fail('there is no head')] = farmWithPlan().heads ?? [];
  const known = { head, season: new Season(() => false) };
  // 15.5 g/L of N in A, none in B: 86.4 g are 5.57 L, of B as much as the recipe has.
  expect(millilitresFor(0.0864, 'N', { 'bon-a': 4_000, 'bon-b': 2_000, axit: 300 }, known)).toEqual({
    'bon-a': expect.closeTo(5_574, 0),
    'bon-b': expect.closeTo(2_787, 0),
  });
  expect(millilitresFor(0.0864, 'N', { 'bon-b': 2_000 }, known)).toBeNull();
});

/** 12 kg/ha on half a hectare in a hundred days of 10,000 L on what is fed: no run of 1,200 L gets more than 14.4 g of N, 929 mL of A. */
const small = {
  nutrient: 'N',
  stages: [{ days: 100, kilogramsPerHectare: 12, millimetresPerDay: 4 }],
};
const rigWith = (recipe: object) =>
  new Rig((farm) => {
    const { planKilogramsPerHectare: _, ...fertigation } = farm.plots[0]?.fertigation ?? { recipes: [] };
    Object.assign(farm, { recipes: [{ id: 'deu', name: 'Đều', ...recipe }] });
    Object.assign(farm.plots[0] ?? {}, {
      fertigation: { ...fertigation, planByStage: small },
    });
  }).ready();

it.each([
  ['proportional', { mode: 'proportional', millilitresPerCubicMetre: { 'bon-a': 2_000, 'bon-b': 2_000 } }],
  ['quantity', { mode: 'quantity', millilitres: { 'bon-a': 1_500, 'bon-b': 1_500 } }],
])('a %s recipe gives a run its part of the plan', async (_mode, recipe) => {
  const rig = await rigWith(recipe);
  const cups = rig.given(1);
  await rig.water();
  await rig.wait(1_300);
  // To two of the shortest pulses; what is owed between two turns of tanks that are kept apart is left at the end, and later runs make it up.
  expect(rig.given(1) - cups).toBeLessThanOrEqual(929 + 2 * rig.rate);
  expect(rig.given(1) - cups).toBeGreaterThanOrEqual(929 - 4 * rig.rate);
  const [plot] = await rig.fertigation.nutrients();
  expect(plot?.planKilogramsPerHectare).toEqual({ N: 12 });
});
