import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { at, conditions, zone } from './conditions.suite.ts';
import { plan, programProblems, takeTurns, turnsProblems, turnTimes, type WaterTurns } from './index.ts';
import type { Program } from './program.ts';

const text = readFileSync(new URL('../../../docs/programs.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => JSON.parse(json) as object);
const isTurns = (example: object): example is WaterTurns => 'members' in example;
const { site } = conditions('2026-11-23 05:00');
const context = {
  ...{
    nowMs: at('2026-11-23 05:00'),
    site,
    turn: null,
    zone: { ...zone, hasSoilProbe: true, hasCropModel: true, isFlooded: false },
  },
  ...{ hasRainGauge: true, hasWindGauge: true, hasForecast: true },
};

it('the programs of the documentation are sound, and can be planned', () => {
  const programs = examples.filter((example) => !isTurns(example)) as Program[];
  expect(programs.map((program) => program.kind ?? 'depletion').sort()).toEqual([
    ...['clock', 'clock', 'depletion', 'depletion', 'depletion', 'soil_moisture', 'volume'],
  ]);
  for (const program of programs) {
    expect(programProblems(program, 'program', context)).toEqual([]);
    expect(plan(program, conditions('2026-11-23 05:00')).reason.key).toMatch(/^program_/);
  }
});

it('the water turns of the documentation are sound, and can be taken', () => {
  const turns = examples.filter(isTurns);
  expect(turns).toHaveLength(2);
  for (const one of turns) {
    expect(turnsProblems(one, 'turns', ['a1', 'a2', 'a3'])).toEqual([]);
    expect(takeTurns(one, new Map(), { got: new Map(), obstacle: () => undefined }).size).toBe(0);
  }
  expect(turns.map((one) => turnTimes(one, 'a3')?.times.length)).toEqual([2, undefined]);
});
