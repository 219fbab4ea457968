import type { AlarmRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Alarms } from './alarms.ts';

function setup(records: AlarmRecord[] = []) {
  const told: AlarmRecord[] = [];
  let ids = records.length;
  const alarms = new Alarms({
    journal: {
      appendRecord: async (record) => records.push(record),
      records: async () => [...records].reverse(),
    },
    clock: { nowMs: () => 1_000 },
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

it('is in view and acknowledged also while the journal cannot write', async () => {
  const never = () => new Promise<number>(() => {});
  const alarms = new Alarms({
    journal: { appendRecord: never, records: async () => [] },
    clock: { nowMs: () => 1_000 },
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
