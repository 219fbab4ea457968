import { seededRandom } from '@nongtin/service';
import { expect, it } from 'vitest';
import { AlarmRig, MINUTE } from './rig.suite.ts';

const MINUTE_OF_CHANGES = 10_000;

it('ten thousand changes of a hundred conditions in a minute are a bounded list, journal and stream, and end as they are', () => {
  const rig = new AlarmRig();
  const random = seededRandom(7);
  const stands = new Map<string, boolean>();
  for (let n = 0; n < MINUTE_OF_CHANGES; n++) {
    const which = Math.floor(random() * 100);
    const source = `s${which}`;
    const isOn = !(stands.get(source) ?? false);
    stands.set(source, isOn);
    if (isOn) rig.raise(source, which % 2 === 0 ? 'low' : 'high', 'flapping');
    else rig.alarms.clear(source, 'flapping');
    if (n % 100 === 99) rig.pass(600);
  }
  // Of each at most three alarms, two ends, its chattering, and its count once a minute.
  expect(rig.records.length).toBeLessThanOrEqual(100 * 7);
  expect(rig.heard.length).toBeLessThanOrEqual(100 + 60 + 1);
  rig.pass(MINUTE);
  expect(rig.open()).toHaveLength(100);
  expect(rig.open().every(({ chattered = 0 }) => chattered > 10)).toBe(true);
  const before = rig.records.length;
  rig.pass(11 * MINUTE);
  expect(rig.records.length - before).toBeLessThanOrEqual(100 * 3);
  const standing = rig.open().filter(({ state }) => state === 'active');
  const expected = [...stands].filter(([, isOn]) => isOn).map(([source]) => source);
  expect(standing.map(({ source }) => source).sort()).toEqual(expected.sort());
  expect(rig.open().some(({ chattered }) => chattered !== undefined)).toBe(false);
});

it('of ten thousand low conditions some are taken up, and one alarm says that there are more', async () => {
  const rig = new AlarmRig();
  const report = () => {
    for (let n = 0; n < MINUTE_OF_CHANGES; n++) rig.raise(`s${n}`, 'low', 'silent');
  };
  report();
  rig.pass(MINUTE);
  expect(rig.open().length).toBeLessThanOrEqual(2_001);
  expect(rig.records.length).toBeLessThanOrEqual(300 + 120 + 2);
  expect(rig.heard.length).toBeLessThanOrEqual(100 + 60 + 1);
  expect(rig.heard.some(({ source, priority }) => source === 'alarms' && priority === 'high')).toBe(true);
  // A grave one is taken up, written and told all the same.
  rig.raise('z1', 'critical', 'leak');
  expect(rig.records.at(-1)).toMatchObject({ source: 'z1', state: 'active' });
  rig.pass(MINUTE);
  expect(rig.heard.some(({ source }) => source === 'z1')).toBe(true);
  for (let n = 0; n < MINUTE_OF_CHANGES; n++) rig.alarms.clear(`s${n}`, 'silent');
  rig.pass(2 * MINUTE);
  expect(rig.open().filter(({ state }) => state !== 'cleared')).toMatchObject([{ source: 'z1' }]);
});

it('one that stands is found by a restart, however many others have come and gone since', async () => {
  const rig = new AlarmRig();
  rig.raise('z1', 'critical', 'leak');
  for (let n = 0; n < 8_000; n++) {
    rig.raise(`s${n}`, 'high', 'fault');
    rig.alarms.clear(`s${n}`, 'fault');
    await rig.alarms.acknowledge(rig.of(`s${n}`, 'fault')?.alarmId ?? '', 'Sáu');
    if (n % 100 === 0) rig.pass(2 * MINUTE);
  }
  await rig.restart();
  expect(rig.open()).toMatchObject([{ source: 'z1', state: 'active', alarmState: 'unacknowledged' }]);
});
