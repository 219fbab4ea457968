import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import type { Source } from '../sources/schema.ts';
import { only, testController } from './controller.suite.ts';
import type { IntentRecord } from './types.ts';

const well: Source = { id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 120, gapSeconds: 60 };
const wells = zonesOf(demoFarm())
  .slice(0, 3)
  .map((zone): Zone => ({ ...zone, source: 'well' }));
/** Two zones of relays behind one and the same meter. */
const metered = zonesOf(demoFarm())
  .slice(0, 2)
  .map((zone): Zone => {
    const device = `relay-${zone.id}`;
    return { ...zone, valve: { family: 'tasmota', device, flowMeter: { device: 'meter' } } };
  });
const cutOff: IntentRecord = {
  ...{ kind: 'intent', atMs: 1_800_000_000_000 - 10_000, runId: 'old-1', zone: 'a1', valve: 'relay-a1' },
  ...{ durationSeconds: 600, reason: { key: 'soil_dry', figures: { meterLitres: 1_000 } } },
};
type Farm = ReturnType<typeof testController>;

/** The reason of the answer. */
function open(farm: Farm, zone: string, durationSeconds = 300): string | undefined {
  return only(farm.send({ kind: 'open', zone, requestId: 'r', durationSeconds }), 'answer')[0]?.reason.key;
}

it('no water is sent to a source’s zones while a valve that has answered neither opening nor closing may be open', () => {
  const farm = testController({ zones: wells, sources: [well] }).swept();
  expect(open(farm, 'a1')).toBe('manual_request');
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: farm.runId() });
  for (let word = 0; word < 6; word++) farm.wait(31);
  expect(farm.zone().phase.name).toBe('unknown');
  expect(open(farm, 'a2')).toBe('source_zone_open');
  for (let minute = 0; minute < 29; minute++) farm.wait(60);
  expect(open(farm, 'a2')).toBe('source_zone_open');
  farm.wait(60);
  expect(open(farm, 'a2'), 'it has closed by its own means').toBe('manual_request');
});

it('a locked valve that says nothing after a restart keeps its source’s water from the others no longer than its time', () => {
  const locks = new Map([['a1', { key: 'no_flow', figures: {} }]]);
  const farm = testController({ zones: wells, sources: [well], restored: { locks } });
  farm.valve({}, 'a2');
  farm.valve({}, 'a3');
  expect(open(farm, 'a2')).toBe('source_zone_open');
  for (let minute = 0; minute < 30; minute++) farm.wait(60);
  expect(open(farm, 'a2')).toBe('manual_request');
});

it('zones of one source that are due at the same moment open one after the other, with the gap between them', () => {
  const farm = testController({ zones: wells, sources: [well], programs: ['a1', 'a2'] });
  const reason = { key: 'soil_dry', figures: {} };
  for (const zone of ['a1', 'a2']) {
    const openBeforeMs = farm.now.atMs + 3_600_000;
    const wanted = { decisionId: zone, cycle: 1, seconds: 300, litres: null, openBeforeMs, reason };
    farm.send({ kind: 'plan', zone, wanted, reason });
  }
  // Both may open with the same tick.
  farm.swept().wait(1);
  const phases = () => ['a1', 'a2'].map((id) => farm.zone(id).phase.name);
  expect([phases(), farm.zone('a2').decision.key]).toEqual([['opening', 'idle'], 'source_gap']);
  farm.wait(59);
  expect(phases()).toEqual(['opening', 'idle']);
  farm.wait(1);
  expect(phases()).toEqual(['opening', 'opening']);
});

it('a counter that jumps or begins anew is no water through the filter', () => {
  const filter = { valve: 'flush-1', everyLitres: 5_000, flushSeconds: 60, minMinutes: 5 };
  const farm = testController({ zones: wells, sources: [{ ...well, filter }] }).swept();
  // After a start it counts as full.
  const passed = () => (farm.state.sources.well?.filter?.litres ?? 0) - filter.everyLitres;
  farm.wait(1);
  const { commandId: told } = farm.state.sources.well?.flushValve ?? {};
  farm.send({ kind: 'part', source: 'well', part: 'flushValve', isOn: false, commandId: told });
  farm.valve({ totalLitres: 9_000 });
  expect(passed(), 'what an idle zone’s meter tells').toBe(0);
  farm.valve({ totalLitres: 1_000 });
  open(farm, 'a1');
  const commandId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: commandId });
  const after: unknown[] = [];
  for (const totalLitres of [1_000, 1_019, 10_190, 10_209, 0, 19]) {
    farm.wait(30);
    farm.valve({ state: 'open', commandId, flowLitresPerMinute: 38, totalLitres });
    after.push(passed());
  }
  expect(after).toEqual([0, 19, 19, 38, 38, 57]);
});

it('a run that a restart cut off is measured before another one runs through the same meter', () => {
  const farm = testController({ zones: metered, restored: { interrupted: [cutOff] } });
  farm.valve({ totalLitres: 1_010 }, 'a2');
  expect(open(farm, 'a2')).toBe('meter_taken');
  farm.valve({ totalLitres: 1_012 }, 'a1');
  expect(only(farm.actions, 'journal_run').map(({ record }) => record.measuredLitres)).toEqual([12]);
  expect(open(farm, 'a2')).toBe('manual_request');
});

it('a silent valve holds its meter until it has closed by its own means and its run is recorded', () => {
  const farm = testController({ zones: metered, restored: { interrupted: [cutOff] } });
  farm.valve({ totalLitres: 1_010 }, 'a2');
  for (let minute = 0; minute < 29; minute++) farm.wait(60);
  expect(only(farm.actions, 'journal_run'), 'recorded long ago').toHaveLength(1);
  expect(open(farm, 'a2')).toBe('meter_taken');
  farm.wait(60);
  expect(open(farm, 'a2')).toBe('manual_request');
});
