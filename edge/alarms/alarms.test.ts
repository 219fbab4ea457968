import type { AlarmRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Alarms } from './alarms.ts';
import { AlarmRig, HOUR, MINUTE, ruled } from './rig.suite.ts';

function setup(records: AlarmRecord[] = []) {
  const told: AlarmRecord[] = [];
  let ids = records.length;
  const alarms = new Alarms({
    journal: {
      appendRecord: async (record) => records.push(record),
      records: async () => [...records].reverse(),
    },
    clock: { nowMs: () => 1_000, monotonicMs: () => 1_000 },
    newId: () => `al-${++ids}`,
    onAlarm: (alarm) => told.push(alarm),
    logger: pino({ enabled: false }),
  });
  return { alarms, told, records };
}
const leak = { key: 'leak', figures: { flowLitresPerMinute: 5 } };

it('is one alarm however often the condition is reported', () => {
  const { alarms, told } = setup();
  alarms.raise('a1', 'critical', leak);
  alarms.raise('a1', 'critical', leak);
  alarms.raise('a2', 'critical', leak);
  expect(told.map((alarm) => `${alarm.source} ${alarm.state}`)).toEqual(['a1 active', 'a2 active']);
});

it('is active, acknowledged by somebody, cleared, and each change is journaled', async () => {
  const { alarms, records } = setup();
  alarms.raise('a1', 'critical', leak);
  expect(await alarms.acknowledge('al-1', 'Sáu')).toMatchObject({ state: 'acknowledged' });
  expect(await alarms.acknowledge('al-9', 'Sáu')).toBeUndefined();
  alarms.clear('a1', 'leak');
  alarms.clear('a1', 'leak');
  expect(records.map((record) => record.state)).toEqual(['active', 'acknowledged', 'cleared']);
  expect(records[2]?.reason.figures.acknowledgedBy).toBe('Sáu');
  expect(alarms.list()).toMatchObject([{ alarmId: 'al-1', state: 'cleared' }]);
});

it('is told to those who tell people, each change once', async () => {
  const { alarms } = setup();
  const heard: string[] = [];
  const end = alarms.subscribe(({ event, state, stands }) => heard.push(`${event} ${state} ${stands}`));
  alarms.raise('a1', 'critical', leak);
  expect(alarms.current()).toMatchObject([{ source: 'a1', state: 'unacknowledged', acknowledged: null }]);
  await alarms.acknowledge('al-1', 'Sáu');
  expect(alarms.current()).toMatchObject([{ state: 'acknowledged', acknowledged: { by: 'Sáu' } }]);
  alarms.clear('a1', 'leak');
  end();
  alarms.raise('a1', 'critical', leak);
  expect(heard).toEqual([
    'raised unacknowledged true',
    'acknowledged acknowledged true',
    'cleared normal false',
  ]);
});

it('is in view and acknowledged also while the journal cannot write', async () => {
  const never = () => new Promise<number>(() => {});
  const alarms = new Alarms({
    journal: { appendRecord: never, records: async () => [] },
    clock: { nowMs: () => 1_000, monotonicMs: () => 1_000 },
    newId: () => 'al-1',
    onAlarm: () => {},
    logger: pino({ enabled: false }),
  });
  alarms.raise('journal', 'critical', { key: 'journal_disk_full', figures: {} });
  expect(alarms.list()).toMatchObject([{ state: 'active' }]);
  expect(await alarms.acknowledge('al-1', 'Sáu')).toMatchObject({ state: 'acknowledged' });
  alarms.clear('journal', 'journal_disk_full');
  expect(alarms.list()).toMatchObject([{ state: 'cleared' }]);
});

it('is still there after a restart', async () => {
  const { alarms, records } = setup();
  alarms.raise('a1', 'critical', leak);
  alarms.raise('a2', 'low', leak);
  alarms.clear('a2', 'leak');
  const again = setup(records).alarms;
  await again.start();
  expect(again.list()).toMatchObject([
    { source: 'a1', state: 'active' },
    { source: 'a2', state: 'cleared' },
  ]);
});

