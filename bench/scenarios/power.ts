import { familyOf, oneZone, twoZones } from './farms.ts';
import { atDawn, byNeed } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { closedAlone, flagged, interrupted } from './traces.ts';

const given = { farm: twoZones, own: { program: atDawn }, length: 'PT3H' } as const;

const both = { n1: [1_150, 1_400], n2: [950, 1_150] } as const;

/** Power that goes and comes, and clocks that are wrong. */
export const power: readonly FarmScenario[] = [
  {
    name: 'gateway-off-in-a-run',
    title: 'The gateway loses its power in a run for half an hour',
    ...given,
    faults: [{ fault: 'gateway-power-cut', at: 'PT15M7S', for: 'PT30M' }],
    expect: {
      litres: both,
      starts: { n1: [2, 2], n2: [2, 2] },
      traces: [closedAlone('n1'), closedAlone('n2')],
    },
  },
  {
    name: 'gateway-power-flicker',
    title: 'The gateway loses its power for a minute in a run',
    ...given,
    faults: [{ fault: 'gateway-power-cut', at: 'PT20M7S', for: 'PT1M' }],
    expect: {
      litres: both,
      starts: { n1: [2, 2], n2: [2, 2] },
      traces: [interrupted('n1'), interrupted('n2')],
    },
  },
  {
    name: 'farm-power-cut',
    title: 'The whole farm loses its power in a run',
    ...given,
    faults: [{ fault: 'farm-power-cut', at: 'PT20M7S', for: 'PT10M' }],
    expect: {
      litres: both,
      starts: { n1: [2, 2], n2: [2, 2] },
      traces: [closedAlone('n1'), closedAlone('n2')],
    },
  },
  {
    name: 'power-cut-tasmota',
    title: 'Power comes back to a Tasmota valve that was open',
    farm: familyOf('tasmota'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [{ fault: 'farm-power-cut', at: 'PT20M7S', for: 'PT10M' }],
    expect: { litres: { tasmota: [450, 650] }, traces: [closedAlone('tasmota')] },
    fallsShort: 'nobody knows how much ran (the meter was off too), so the rest is not made up',
  },
  {
    name: 'power-cut-zigbee',
    title: 'A Zigbee valve is open through a power cut of the farm',
    farm: familyOf('zigbee'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [{ fault: 'farm-power-cut', at: 'PT15M7S', for: 'PT5M' }],
    expect: { litres: { zigbee: [760, 840] }, traces: [interrupted('zigbee')] },
  },
  {
    name: 'power-cut-zigbee-long',
    title: 'A Zigbee valve closes by itself in a power cut of the farm',
    farm: familyOf('zigbee'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [{ fault: 'farm-power-cut', at: 'PT15M7S', for: 'PT40M' }],
    expect: { litres: { zigbee: [760, 840] }, traces: [closedAlone('zigbee')] },
  },
  {
    name: 'power-cut-lora',
    title: 'A LoRaWAN valve is open through a power cut of the farm',
    farm: familyOf('lora'),
    own: { program: atDawn },
    length: 'PT3H',
    faults: [{ fault: 'farm-power-cut', at: 'PT25M', for: 'PT5M' }],
    expect: { litres: { lora: [760, 840] }, traces: [interrupted('lora')] },
  },
  {
    name: 'clock-1970-by-clock',
    title: "The gateway's clock shows 1970: a program by the clock waits for the time",
    ...given,
    faults: [{ fault: 'gateway-clock-reset', at: 'PT5M', for: 'PT1H' }],
    expect: { litres: both, reasons: ['program_clock_untrusted'] },
  },
  {
    name: 'clock-1970-in-a-run',
    title: "The gateway's clock falls to 1970 in a run",
    ...given,
    faults: [{ fault: 'gateway-clock-reset', at: 'PT15M7S', for: 'PT1H' }],
    expect: { litres: both, traces: [flagged('clockUncertain', 100)] },
  },
  {
    name: 'clock-1970-by-need',
    title: 'Without a clock for three days a program by need goes on',
    farm: oneZone({ firstMoisture: 0.21 }),
    own: { program: byNeed },
    length: 'P6D',
    tickSeconds: 10,
    faults: [{ fault: 'gateway-clock-reset', at: 'P1D', for: 'P3D' }],
    expect: { litres: { z1: [12_000, 20_000] }, traces: [flagged('clockUncertain', 1_000)] },
  },
  {
    name: 'device-clocks-1970',
    title: 'The clocks of all devices show 1970',
    ...given,
    faults: [{ fault: 'device-clock-reset', at: 'PT5M' }],
    expect: { litres: both, alarms: ['well tank_unknown'], traces: [flagged('deviceTimeInvalid', 500)] },
    fallsShort: "the tank's level counts for nothing either: after half an hour the pump stops",
  },
];
