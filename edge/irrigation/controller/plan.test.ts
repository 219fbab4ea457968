import type { Reason } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { closes, only, opens, testController } from './controller.suite.ts';
import { obstacleIn } from './controller.ts';
import { cycleKey, type Wanted } from './types.ts';

const reason: Reason = { key: 'soil_dry', figures: { depletionMm: 14 } };
const START = 1_800_000_000_000;
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  ...{ decisionId: 'day-1', cycle: 1, seconds: 600, litres: null, openBeforeMs: START + 3_600_000, reason },
  ...more,
});

type Farm = ReturnType<typeof testController>;
const programmed = (more: Parameters<typeof testController>[0] = {}) =>
  testController({ programs: ['a1'], ...more });
const plan = (farm: Farm, what: Wanted | null, why: Reason = reason) =>
  farm.send({ kind: 'plan', zone: 'a1', wanted: what, reason: why });
const intents = (farm: Farm) => only(farm.actions, 'journal_intent').map(({ record }) => record);

/** The run that was begun, until it flows. */
function flow(farm: Farm, totalLitres = 1000) {
  const commandId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: commandId });
  farm.valve({ state: 'open', commandId, flowLitresPerMinute: 38, totalLitres });
  return commandId;
}

it('waters what the program wants as soon as nothing stands in the way, and keeps its reason', () => {
  const farm = programmed();
  plan(farm, wanted());
  expect(intents(farm)).toEqual([]);
  farm.swept();
  farm.wait(1);
  expect(intents(farm)).toMatchObject([
    { decisionId: 'day-1', cycle: 1, durationSeconds: 600, reason: { key: 'soil_dry' } },
  ]);
  flow(farm);
  farm.wait(600);
  const [run] = only(farm.valve({ cause: 'lease_ended', totalLitres: 1380 }), 'journal_run');
  expect(run?.record).toMatchObject({ decisionId: 'day-1', cycle: 1, outcome: 'completed' });
});

it('shows why not, and leaves the dry soil to the program', () => {
  const farm = programmed().swept();
  farm.moisture(0.05);
  expect(farm.zone().decision.key).toBe('waits_for_program');
  plan(farm, null, { key: 'soil_wet_enough', figures: {} });
  farm.wait(1);
  expect(farm.zone().decision.key).toBe('soil_wet_enough');
  expect(intents(farm)).toEqual([]);
});

it('begins a cycle of a decision once, however often it is told, and the next cycle once too', () => {
  const farm = programmed().swept();
  for (const cycle of [1, 1, 2, 2, 1]) {
    plan(farm, wanted({ cycle }));
    if (farm.zone().phase.name === 'opening') {
      flow(farm);
      farm.wait(600);
      farm.valve({ cause: 'lease_ended' });
    }
    farm.wait(20);
  }
  expect(intents(farm).map(({ cycle }) => cycle)).toEqual([1, 2]);
});

it('begins none that the journal knows of from before a restart', () => {
  const begun = new Map([['a1', [cycleKey({ decisionId: 'day-1', cycle: 1 })]]]);
  const farm = programmed({ restored: { begun } }).swept();
  plan(farm, wanted());
  farm.wait(1);
  expect(intents(farm)).toEqual([]);
  plan(farm, wanted({ decisionId: 'day-2' }));
  expect(intents(farm)).toMatchObject([{ decisionId: 'day-2' }]);
});

it('tries again what the journal could not hold: nothing was opened', () => {
  const farm = programmed().swept();
  plan(farm, wanted());
  farm.send({ kind: 'intent_failed', zone: 'a1', runId: farm.runId() });
  farm.wait(11);
  expect(intents(farm)).toHaveLength(2);
  expect(only(farm.actions, 'raise_alarm')).toMatchObject([{ reason: { key: 'journal_unavailable' } }]);
  const actions = farm.send({ kind: 'intent_durable', zone: 'a1', runId: farm.runId() });
  expect(only(actions, 'clear_alarm'), 'it writes again').toMatchObject([{ key: 'journal_unavailable' }]);
});

it('clears the alarm of a journal that could not write with a wet test too', () => {
  const farm = programmed().swept();
  farm.send({ kind: 'test', zone: 'a1', requestId: 'r', startedBy: 'sau' });
  const actions = farm.send({ kind: 'intent_durable', zone: 'a1', runId: farm.runId() });
  expect(only(actions, 'clear_alarm')).toMatchObject([{ key: 'journal_unavailable' }]);
});

it('begins nothing after the end of its window, whatever happens to UTC', () => {
  const farm = programmed();
  plan(farm, wanted({ openBeforeMs: START + 60_000 }));
  // The clock goes back by a day, and the plan is told once more.
  farm.wait(61, -86_400);
  plan(farm, wanted({ openBeforeMs: START + 60_000 }));
  farm.swept().wait(1);
  expect(farm.zone().decision.key).toBe('window_over');
  expect(intents(farm)).toEqual([]);
});

it('sends no opening after the end of its window, however long the disk took', () => {
  const farm = programmed().swept();
  plan(farm, wanted({ openBeforeMs: START + 10_000 }));
  const runId = farm.runId();
  farm.wait(11);
  farm.send({ kind: 'intent_durable', zone: 'a1', runId });
  expect(opens(farm.actions)).toEqual([]);
  expect(only(farm.valve({}), 'journal_run')[0]?.record.outcome).toBe('expired');
});