it('stays in the list when it is over until somebody has acknowledged it, unless it is minor', async () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'high', 'valve_no_answer');
  rig.raise('z2', 'low', 'valve_silent');
  rig.alarms.clear('z1', 'valve_no_answer');
  rig.alarms.clear('z2', 'valve_silent');
  expect(rig.open()).toMatchObject([{ source: 'z1', state: 'cleared', alarmState: 'returned' }]);
  await rig.restart();
  const [returned] = rig.open();
  await rig.alarms.acknowledge(returned?.alarmId ?? '', 'Sáu', 'a cable was loose');
  expect(rig.open()).toEqual([]);
  expect(rig.alarms.list()[0]?.acknowledged).toMatchObject({ by: 'Sáu', comment: 'a cable was loose' });
});

it('is told again when it was over and comes back, under the name it has', () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'high', 'leak');
  rig.alarms.clear('z1', 'leak');
  rig.pass(5 * MINUTE);
  rig.raise('z1', 'high', 'leak');
  const told = rig.heard.map(({ alarmId, event }) => `${alarmId} ${event}`);
  expect(told).toEqual(['al-1 raised', 'al-1 cleared', 'al-1 raised']);
  expect(rig.of('z1', 'leak')).toMatchObject({ occurrences: 2, raisedAtMs: rig.clock.nowMs() });
});

it('counts after its on-delay, and is over after its off-delay', () => {
  const rig = new AlarmRig();
  const rule = ruled({ condition: 'dry', onDelayMs: 10 * MINUTE });
  rig.raise('probe', 'low', 'condition_below', rule);
  rig.pass(9 * MINUTE);
  rig.alarms.clear('probe', 'dry', { delayMs: 5 * MINUTE });
  rig.raise('probe', 'low', 'condition_below', rule);
  rig.pass(9 * MINUTE);
  expect(rig.open(), 'a pause begins the delay anew').toEqual([]);
  rig.pass(MINUTE);
  expect(rig.open()).toMatchObject([{ source: 'probe', point: 'dry' }]);
  rig.alarms.clear('probe', 'dry', { delayMs: 5 * MINUTE });
  rig.pass(4 * MINUTE);
  rig.raise('probe', 'low', 'condition_below', rule);
  rig.pass(4 * MINUTE);
  expect(rig.of('probe', 'dry')?.state).toBe('active');
  rig.alarms.clear('probe', 'dry', { delayMs: 5 * MINUTE });
  rig.pass(5 * MINUTE);
  expect(rig.of('probe', 'dry')?.state).toBe('cleared');
});

it('is told once when it chatters, counted, and over when it has been calm', async () => {
  const rig = new AlarmRig();
  for (let n = 0; n < 20; n++) {
    rig.raise('z1', 'high', 'flow_too_high');
    rig.alarms.clear('z1', 'flow_too_high');
    rig.pass(10_000);
  }
  expect(rig.heard.filter(({ event }) => event === 'chattering')).toHaveLength(1);
  expect(rig.heard.filter(({ event }) => event === 'raised')).toHaveLength(2);
  // Its condition is over, which is what a restart must know; the alarm is held.
  rig.pass(MINUTE);
  expect(rig.of('z1', 'flow_too_high')).toMatchObject({
    chattered: 20,
    alarmState: 'unacknowledged',
    state: 'cleared',
  });
  await rig.restart();
  rig.pass(10 * MINUTE);
  expect(rig.of('z1', 'flow_too_high')).toMatchObject({ alarmState: 'returned' });
});

