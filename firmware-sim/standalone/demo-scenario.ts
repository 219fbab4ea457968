import { demo } from '../farms/demo.ts';
import { siteOf } from '../field/farm-field.ts';
import { localInstantMs, localTime } from '../field/sun.ts';
import { scenarioOf } from '../scenarios/library.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** A time-lapse begins at this local hour: the sun shines, and showers are hours away. */
const TIME_LAPSE_START_HOURS = 8;

/** The demo farm without faults: at speed 1 at the time of day outside, in a time-lapse from eight in the morning. */
export function demoScenario(nowMs: number, speed: number): Scenario {
  const site = siteOf(demo);
  const startMs =
    speed === 1 ? nowMs : localInstantMs(localTime(nowMs, site).day, TIME_LAPSE_START_HOURS, site);
  return scenarioOf({
    format: 'nongtin-scenario-1',
    name: 'demo',
    title: demo.title,
    start: new Date(startMs).toISOString(),
    length: 'P20000D',
    farm: 'demo',
    faults: [],
  });
}
