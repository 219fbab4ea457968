import { twoZones } from './farms.ts';
import { atDawn, dawnAndDusk } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { wasOpen } from './traces.ts';

const given = { farm: twoZones, own: { program: dawnAndDusk }, length: 'PT13H' } as const;

/** What breaks where water runs. */
export const pipes: readonly FarmScenario[] = [
  {
    name: 'pipe-bursts',
    title: 'A pipe of zone 1 bursts while it is watered',
    ...given,
    faults: [{ fault: 'pipe-burst', at: 'PT15M7S', target: 'n1', litresPerMinute: 90 }],
    expect: {
      litres: { n1: [250, 400], n2: [2_300, 2_600] },
      alarms: ['n1 flow_too_high'],
      locked: ['n1'],
      burstLitres: 30,
    },
  },
  {
    name: 'main-bursts',
    title: 'The main bursts while it delivers; its pressure falls',
    ...given,
    faults: [{ fault: 'main-burst', at: 'PT15M7S', target: 'well', litresPerMinute: 300 }],
    expect: {
      litres: { n1: [250, 400], n2: [250, 400] },
      alarms: ['well pressure_too_low'],
      locked: ['well'],
      burstLitres: 300,
    },
  },
  {
    name: 'valve-stuck-closed',
    title: 'A valve does not open; its position switch says so',
    ...given,
    faults: [{ fault: 'valve-stuck-closed', at: 'PT5M', target: 'valve-n1' }],
    expect: { litres: { n1: [0, 0], n2: [2_000, 2_800] }, alarms: ['n1 valve_no_answer'] },
  },
  {
    name: 'valve-stuck-open',
    title: 'A valve stays open; pump and master valve keep water from it',
    ...given,
    faults: [{ fault: 'valve-stuck-open', at: 'PT15M7S', target: 'valve-n1' }],
    expect: {
      litres: { n1: [1_100, 1_400], n2: [900, 1_200] },
      alarms: ['n1 valve_does_not_close'],
      locked: ['n1'],
      openAtEnd: ['n1'],
      longestOpenSeconds: 50_000,
      reasons: ['source_zone_open'],
    },
  },
  {
    name: 'lying-closed',
    title: 'A valve says that it opens, and does not move',
    ...given,
    faults: [{ fault: 'valve-lies', at: 'PT5M', target: 'valve-n1' }],
    expect: {
      litres: { n1: [0, 0], n2: [2_000, 2_800] },
      alarms: ['n1 valve_lies_open'],
      locked: ['n1'],
      deadHeadSeconds: 2,
    },
  },
  {
    name: 'lying-open',
    title: 'A valve says that it closes, and does not move',
    ...given,
    faults: [{ fault: 'valve-lies', at: 'PT15M7S', target: 'valve-n1' }],
    expect: {
      litres: { n1: [1_100, 1_400], n2: [900, 1_200] },
      alarms: ['n1 valve_lies_closed'],
      locked: ['n1'],
      openAtEnd: ['n1'],
      longestOpenSeconds: 50_000,
    },
  },
  {
    name: 'valve-leaks',
    title: 'A valve leaks when it is closed; the master valve stops it',
    ...given,
    faults: [{ fault: 'valve-leaking', at: 'PT15M7S', target: 'n1', litresPerMinute: 8 }],
    expect: {
      litres: { n1: [1_100, 1_500], n2: [800, 1_300] },
      alarms: ['n1 leak'],
      locked: ['n1'],
      leakedLitres: 20,
    },
  },
  {
    name: 'lease-timer-lost',
    title: 'A valve does not close by itself while the gateway is off: it is told to when that is back',
    ...given,
    faults: [
      { fault: 'lease-timer-lost', at: 'PT5M', target: 'valve-n1' },
      { fault: 'gateway-power-cut', at: 'PT15M7S', for: 'PT30M' },
    ],
    // Its lease of 15 minutes did not close it; the pump's lease did keep the water away.
    expect: { litres: { n1: [2_200, 2_800], n2: [1_800, 2_300] }, traces: [wasOpen('n1', 2_100)] },
  },
  {
    name: 'lines-clogged',
    title: 'Drip lines give a third of their flow',
    ...given,
    faults: [{ fault: 'drip-clogged', at: 'PT5M', target: 'n1', flowFactor: 0.3, uniformity: 0.5 }],
    expect: {
      litres: { n1: [5, 50], n2: [2_300, 2_700] },
      alarms: ['n1 no_flow'],
      locked: ['n1'],
    },
  },
  {
    name: 'clogged-lines-by-volume',
    title: 'Half-clogged lines get their litres, in more time',
    farm: twoZones,
    length: 'PT4H',
    own: {
      program: { id: 'litres', kind: 'volume', litres: 1_000, starts: [{ at: '05:10' }] },
      zone: { minFlowLitresPerMinute: 15 },
    },
    faults: [{ fault: 'drip-clogged', at: 'PT5M', target: 'n1', flowFactor: 0.6, uniformity: 0.6 }],
    expect: { litres: { n1: [950, 1_100], n2: [950, 1_100] }, traces: [wasOpen('n1', 1_200)] },
  },
  {
    name: 'plain-morning',
    title: 'One run of each zone; nothing goes wrong',
    farm: twoZones,
    own: { program: atDawn },
    length: 'PT4H',
    expect: { litres: { n1: [1_200, 1_400], n2: [1_000, 1_150] }, starts: { n1: [1, 1], n2: [1, 1] } },
  },
];
