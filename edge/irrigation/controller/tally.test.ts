import { expect, it } from 'vitest';
import { only, testController } from './controller.suite.ts';
import type { IntentRecord } from './types.ts';

const reason = { key: 'soil_dry', figures: {} };
type Farm = ReturnType<typeof testController>;

/** Zone a1 is given so many litres, or so many seconds; its counter stands at 1,000 L and water runs at 38 L/min. */
function watering(litres: number, seconds: number) {
  const farm = testController({ programs: ['a1'] }).swept();
  const openBeforeMs = farm.now.atMs + 3_600_000;
  const wanted = { decisionId: 'day-1', cycle: 1, seconds, litres, openBeforeMs, reason };
  farm.send({ kind: 'plan', zone: 'a1', wanted, reason });
  farm.wait(1);
  const commandId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: commandId });
  const tell = (totalLitres: number) =>
    farm.valve({ state: 'open', commandId, flowLitresPerMinute: 38, totalLitres });
  tell(1_000);
  /** Water runs for so long while the counter begins at `from`; told every five seconds. */
  const run = (from: number, seconds: number) => {
    for (let passed = 5; passed <= seconds && farm.zone().phase.name === 'running'; passed += 5) {
      farm.wait(5);
      tell(from + (38 * passed) / 60);
    }
  };
  return { farm, tell, run };
}

const alarms = ({ actions }: Farm) =>
  only(actions, 'raise_alarm').map(({ severity, reason: { key } }) => `${severity} ${key}`);
const recorded = ({ actions }: Farm) => only(actions, 'journal_run').at(-1)?.record;

/** It closes, and its meter has come to rest. */
function close(farm: Farm, totalLitres: number): void {
  farm.wait(1);
  farm.valve({ totalLitres });
}

it.each([
  ['jumps to ten times what it was', 10_190, 'high meter_jumped'],
  ['begins anew in the middle of it', 0, 'low meter_jumped'],
])('a run whose counter %s ends by its time, and nobody claims to know its litres', (_what, from, alarm) => {
  const { farm, run } = watering(500, 1_200);
  run(1_000, 300);
  run(from, 895);
  expect(farm.zone().phase.name, 'its litres end nothing').toBe('running');
  expect(alarms(farm)).toEqual([alarm]);
  farm.wait(5);
  close(farm, from + 570);
  expect(recorded(farm)).toMatchObject({ outcome: 'completed', plannedLitres: 500, measuredLitres: null });
});

it('a counter that stays behind for longer than words are late measures the run no more', () => {
  const { farm, run } = watering(500, 1_200);
  run(1_000, 90);
  run(990, 30);
  expect(alarms(farm)).toEqual([]);
  run(1_009, 20);
  run(1_000, 40);
  expect(alarms(farm)).toEqual(['low meter_jumped']);
});

it('words that come late, twice or in another order change nothing of what was counted', () => {
  const { farm, tell, run } = watering(200, 1_200);
  run(1_000, 120);
  for (const late of [1_070, 1_074, 1_072]) tell(late);
  run(1_076, 180);
  tell(1_180);
  run(1_190, 60);
  expect(farm.zone().phase.name).toBe('closing');
  close(farm, 1_200);
  expect(recorded(farm)?.measuredLitres).toBeGreaterThanOrEqual(199);
  expect(recorded(farm)?.measuredLitres).toBeLessThanOrEqual(201);
  expect(alarms(farm)).toEqual([]);
});

it('what ran while nothing was heard is counted when it is told', () => {
  const { farm, tell, run } = watering(1_000, 1_500);
  run(1_000, 60);
  farm.wait(600);
  tell(1_418);
  farm.wait(1);
  farm.send({ kind: 'stop', zone: 'a1', requestId: 'r' });
  close(farm, 1_420);
  expect([recorded(farm)?.measuredLitres, alarms(farm)]).toEqual([420, []]);
});

it('a run that is measured again clears the alarm of the one before', () => {
  const { farm, run } = watering(100, 600);
  run(1_000, 200);
  close(farm, 1_101);
  const cleared = only(farm.actions, 'clear_alarm').map(({ key }) => key);
  expect(cleared).toContain('meter_jumped');
});

it('a run that a restart cut off has no litres that it cannot have been given', () => {
  const intent: IntentRecord = {
    ...{
      kind: 'intent',
      atMs: 1_800_000_000_000 - 900_000,
      runId: 'before-1',
      zone: 'a1',
      valve: 'valve-a1',
    },
    ...{ durationSeconds: 600, reason: { key: 'soil_dry', figures: { meterLitres: 1_000 } } },
  };
  const litres = [1_380, 6_000].map((totalLitres) => {
    const farm = testController({ restored: { interrupted: [intent] } });
    farm.valve({ totalLitres });
    return recorded(farm)?.measuredLitres;
  });
  expect(litres).toEqual([380, null]);
});
