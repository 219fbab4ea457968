import { expect, it } from 'vitest';
import { at, conditions } from './conditions.suite.ts';
import { type ClockProgram, plan, type VolumeProgram, wateringOfIntent, wateringOfRun } from './index.ts';

const program: VolumeProgram = { id: 'dawn', kind: 'volume', starts: [{ at: '05:00' }], litres: 3000 };
const { wanted } = plan(program, conditions('2026-11-23 05:00'));
if (!wanted) throw new Error('not wanted');
const { decisionId, cycle, reason } = wanted;
const run = {
  ...{ decisionId, cycle, reason, startedAtMs: at('2026-11-23 05:00'), endedAtMs: at('2026-11-23 05:12') },
  ...{ plannedSeconds: 2250, actualSeconds: 720, measuredLitres: 1180, outcome: 'interrupted' as const },
};
const later = (watering: ReturnType<typeof wateringOfRun>) =>
  plan(program, conditions('2026-11-23 05:30', { history: [watering] }));

it('a record says what its decision came to, so that the rest of it is watered after a restart', () => {
  expect(wateringOfRun(run, null)).toMatchObject({ decisionLitres: 3000, decisionSeconds: 1800 });
  expect(later(wateringOfRun(run, null)).wanted).toMatchObject({ decisionId, cycle: 2, litres: 1820 });
});

it('how long an interrupted run lasted is not believed: without litres it counts as planned', () => {
  const unknown = { ...run, measuredLitres: null, actualSeconds: 0 };
  expect(later(wateringOfRun(unknown, null)).reason.key).toBe('program_done_litres');
});

it('of a run by time that was cut off, what the meter says counts', () => {
  const clock: ClockProgram = { id: 'dawn', kind: 'clock', starts: [{ at: '05:00' }], runSeconds: 1200 };
  const asked = plan(clock, conditions('2026-11-23 05:00')).wanted;
  if (!asked) throw new Error('not wanted');
  const cut = {
    ...run,
    decisionId: asked.decisionId,
    reason: asked.reason,
    plannedSeconds: 1200,
    measuredLitres: 500,
  };
  const { wanted: rest } = plan(
    clock,
    conditions('2026-11-23 05:30', { history: [wateringOfRun(cut, null)] }),
  );
  expect(rest).toMatchObject({ cycle: 2, seconds: 900 });
});

it('an intent without a run holds its decision up until its run is recorded', () => {
  const { startedAtMs: atMs, plannedSeconds: durationSeconds } = run;
  const intent = wateringOfIntent({ decisionId, cycle, reason, atMs, durationSeconds });
  expect(later(intent).reason.key).toBe('program_running');
});

it('a person’s run is of no decision', () => {
  const byHand = wateringOfRun(
    { ...run, decisionId: undefined, reason: { key: 'manual_request', figures: {} } },
    60,
  );
  expect(byHand).toMatchObject({ decisionId: null, decisionLitres: null });
  expect(later(byHand).wanted).toMatchObject({ decisionId, cycle: 1 });
});
