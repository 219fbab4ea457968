import type { Source } from '../../edge/irrigation/sources/schema.ts';
import { filtered, twoZones } from './farms.ts';
import { atDawn, dawnAndDusk } from './programs.ts';
import type { FarmScenario } from './scenario.ts';

type Filter = NonNullable<Source['filter']>;

const given = { farm: twoZones, own: { program: atDawn }, length: 'PT3H' } as const;

const gauges = { before: { device: 'gauge-1' }, after: { device: 'pressure-1' }, maxKilopascals: 40 };

/** Pumps, tanks, filters, and zones that share them. */
export const sources: readonly FarmScenario[] = [
  {
    name: 'pump-not-starting',
    title: 'The pump stands still, and what drives it shows that',
    ...given,
    faults: [{ fault: 'pump-not-starting', at: 'PT5M', target: 'well' }],
    expect: {
      litres: { n1: [0, 0], n2: [0, 0] },
      alarms: ['well pump_no_answer'],
    },
  },
  {
    name: 'pump-welded-on',
    title: 'A welded contactor: the pump cannot be stopped, and that is told',
    ...given,
    faults: [{ fault: 'pump-not-stopping', at: 'PT15M7S', target: 'well' }],
    expect: {
      litres: { n1: [1_000, 1_500], n2: [850, 1_300] },
      deadHeadSeconds: 9_000,
      alarms: ['well pump_does_not_stop'],
      locked: ['well'],
      openAtEnd: ['well'],
    },
  },
  {
    name: 'tank-dry',
    title: 'The tank runs dry in a run',
    ...given,
    faults: [{ fault: 'tank-dry', at: 'PT15M7S', for: 'PT30M', target: 'well' }],
    expect: {
      litres: { n1: [1_200, 1_400], n2: [950, 1_150] },
      alarms: ['well tank_low'],
      reasons: ['flow_lost', 'source_no_flow'],
      dryRunSeconds: 15,
    },
  },
  {
    name: 'tank-low',
    title: 'The tank is drawn down: watering waits until it is filled again',
    farm: tankOf(2_600, 1_200),
    own: { program: dawnAndDusk },
    length: 'PT15H',
    expect: {
      litres: { n1: [2_300, 2_700], n2: [1_900, 2_300] },
      alarms: ['well tank_low'],
      reasons: ['tank_low'],
    },
  },
  {
    name: 'pressure-drop',
    title: 'A tenth of the pressure is left',
    ...given,
    faults: [{ fault: 'pressure-drop', at: 'PT15M7S', target: 'well', factor: 0.1 }],
    expect: {
      litres: { n1: [250, 400], n2: [200, 350] },
      alarms: ['well source_no_flow'],
      locked: ['well'],
    },
  },
  {
    name: 'filter-by-litres',
    title: 'The filter is flushed every 1,000 litres, while zones are watered',
    farm: filtered,
    own: { program: atDawn, source: flushed({ everyLitres: 1_000 }) },
    length: 'PT3H',
    expect: {
      litres: { n1: [1_100, 1_400], n2: [900, 1_200] },
      flushLitres: [40, 120],
      reasons: ['filter_flushing'],
    },
  },
  {
    name: 'filter-by-pressure',
    title: 'The filter is flushed when it takes 40 kPa',
    length: 'PT3H',
    farm: filtered,
    own: { program: atDawn, source: flushed({ difference: gauges }) },
    expect: {
      litres: { n1: [1_100, 1_400], n2: [900, 1_200] },
      flushLitres: [15, 90],
      reasons: ['filter_flushing'],
    },
  },
  {
    name: 'filter-blocked',
    title: 'The filter is blocked for good: flushed twice, then told',
    length: 'PT3H',
    farm: filtered,
    own: { program: atDawn, source: flushed({ difference: gauges }) },
    faults: [{ fault: 'filter-clogged', at: 'PT5M', target: 'well', factor: 5 }],
    expect: {
      litres: { n1: [800, 1_300], n2: [700, 1_100] },
      alarms: ['well filter_blocked'],
      flushLitres: [20, 60],
    },
  },
  {
    name: 'pump-for-one',
    title: 'The pump gives enough for one zone: they take turns',
    length: 'PT3H',
    farm: twoZones,
    own: { program: atDawn, source: { maxFlowLitresPerMinute: 70 } },
    expect: {
      litres: { n1: [1_400, 1_600], n2: [1_150, 1_350] },
      openAtOnce: 1,
      reasons: ['source_capacity'],
    },
  },
  {
    name: 'hilly-blocks',
    title: 'Blocks of different height may not run together',
    length: 'PT3H',
    farm: twoZones,
    own: { program: atDawn, source: { together: [['n1'], ['n2']] } },
    expect: { litres: { n1: [1_400, 1_600], n2: [1_150, 1_350] }, openAtOnce: 1, reasons: ['source_apart'] },
  },
  {
    name: 'water-turns',
    title: 'Two members share the pump by a timetable',
    length: 'PT8H',
    farm: twoZones,
    own: {
      program: {
        id: 'probe',
        kind: 'soil_moisture',
        openBelowFraction: 0.3,
        targetFraction: 0.4,
        maxSeconds: 1_200,
      },
      waterTurns: [
        {
          id: 'well-turns',
          members: [
            { id: 'tu', name: 'Ông Ba Tư', zones: ['n1'] },
            { id: 'sau', name: 'Bà Sáu', zones: ['n2'] },
          ],
          timetable: [
            { id: 'first', member: 'tu', days: ['tue'], start: '06:00', end: '08:00' },
            { member: 'sau', after: 'first', minutes: 120 },
          ],
        },
      ],
    },
    expect: {
      litres: { n1: [1_400, 1_600], n2: [1_150, 1_350] },
      openAtOnce: 1,
      reasons: ['program_waits_turn'],
    },
  },
];

/** Half a minute each time, five minutes apart, twice at most without success. */
function flushed(when: Partial<Filter>): { readonly filter: Filter } {
  return { filter: { valve: 'flush-1', flushSeconds: 30, minMinutes: 5, tries: 2, ...when } };
}

function tankOf(firstLitres: number, inflowLitresPerHour: number): typeof twoZones {
  return {
    ...twoZones,
    sources: twoZones.sources.map((source) => ({
      ...source,
      tank: { capacityLitres: 12_000, firstLitres, inflowLitresPerHour },
    })),
  };
}
