import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Farm, farmProblems, type Zone } from '../../farm/layout.ts';
import type { Source } from './schema.ts';

const well: Source = {
  ...{ id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 80 },
  pump: { valve: 'pump-1' },
};

function problems(source: object, zone: Partial<Zone> = {}): string[] {
  const farm: Farm = { ...demoFarm(), sources: [{ ...well, ...source } as Source] };
  Object.assign(farm.plots[0]?.zones[0] ?? {}, { source: 'well' }, zone);
  return farmProblems(farm);
}

it('a pump, a master valve and a tank are part of a farm', () => {
  expect(
    problems({
      pump: { valve: { family: 'tasmota', device: 'pump_house', output: 2 }, leadSeconds: 5 },
      masterValve: { valve: 'master-1' },
      tank: { device: 'tank-1', stopPercent: 15, resumePercent: 30 },
      pressure: { device: 'p-1', minKilopascals: 150, maxKilopascals: 400 },
      together: [['a1']],
    }),
  ).toEqual([]);
});

it.each([
  ['no flow', { maxFlowLitresPerMinute: undefined }, {}, 'sources[0].maxFlowLitresPerMinute must be number'],
  ['a field nobody knows', { flush: true }, {}, 'sources[0].flush is not known'],
  [
    'a master valve that waits',
    { masterValve: { valve: 'master-1', leadSeconds: 30 } },
    {},
    'sources[0].masterValve.leadSeconds is not known, remove it',
  ],
  ['a flow that is none', { maxFlowLitresPerMinute: -1 }, {}, 'sources[0].maxFlowLitresPerMinute'],
  [
    'a tank that stops above where it starts',
    { tank: { device: 't', stopPercent: 40, resumePercent: 30 } },
    {},
    'sources[0].tank.stopPercent must be below resumePercent (30)',
  ],
  [
    'a filter that would never be flushed',
    { filter: { valve: 'flush-1' } },
    {},
    'sources[0].filter needs everyLitres or difference',
  ],
  [
    'a filter with one gauge',
    {
      filter: {
        valve: 'flush-1',
        difference: { before: { device: 'g' }, after: { device: 'g' }, maxKilopascals: 40 },
      },
    },
    {},
    'sources[0].filter.difference.after is the same gauge as before',
  ],
  [
    'a filter whose valve is the pump',
    { filter: { valve: 'pump-1', everyLitres: 1_000 } },
    {},
    "sources[0].filter.valve and sources[0].pump.valve have the same valve 'pump-1'",
  ],
  [
    'a flush valve that takes no duration',
    {
      filter: {
        valve: { family: 'esphome', device: 'node', output: 'flush', cutOffSeconds: 60 },
        everyLitres: 1_000,
      },
    },
    {},
    'sources[0].filter.valve',
  ],
  [
    'a flush without end',
    { filter: { valve: 'flush-1', everyLitres: 1_000, flushSeconds: 3_600 } },
    {},
    'sources[0].filter.flushSeconds must be <= 300',
  ],
  [
    'a pressure band upside down',
    { pressure: { device: 'p', minKilopascals: 400, maxKilopascals: 150 } },
    {},
    'sources[0].pressure.minKilopascals must be below maxKilopascals (150)',
  ],
  [
    'a pump that takes no duration',
    { pump: { valve: { family: 'esphome', device: 'node', output: 'pump', cutOffSeconds: 600 } } },
    {},
    'sources[0].pump.valve is a node of ESPHome',
  ],
  [
    'a pump that counts minutes',
    {
      pump: { valve: { family: 'zigbee2mqtt', device: 'z2m.plug', onTimeUnitSeconds: 60 } },
    },
    {},
    'sources[0].pump.valve can stop by itself only after whole steps of 60 s',
  ],
  [
    'a pump that cannot run as long as its zones are watered',
    { pump: { valve: { family: 'zigbee2mqtt', device: 'z2m.plug' } } },
    { maxRunSeconds: 7_200 },
    'plots[0].zones[0].maxRunSeconds must be at most 6553',
  ],
  [
    'a pump of LoRaWAN that is said to be quick',
    {
      pump: {
        valve: {
          ...{ family: 'chirpstack', device: 'bridge.p', application: '1', devEui: '0101010101010101' },
          ...{ fPort: 85, open: 'ff{seconds:u24le}', close: 'ff00', answerSeconds: 30 },
        },
      },
    },
    {},
    'sources[0].pump.valve is a node of LoRaWAN',
  ],
  [
    'a pump that would only start when it must stop',
    { pump: { valve: 'pump-1', lagSeconds: 600 } },
    { maxRunSeconds: 600 },
    'plots[0].zones[0].maxRunSeconds must be at least 678 behind the pump',
  ],
  [
    'an opening that is over before the pump starts',
    { pump: { valve: 'pump-1', leadSeconds: 120 } },
    { leaseSeconds: 60 },
    'plots[0].zones[0].leaseSeconds must be at least 198 behind the pump',
  ],
  [
    'a pump that hears us in twenty minutes',
    { pump: { valve: { family: 'zigbee2mqtt', device: 'z2m.plug', answerSeconds: 1_200 } } },
    {},
    'sources[0].pump.valve may take 1200 s to answer',
  ],
  [
    'a family nobody knows',
    { pump: { valve: { family: 'x' } } },
    {},
    'sources[0].pump.valve.family must be one of',
  ],
  ['one valve twice', { pump: { valve: 'valve-a1' } }, {}, "have the same valve 'valve-a1'"],
  ['the name of a zone', { id: 'a1' }, { source: 'a1' }, 'plots[0].zones[0].id is also that of a source'],
  ['a zone of another source', { together: [['a1', 'b1']] }, {}, "sources[0].together names 'b1'"],
  ['a zone that names another source', {}, { source: 'lake' }, "plots[0].zones[0].source names 'lake'"],
  ['a zone that takes more than there is', { maxFlowLitresPerMinute: 20 }, {}, 'it would never be watered'],
  [
    'a zone that is watered for a minute',
    {},
    { maxRunSeconds: 60, runSeconds: 60 },
    'maxRunSeconds must be at least 120',
  ],
])('says what is wrong, where, and what to do: %s', (_what, source, zone, words) => {
  expect(problems(source, zone).join('; ')).toContain(words);
});
