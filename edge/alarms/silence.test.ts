import type { AlarmRecord, Reading } from '@nongtin/broker/wire';
import { seriesTimeNs } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it } from 'vitest';

import { demoFarm } from '../farm/demo.ts';
import type { Farm } from '../farm/layout.ts';
import { Health } from '../health/health.ts';
import { Alarms } from './alarms.ts';
import { causeTree, isCause } from './cause-tree.ts';
import { SilenceWatch } from './silence.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function watched(demo = false) {
  const clock = { passed: 0, nowMs: () => NOW + clock.passed, monotonicMs: () => 5_000 + clock.passed };
  const health = new Health({ clock });
  let ids = 0;
  const journal = { appendRecord: async () => 1, records: async () => [] };
  const alarms = new Alarms({
    ...{ journal, clock, newId: () => String(++ids), onAlarm: () => {} },
    logger: pino({ enabled: false }),
    causes: { isCause, isBehind: (effect, cause) => causeTree(farm).isBehind(effect, cause) },
  });
  let farm: Farm = { ...demoFarm(), farmDevices: ['weather'] };
  const tree = () => causeTree(farm);
  const watch = new SilenceWatch({ farm: () => farm, tree, health, alarms, clock, demo });
  const say = (device: string) => {
    const reading: Reading = {
      ...{ metric: 'soil_moisture', device, channel: '', value: 0.2, quality: 0 },
      ...{ receivedAtMs: clock.nowMs(), timeNs: seriesTimeNs(clock.nowMs(), 1) },
    };
    health.onReadings([reading], 0, 'json');
  };
  return {
    say,
    pass: (ms: number) => {
      for (let left = ms; left > 0; left -= 10 * MINUTE) {
        clock.passed += Math.min(left, 10 * MINUTE);
        watch.look();
        alarms.look();
      }
    },
    /** For so many hours, once every so many minutes. */
    speaks(device: string, hours: number, everyMinutes: number) {
      for (let n = 0; n < (hours * 60) / everyMinutes; n++) {
        say(device);
        this.pass(everyMinutes * MINUTE);
      }
    },
    replace: (next: Partial<Farm>) => {
      farm = { ...farm, ...next };
    },
    told: () =>
      alarms
        .list()
        .filter(({ state, source }: AlarmRecord) => state !== 'cleared' && source !== 'nobody')
        .map(({ source, reason }) => [source, reason.key, reason.figures.sinceAtMs]),
  };
}

it('a probe that falls silent is told with the time of its last word, and taken back when it speaks', () => {
  const farm = watched(true);
  farm.speaks('soil-a1', 30, 15);
  const lastAtMs = NOW + 30 * HOUR - 15 * MINUTE;
  farm.pass(40 * MINUTE);
  expect(farm.told()).toEqual([]);
  farm.pass(20 * MINUTE);
  expect(farm.told()).toEqual([['soil-a1', 'sensor_silent', lastAtMs]]);
  farm.say('soil-a1');
  farm.pass(MINUTE);
  expect(farm.told()).toEqual([]);
});

it('a sensor that reports only what changes is not missed for being silent by night, in its first one neither', () => {
  const farm = watched(true);
  for (let day = 0; day < 4; day++) {
    farm.speaks('weather', 18.5, 2);
    farm.pass(5.5 * HOUR);
    expect(farm.told()).toEqual([]);
  }
});

it('one that speaks once a day is missed after three', () => {
  const farm = watched(true);
  farm.speaks('weather', 24 * 5, 24 * 60);
  farm.pass(47 * HOUR);
  expect(farm.told()).toEqual([]);
  farm.pass(2 * HOUR);
  expect(farm.told()).toHaveLength(1);
});

it('what nobody has heard since the start is missed after a day, but not where devices are only named', () => {
  const farm = watched();
  farm.pass(24 * HOUR);
  expect(farm.told()).toEqual([]);
  farm.pass(10 * MINUTE);
  expect(farm.told()).toContainEqual(['soil-b3', 'sensor_silent', NOW]);
  const demo = watched(true);
  demo.pass(50 * HOUR);
  expect(demo.told()).toEqual([]);
});

it('the gauges that guard a pump are missed too', () => {
  const farm = watched();
  const [before, after] = [{ device: 'before' }, { device: 'after' }];
  const gauges = {
    pressure: { device: 'pressure', minKilopascals: 150, maxKilopascals: 400 },
    tank: { device: 'tank', stopPercent: 15, resumePercent: 30 },
    filter: { valve: 'flush-1', difference: { before, after, maxKilopascals: 40 } },
  };
  farm.replace({ sources: [{ id: 'well', name: 'well', maxFlowLitresPerMinute: 80, ...gauges }] });
  const devices = ['tank', 'pressure', 'before', 'after'];
  for (let n = 0; n < 120; n++) {
    for (const device of devices.slice(0, 3)) farm.say(device);
    farm.pass(15 * MINUTE);
  }
  const told = () => farm.told().filter(([, key]) => key === 'gauge_silent');
  expect(told(), 'one has never spoken').toEqual([['after', 'gauge_silent', NOW]]);
  farm.pass(3 * HOUR);
  expect(told().map(([device]) => device)).toEqual(expect.arrayContaining(devices));
  for (const device of devices) farm.say(device);
  farm.pass(MINUTE);
  expect(told()).toEqual([]);
  farm.pass(7 * HOUR);
  farm.replace({ sources: [] });
  farm.pass(MINUTE);
  expect(told()).toEqual([]);
});

it('a sensor that has lost its place is missed no more', () => {
  const farm = watched(true);
  farm.speaks('weather', 30, 15);
  farm.pass(3 * HOUR);
  expect(farm.told()).toHaveLength(1);
  farm.replace({ farmDevices: [] });
  farm.pass(MINUTE);
  expect(farm.told()).toEqual([]);
});
