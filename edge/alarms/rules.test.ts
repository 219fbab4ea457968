import { quality, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { type Farm, farmProblems } from '../farm/layout.ts';
import { AlarmRig, MINUTE } from './rig.suite.ts';
import type { AlarmCondition } from './rule-schema.ts';
import { RuleWatch, verdictOf } from './rules.ts';

const hot: AlarmCondition = {
  ...{ id: 'hot', metric: 'air_temperature', device: 'weather', comparison: 'above', limit: 35 },
  ...{ deadBand: 2, priority: 'high', text: 'Nắng nóng' },
};

function ruledFarm(...alarms: AlarmCondition[]) {
  const rig = new AlarmRig();
  const watch = new RuleWatch({ alarms: rig.alarms });
  const farm: Farm = { ...demoFarm(), alarms };
  watch.follow(farm);
  return {
    ...{ rig, watch, farm },
    say(value: number, { device = 'weather', channel = '', bits = 0, metric = hot.metric } = {}) {
      const atMs = rig.clock.nowMs();
      const reading: Reading = {
        ...{ metric: metric as Reading['metric'], device, channel, value, quality: bits, receivedAtMs: atMs },
        timeNs: seriesTimeNs(atMs, 1),
      };
      watch.onReadings([reading]);
    },
  };
}

it('says which rule and which readings have made it an alarm', () => {
  const farm = ruledFarm({ ...hot, onDelaySeconds: 600 });
  farm.say(36);
  farm.rig.pass(10 * MINUTE - 5_000);
  farm.say(37.5);
  expect(farm.rig.open()).toEqual([]);
  farm.rig.pass(5_000);
  expect(farm.rig.open()).toMatchObject([
    {
      ...{ source: 'weather', severity: 'high', alarmState: 'unacknowledged' },
      reason: { key: 'condition_above', figures: { text: 'Nắng nóng', value: 37.5, limit: 35, unit: '°C' } },
      rule: {
        ...{ id: 'hot', metric: 'air_temperature', limit: 35, deadBand: 2, onDelaySeconds: 600 },
        readings: [{ device: 'weather', value: 36 }, { value: 37.5 }],
      },
    },
  ]);
});

it('is over when the reading is back by the dead band', () => {
  const farm = ruledFarm(hot);
  const state = () => farm.rig.of('weather', 'hot')?.state;
  farm.say(36);
  farm.say(34);
  expect(state()).toBe('active');
  farm.say(33);
  expect(state()).toBe('cleared');
});

it('is never raised, cleared or kept waiting by a reading that is flagged', () => {
  const farm = ruledFarm(hot, { ...hot, id: 'long', onDelaySeconds: 600 });
  for (const bits of [quality.outOfRange, quality.jump, quality.flatLine, quality.late])
    farm.say(60, { bits });
  expect(farm.rig.open()).toEqual([]);
  farm.say(36);
  farm.say(20, { bits: quality.jump });
  expect(farm.rig.of('weather', 'hot')?.state).toBe('active');
  farm.rig.pass(15 * MINUTE);
  expect(farm.rig.of('weather', 'long'), 'what was in between nobody knows').toBeUndefined();
});

it('is about each device of a zone or a plot, and each channel, by itself', () => {
  const dry = { ...hot, metric: 'soil_moisture', comparison: 'below', limit: 0.1, deadBand: 0.02 } as const;
  const { device: _, ...anywhere } = dry;
  const farm = ruledFarm(
    { ...anywhere, id: 'zone', zone: 'a1' },
    { ...anywhere, id: 'plot', plot: 'plot-a' },
  );
  const say = (device: string, channel = '') => farm.say(0.05, { device, channel, metric: 'soil_moisture' });
  say('soil-a1');
  say('soil-a2', '30 cm');
  say('soil-b1');
  say('weather');
  const raised = farm.rig.open().map(({ source, point }) => `${source} ${point}`);
  expect(raised.sort()).toEqual(['soil-a1 plot', 'soil-a1 zone', 'soil-a2 plot/30 cm']);
});

it('is over when its rule is gone or another one, and stays where only its limit was changed', async () => {
  const farm = ruledFarm(hot, { ...hot, id: 'gone' }, { ...hot, id: 'turned' });
  farm.say(36);
  await farm.rig.restart();
  const watch = new RuleWatch({ alarms: farm.rig.alarms });
  watch.follow({
    ...farm.farm,
    alarms: [
      { ...hot, limit: 30 },
      { ...hot, id: 'turned', comparison: 'below' },
    ],
  });
  const standing = farm.rig.open().filter(({ state }) => state !== 'cleared');
  expect(standing).toMatchObject([{ point: 'hot' }]);
});

it('a value is never on and off of one rule, and a dead band keeps it as it is', () => {
  const value = fc.double({ min: -50, max: 50, noNaN: true });
  const deadBand = fc.double({ min: 0, max: 20, noNaN: true });
  fc.assert(
    fc.property(value, value, deadBand, fc.constantFrom('above', 'below'), (limit, one, band, comparison) => {
      const verdict = verdictOf({ comparison, limit, deadBand: band }, one);
      const beyond = comparison === 'above' ? one > limit : one < limit;
      expect(verdict === 'on').toBe(beyond);
      const mirrored = verdictOf(
        { comparison: comparison === 'above' ? 'below' : 'above', limit: -limit, deadBand: band },
        -one,
      );
      expect(mirrored).toBe(verdict);
    }),
  );
});

it('what is wrong with a rule is said by field, with the remedy', () => {
  const problems = (alarm: object) => farmProblems({ ...demoFarm(), alarms: [alarm] });
  expect(problems(hot)).toEqual([]);
  expect(problems({ ...hot, zone: 'a1' })[0]).toMatch(/alarms\[0\] must name one of device, zone and plot/);
  expect(problems({ ...hot, metric: 'heat' })[0]).toMatch(
    /alarms\[0\]\.metric 'heat' is not known: take one of/,
  );
  expect(problems({ ...hot, limit: 90 })[0]).toMatch(
    /alarms\[0\]\.limit 90 is outside of what air_temperature can be/,
  );
  expect(problems({ ...hot, priority: 'urgent' })[0]).toMatch(/alarms\[0\]\.priority/);
  expect(problems({ ...hot, colour: 'red' })[0]).toMatch(/alarms\[0\]\.colour is not known, remove it/);
  const { device: _, ...anywhere } = hot;
  expect(problems({ ...anywhere, plot: 'plot-z' })[0]).toMatch(
    /alarms\[0\]\.plot 'plot-z' is no plot of the farm/,
  );
  expect(farmProblems({ ...demoFarm(), alarms: [hot, hot] })[0]).toMatch(
    /alarms\[1\]\.id 'hot' is there twice/,
  );
  expect(farmProblems({ ...demoFarm(), supplies: [{ id: 'x', name: 'x', devices: [] }] })[0]).toMatch(
    /supplies\[0\]\.devices/,
  );
});

it('a delay that runs ends with its rule, and with another limit begins anew', () => {
  const long = { ...hot, onDelaySeconds: 600 };
  const farm = ruledFarm(long, { ...long, id: 'gone' });
  farm.say(36);
  farm.rig.pass(9 * MINUTE);
  farm.watch.follow({ ...farm.farm, alarms: [{ ...long, limit: 35.5 }] });
  farm.say(36);
  farm.rig.pass(9 * MINUTE);
  expect(farm.rig.open()).toEqual([]);
  farm.rig.pass(MINUTE);
  expect(farm.rig.open()).toMatchObject([{ point: 'hot' }]);
});