it('ends by its litres, a moment before they are complete, and between two words of the meter too', () => {
  const farm = programmed().swept();
  plan(farm, wanted({ litres: 100 }));
  flow(farm);
  // 80 litres, then half a litre a second, and what runs while the valve closes.
  farm.valve({ state: 'open', cause: 'periodic', flowLitresPerMinute: 30, totalLitres: 1080 });
  expect(closes(farm.wait(37))).toEqual([]);
  expect(closes(farm.wait(1.5))).toEqual(['a1']);
  const [run] = only(farm.valve({ totalLitres: 1100 }), 'journal_run');
  expect(run?.record).toMatchObject({ outcome: 'completed', plannedLitres: 100, measuredLitres: 100 });
});

it('does not end at the moisture target: the program has said how much', () => {
  const farm = programmed().swept();
  plan(farm, wanted());
  flow(farm);
  expect(closes(farm.moisture(0.5))).toEqual([]);
});

it('does not open what a person has just stopped', () => {
  const farm = programmed().swept();
  farm.send({ kind: 'stop', zone: 'a1', requestId: 'r' });
  plan(farm, wanted());
  farm.wait(1);
  expect(farm.zone().decision.key).toBe('stopped_by_hand');
  farm.wait(900);
  expect(intents(farm)).toHaveLength(1);
});

it('measures out the time of litres where a valve would hear the closing too late', () => {
  const slow = zonesOf(demoFarm()).map(
    (zone): Zone => ({
      ...{ ...zone, nominalFlowLitresPerMinute: 30 },
      valve: {
        ...{
          family: 'chirpstack',
          device: `bridge.${zone.id}`,
          application: '1',
          devEui: '0101010101010101',
        },
        ...{ fPort: 85, open: 'ff1da000{seconds:u24le}', close: 'ff1d0000', flowMeter: { device: 'meter' } },
      },
    }),
  );
  const farm = programmed({ zones: slow }).swept();
  plan(farm, wanted({ litres: 100, seconds: 900 }));
  expect(intents(farm)).toMatchObject([{ durationSeconds: 200 }]);
});

it('ends when the probe says what the program has asked for', () => {
  const farm = programmed().swept();
  plan(farm, wanted({ untilSoilMoisture: 0.3 }));
  flow(farm);
  expect(closes(farm.moisture(0.29))).toEqual([]);
  expect(closes(farm.moisture(0.31))).toEqual(['a1']);
  const [run] = only([...farm.valve({ totalLitres: 1100 }), ...farm.wait(120)], 'journal_run');
  expect(run?.record).toMatchObject({ outcome: 'target_reached', decisionId: 'day-1' });
});

it('waters without a meter where the program bears it, and says that nothing has proven it', () => {
  const zones = zonesOf(demoFarm()).map(
    (zone): Zone => ({ ...zone, valve: { family: 'tasmota', device: `relay-${zone.id}`, flowMeter: null } }),
  );
  const farm = programmed({ zones }).swept();
  plan(farm, wanted());
  const runId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId });
  farm.valve({ state: 'open', flowLitresPerMinute: null, totalLitres: null });
  farm.wait(601);
  const ended = [...farm.valve({ flowLitresPerMinute: null, totalLitres: null }), ...farm.wait(1)];
  expect(only(ended, 'journal_run')[0]?.record).toMatchObject({ measuredLitres: null, proof: 'unmetered' });
});

it('tells what is in a program’s way until somebody sees to it, and nothing that ends by itself', () => {
  const obstacle = (farm: Farm, zone = 'a1') => obstacleIn(farm.state, zone, farm.config, farm.now)?.key;
  const farm = programmed();
  expect(obstacle(farm), 'just asked').toBeUndefined();
  farm.wait(10).concat(farm.wait(10), farm.wait(10), farm.wait(60));
  expect(obstacle(farm), 'silent').toBe('valve_unconfirmed');
  farm.swept();
  expect(obstacle(farm)).toBeUndefined();
  plan(farm, wanted());
  flow(farm);
  expect(obstacle(farm), 'it waters').toBeUndefined();
  farm.send({ kind: 'stop', zone: 'a1', requestId: 'r' });
  farm.valve({ totalLitres: 1100 });
  farm.wait(10);
  expect(obstacle(farm)).toBe('stopped_by_hand');
  farm.wait(900);
  expect(obstacle(farm)).toBeUndefined();
  farm.valve({ flowLitresPerMinute: 20 });
  expect(obstacle(farm)).toBe('leak_suspected');
  farm.wait(31);
  expect(farm.zone().phase.name).toBe('locked');
  expect(obstacle(farm)).toBe('valve_lies_closed');
  expect(obstacle(programmed({ untested: ['a1'] }).swept())).toBe('wet_test_missing');
  const source = { id: 'well', name: 'Giếng', maxFlowLitresPerMinute: 100, pump: { valve: 'pump' } };
  const zones = zonesOf(demoFarm()).map((zone): Zone => ({ ...zone, source: 'well' }));
  const locks = new Map([['well', { key: 'source_dry', figures: {} }]]);
  expect(obstacle(programmed({ zones, sources: [source], restored: { locks } }).swept())).toBe(
    'source_locked',
  );
});