it('is put aside by a person for a while, and comes back unacknowledged when it still stands', async () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'high', 'leak');
  const alarmId = rig.open()[0]?.alarmId ?? '';
  await rig.alarms.acknowledge(alarmId, 'Sáu');
  rig.alarms.shelve(alarmId, { forMs: HOUR, by: 'Sáu', why: 'the plumber comes' });
  expect(rig.of('z1', 'leak')).toMatchObject({
    alarmState: 'shelved',
    shelved: { why: 'the plumber comes' },
  });
  expect(rig.of('z1', 'leak')?.state, 'its zone stays locked').toBe('acknowledged');
  rig.alarms.clear('z1', 'leak');
  rig.pass(2 * MINUTE);
  expect(rig.of('z1', 'leak')).toMatchObject({ alarmState: 'shelved', state: 'cleared' });
  rig.raise('z1', 'high', 'leak');
  await rig.restart();
  rig.pass(58 * MINUTE);
  expect(rig.heard.at(-1)).toMatchObject({ event: 'revealed', state: 'unacknowledged', concealed: null });
});

it('comes back from the shelf at once when the clock went back: nobody knows how long ago it was', () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'high', 'leak');
  rig.alarms.shelve('al-1', { forMs: HOUR, by: 'Sáu', why: 'known' });
  rig.clock.setMs = -400 * HOUR;
  rig.pass(5_000);
  expect(rig.of('z1', 'leak')?.alarmState).toBe('unacknowledged');
});

it('tells the next person while nobody has acknowledged it, also over a restart', async () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'critical', 'leak');
  rig.pass(9 * MINUTE);
  await rig.restart();
  rig.pass(MINUTE);
  expect(rig.heard.at(-1)).toMatchObject({ event: 'escalated', escalation: 1 });
  rig.pass(20 * MINUTE);
  expect(rig.heard.at(-1)).toMatchObject({ event: 'escalated', escalation: 2 });
  await rig.alarms.acknowledge('al-1', 'Sáu');
  rig.pass(3 * HOUR);
  expect(rig.heard.at(-1)).toMatchObject({ event: 'acknowledged', escalation: 2 });
});

it('is not told while its place is maintained, and told afterwards when it still stands', async () => {
  const rig = new AlarmRig();
  rig.maintained.set('z1', { untilMs: rig.clock.nowMs() + HOUR, by: 'Sáu', why: 'new pipes' });
  rig.raise('z1', 'critical', 'leak');
  rig.raise('z1', 'high', 'valve_no_answer');
  rig.alarms.clear('z1', 'valve_no_answer');
  expect(rig.heard.every(({ concealed }) => concealed?.kind === 'maintenance')).toBe(true);
  expect(rig.open()).toMatchObject([{ alarmState: 'suppressed', state: 'active' }]);
  const told = rig.heard.length;
  await rig.restart();
  rig.pass(5_000);
  expect(rig.heard).toHaveLength(told);
  rig.maintained.clear();
  rig.pass(5_000);
  expect(rig.heard.at(-1)).toMatchObject({ event: 'revealed', state: 'unacknowledged', stands: true });
});

it('reads the records of earlier versions', async () => {
  const rig = new AlarmRig();
  const old = { kind: 'alarm', severity: 'high', source: 'z1', atMs: 5 } as const;
  const reason = { key: 'leak', figures: { acknowledgedBy: 'Sáu', flowLitresPerMinute: 5 } };
  rig.records.push(
    { ...old, alarmId: 'a', state: 'active', reason: { key: 'leak', figures: {} } },
    { ...old, alarmId: 'b', state: 'cleared', reason: { key: 'no_flow', figures: {} } },
    { ...old, alarmId: 'a', state: 'acknowledged', reason },
  );
  await rig.restart();
  expect(rig.open()).toMatchObject([{ alarmId: 'a', state: 'acknowledged' }]);
  expect(rig.alarms.current()).toMatchObject([{ state: 'acknowledged', acknowledged: { by: 'Sáu' } }]);
  rig.alarms.clear('z1', 'leak');
  expect(rig.records.at(-1)).toMatchObject({ alarmId: 'a', state: 'cleared', reason });
});
