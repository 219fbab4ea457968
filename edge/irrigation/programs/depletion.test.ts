import { expect, it } from 'vitest';
import { at, conditions, depleted, watered, zone } from './conditions.suite.ts';
import type { DepletionProgram } from './index.ts';
import { plan } from './index.ts';

const program: DepletionProgram = { id: 'dawn', windows: [{ start: '04:00', end: '08:00' }] };
const dry = (text: string, depletionMm = 32) => conditions(text, { depletion: depleted(text, depletionMm) });

it('refills to field capacity when the depletion has reached RAW: 32 mm on 1,000 m² at 80 % are 40 m³', () => {
  const { wanted, reason } = plan(program, dry('2026-11-23 04:00'));
  expect(wanted).toMatchObject({ decisionId: 'a3/dawn/2026-11-23T04:00', cycle: 1, decisionLitres: 40_000 });
  expect(reason).toMatchObject({ key: 'program_depletion', figures: { depletionMm: 32, lineMm: 30 } });
  expect(wanted?.reason).toEqual(reason);
});

it('does not water before RAW, and says how full the soil is', () => {
  const { wanted, reason } = plan(program, dry('2026-11-23 04:00', 12));
  expect(wanted).toBeNull();
  expect(reason).toEqual({
    key: 'program_enough',
    figures: { depletionMm: 12, lineMm: 30, availableWater: 0.8 },
  });
});

it('tells the rain beside the soil', () => {
  const now = at('2026-11-23 04:00');
  const rain = { isRaining: false, isGaugeSilent: false, hours: [{ startMs: now - 7_200_000, mm: 12 }] };
  const { reason } = plan(program, { ...dry('2026-11-23 04:00', 12), rain });
  expect(reason).toMatchObject({ key: 'program_enough_rain', figures: { rainMm: 12, availableWater: 0.8 } });
});

it('waters ahead when RAW would be passed before the next window', () => {
  const { wanted, reason } = plan(program, dry('2026-11-23 04:00', 27));
  expect(reason).toMatchObject({
    key: 'program_depletion_ahead',
    figures: {
      depletionMm: 27,
      expectedDepletionMm: 32,
      rawMm: 30,
      nextDate: '2026-11-24',
      nextTime: '04:00',
    },
  });
  expect(wanted?.decisionLitres).toBe(27 * 1250);
});

it('waits for its window although the soil is dry', () => {
  const { wanted, reason, nextAtMs } = plan(program, dry('2026-11-23 12:00'));
  expect(wanted).toBeNull();
  expect(reason).toMatchObject({ key: 'program_waits_window_soil', figures: { nextTime: '04:00' } });
  expect(nextAtMs).toBe(at('2026-11-24 04:00'));
});

it('cuts a decision into cycles no longer than the zone allows, and counts what was measured', () => {
  const first = plan(program, dry('2026-11-23 04:00', 31)).wanted;
  if (!first) throw new Error('not wanted');
  // 38,750 L at 100 L/min are 387.5 min: seven parts of less than an hour.
  expect(first.litres).toBeCloseTo(38_750 / 7);
  expect(first.seconds).toBe(zone.maxRunSeconds);
  const history = [watered(first, { at: '2026-11-23 05:00', litres: 5_000 })];
  const second = plan(program, { ...dry('2026-11-23 05:10', 31), history });
  expect(second.wanted).toMatchObject({ decisionId: first.decisionId, cycle: 2, decisionLitres: 38_750 });
  expect(second.wanted?.litres).toBeCloseTo(33_750 / 6);
  expect(second.reason).toMatchObject({
    key: 'program_cycle_litres',
    figures: { deliveredLitres: 5_000, cycle: 2 },
  });
});

it('is done when its litres have been delivered, whatever the model says then', () => {
  const first = plan(program, dry('2026-11-23 04:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 07:00', litres: 40_010 })];
  const { wanted, reason, nextAtMs } = plan(program, { ...dry('2026-11-23 07:01', 45), history });
  expect(wanted).toBeNull();
  expect(reason).toMatchObject({ key: 'program_done_litres', figures: { deliveredLitres: 40_010 } });
  expect(nextAtMs).toBe(at('2026-11-24 04:00'));
});

it('does not count water twice that the model has not counted yet', () => {
  const twoWindows = { ...program, windows: [...(program.windows ?? []), { start: '16:00', end: '19:00' }] };
  const first = plan(twoWindows, dry('2026-11-23 04:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 06:00', litres: 40_000 })];
  const evening = conditions('2026-11-23 16:00', { depletion: depleted('2026-11-23 00:00', 32), history });
  expect(plan(twoWindows, evening).reason.key).toBe('program_enough');
});

