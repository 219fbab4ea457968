import { familyOf, twoZones } from './farms.ts';
import { atDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';

const given = { farm: twoZones, own: { program: atDawn }, length: 'PT3H' } as const;

/** Meters that do not tell how much runs. */
export const meters: readonly FarmScenario[] = [
  {
    name: 'meter-dead',
    title: 'A meter stands still in a run',
    ...given,
    faults: [{ fault: 'meter-dead', at: 'PT15M7S', target: 'valve-n1' }],
    expect: {
      litres: { n1: [200, 450], n2: [1_000, 1_300] },
      alarms: ['n1 valve_lies_open'],
      locked: ['n1'],
      isMeterWrong: true,
    },
  },
  {
    name: 'meter-times-ten',
    title: 'A meter counts ten times too much',
    ...given,
    faults: [{ fault: 'meter-factor', at: 'PT5M', target: 'valve-n1', factor: 10 }],
    expect: {
      litres: { n1: [20, 120], n2: [1_000, 1_300] },
      alarms: ['n1 flow_too_high'],
      locked: ['n1'],
      isMeterWrong: true,
    },
  },
  {
    name: 'meter-of-another-unit',
    title: 'A meter counts gallons (0.26 of the litres)',
    ...given,
    faults: [{ fault: 'meter-factor', at: 'PT5M', target: 'valve-n1', factor: 0.264 }],
    expect: {
      litres: { n1: [20, 150], n2: [1_000, 1_300] },
      alarms: ['n1 no_flow'],
      locked: ['n1'],
      isMeterWrong: true,
    },
  },
  {
    name: 'meter-silent',
    title: 'The meter beside a Shelly says nothing any more',
    farm: familyOf('shelly'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [{ fault: 'sensor-dead', at: 'PT15M7S', target: 'meter-shelly' }],
    expect: { litres: { shelly: [350, 500] }, alarms: ['shelly meter_silent'], locked: ['shelly'] },
  },
  {
    name: 'meter-and-valve-silent',
    title: 'The meter and the valve fall silent together, for an hour',
    farm: familyOf('shelly'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [
      { fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'meter-shelly' },
      { fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'valve-shelly' },
    ],
    // It is the radio, which nobody has to unlock; the lease has closed the valve.
    expect: { litres: { shelly: [350, 1_300] }, alarms: ['shelly valve_silent'] },
  },
  {
    name: 'no-meter',
    title: 'A valve without a meter, watered all the same: unproven',
    length: 'PT3H',
    farm: {
      ...familyOf('shelly'),
      devices: familyOf('shelly').devices.filter(({ kind }) => kind !== 'flow_meter'),
    },
    own: { program: { ...atDawn, allowUnproven: true } },
    expect: { litres: { shelly: [780, 840] } },
  },
];
