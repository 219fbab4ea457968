import { expect, it } from 'vitest';
import { byRatio, TestHead, tank, testHead } from './dosing.suite.ts';
import type { Recipe } from './types.ts';

const planned = (millilitres: number): Recipe => ({
  ...byRatio,
  plannedMillilitres: { a: millilitres, b: millilitres },
});
const whys = (head: TestHead) =>
  head.actions.flatMap((action) => (action.kind === 'journal_dose' ? [action.dose.why] : []));

it('limits count what a pump gives by its calibration, where its tank has shown that it gives less', () => {
  for (const [own, most] of [
    [{ perRunMillilitres: 400 }, 400],
    [{ perDayMillilitres: 300 }, 300],
  ] as const) {
    const a = tank('a', 1, { ...own, rateFactor: 0.8, millilitresPerSecond: 8 });
    const head = new TestHead(testHead({ tanks: [a, tank('b', 2)] }));
    // The level was read wrong, the calibration was right.
    head.trueFactor = 1 / 0.8;
    head.open('run-1');
    head.wait(1_100);
    expect(head.given('a')).toBeLessThanOrEqual(most);
    expect(head.given('a')).toBeGreaterThan(most - 60);
  }
});

it('a stocktake that has found more counts for the day’s limit', () => {
  const a = tank('a', 1, { perDayMillilitres: 1_000 });
  const head = new TestHead(testHead({ tanks: [a, tank('b', 2)] }));
  head.open('run-1', { plannedLitres: 300 });
  head.wait(400);
  const before = head.given('a');
  expect(before).toBeGreaterThan(200);
  const undercounted = [{ fromMs: head.now.atMs - 400_000, toMs: head.now.atMs, ratio: 1.25 }];
  Object.assign(head.surroundings, { head: testHead({ tanks: [{ ...a, undercounted }, tank('b', 2)] }) });
  head.open('run-2', { plannedLitres: 3_000 });
  head.wait(3_000);
  expect(head.given('a') + 0.25 * before).toBeLessThanOrEqual(1_000);
  expect(head.given('a') + 0.25 * before).toBeGreaterThan(940);
});

it('nothing is dosed from a tank of which nobody has said how much is in it', () => {
  const head = new TestHead(testHead({ tanks: [tank('a', 1), tank('b', 2, { leftMillilitres: null })] }));
  head.open('run-1');
  head.wait(400);
  expect([head.given('a'), head.given('b')]).toEqual([0, 0]);
  expect(head.state.why).toMatchObject({ key: 'dose_tank_not_filled', figures: { tank: 'b' } });
  expect(head.actions).toContainEqual(
    expect.objectContaining({
      kind: 'raise_alarm',
      reason: expect.objectContaining({ key: 'dose_tank_not_filled' }),
    }),
  );
});

it('a run gets what its plan gives it, and two that flow together get both', () => {
  const head = new TestHead();
  head.open('run-1', { plannedLitres: 2_000, recipe: planned(300) });
  head.wait(600);
  expect(Math.abs(head.given('a') - 300)).toBeLessThanOrEqual(10);
  expect(whys(head)[0]).toMatchObject({ key: 'dose_plan_reached' });
  head.close('run-1');
  const before = head.given('a');
  head.open('run-2', { plannedLitres: 2_000, recipe: planned(300) });
  head.open('run-3', { plannedLitres: 2_000, recipe: planned(200) });
  head.wait(1_200);
  expect(Math.abs(head.given('a') - before - 500)).toBeLessThanOrEqual(10);
});

it('a run to which its plan gives nothing gets nothing, alone or beside one that gets some', () => {
  const head = new TestHead();
  head.open('run-1', { recipe: planned(0) });
  head.wait(400);
  expect(head.state.why?.key).toBe('dose_plan_gives_nothing');
  head.open('run-2', { recipe: planned(500) });
  head.wait(200);
  expect(head.state.why?.key).toBe('dose_zones_differ');
  expect([head.given('a'), whys(head)]).toEqual([0, []]);
});

it('a dose whose water is ended before its flush says what the flush lacks; one that was flushed does not', () => {
  const head = new TestHead();
  head.open('run-1', { plannedLitres: 500 });
  head.wait(600);
  expect(whys(head).map(({ key }) => key)).toEqual(['dose_complete']);
  head.open('run-2', { plannedLitres: 2_000 });
  head.wait(400);
  head.close('run-2');
  const [, cut] = whys(head);
  expect(cut).toMatchObject({ key: 'dose_not_flushed' });
  expect(cut?.figures.litres).toBeGreaterThan(60);
  expect(cut?.figures.litres).toBeLessThanOrEqual(80);
});