it('waits for the best window as long as the soil stays above RAW', () => {
  const windows = [
    { start: '04:00', end: '07:00' },
    { start: '17:00', end: '19:00' },
  ];
  const eager = { ...program, windows, triggerRawFraction: 0.8 };
  expect(plan(eager, dry('2026-11-23 17:00', 25)).reason).toMatchObject({
    key: 'program_waits_better_window',
    figures: { nextDate: '2026-11-24', nextTime: '04:00' },
  });
  // Nearly nothing evaporates until dawn.
  expect(plan(eager, dry('2026-11-23 17:00', 29)).wanted).toBeNull();
  expect(plan(eager, dry('2026-11-23 17:00', 30)).wanted).not.toBeNull();
});

it('waters less by the room that is kept for rain', () => {
  const { wanted } = plan({ ...program, roomForRainMm: 5 }, dry('2026-11-23 04:00'));
  expect(wanted?.decisionLitres).toBe(27 * 1250);
});

it('lets expected rain postpone a watering only within the stress limit', () => {
  const forecast = {
    issuedAtMs: at('2026-11-23 00:00'),
    hours: [{ startMs: at('2026-11-23 14:00'), rainMm: 20, probability: 0.9 }],
  };
  const { wanted, reason } = plan(program, { ...dry('2026-11-23 04:00', 27), forecast });
  expect(wanted).toBeNull();
  expect(reason).toMatchObject({
    key: 'program_postponed_rain',
    figures: { expectedMm: 18, depletionMm: 27 },
  });
  // Without the rain it would be at 35 mm tomorrow, and 33 are the limit: watered, with room for the rain.
  const late = plan(program, { ...dry('2026-11-23 04:00', 30), forecast });
  expect(late.wanted?.decisionLitres).toBe(12 * 1250);
});

it('goes on with a crop that is over, and says that its water may be wrong', () => {
  const { wanted, notes } = plan(program, { ...dry('2026-11-23 04:00', 35), cropOverDays: 75 });
  expect(wanted).not.toBeNull();
  expect(notes).toEqual([{ key: 'program_crop_over', figures: { days: 75 } }]);
});

it('ignores a forecast of more than 24 hours ago, and says so', () => {
  const forecast = {
    issuedAtMs: at('2026-11-21 22:00'),
    hours: [{ startMs: at('2026-11-23 14:00'), rainMm: 20, probability: null }],
  };
  const { wanted, notes } = plan(program, { ...dry('2026-11-23 04:00', 27), forecast });
  expect(wanted).not.toBeNull();
  expect(notes).toEqual([{ key: 'program_forecast_stale', figures: { ageHours: 30 } }]);
});

it('does not water a zone that nobody measures, unless that was allowed', () => {
  const unmetered = { ...dry('2026-11-23 04:00'), zone: { ...zone, isMetered: false } };
  expect(plan(program, unmetered).reason.key).toBe('no_flow_meter');
  expect(plan({ ...program, allowUnproven: true }, unmetered).wanted).toMatchObject({
    ...{ litres: null, decisionLitres: null, decisionSeconds: 24_000 },
  });
});

it('says that the model is silent instead of guessing', () => {
  expect(plan(program, conditions('2026-11-23 04:00')).reason.key).toBe('program_depletion_unknown');
  const old = conditions('2026-11-23 04:00', { depletion: depleted('2026-11-20 00:00', 40) });
  expect(plan(program, old).reason.key).toBe('program_depletion_unknown');
});

it('waters what the crop needs although more rain is expected than the soil lacks', () => {
  const forecast = {
    issuedAtMs: at('2026-11-23 00:00'),
    hours: [{ startMs: at('2026-11-23 14:00'), rainMm: 80, probability: 0.9 }],
  };
  // 32 mm now, 37 by the next window if no rain came: 7 mm keep it at RAW until then.
  const { wanted } = plan(program, { ...dry('2026-11-23 04:00'), forecast });
  expect(wanted?.decisionLitres).toBe(7 * 1250);
});

it('gives no more of a decision than what rain has left of the depletion', () => {
  const first = plan(program, dry('2026-11-23 04:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 05:00', litres: 5_700 })];
  const after = (depletionMm: number) => plan(program, { ...dry('2026-11-23 05:30', depletionMm), history });
  expect(after(3).wanted).toMatchObject({ cycle: 2, decisionLitres: 40_000 });
  expect(after(3).wanted?.litres).toBeCloseTo(3 * 1250);
  expect(after(0.5).reason.key).toBe('program_enough');
});
