import { fourFamilies } from '../../firmware-sim/farms/four-families.ts';
import type { FarmSpec } from '../../firmware-sim/index.ts';
import { familyOf, withoutPump } from './farms.ts';
import { atDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { closedAlone, learntLate } from './traces.ts';

const inLeases = { zone: { leaseSeconds: 240 }, zigbeeRenews: true } as const;
const deaf: FarmSpec = {
  ...familyOf('zigbee'),
  devices: familyOf('zigbee').devices.map((device) =>
    device.id === 'valve-zigbee' && device.kind === 'valve'
      ? { ...device, settings: { renews: false } }
      : device,
  ),
};
const dawn = { own: { program: atDawn }, length: 'PT3H' } as const;

/** Valves of every family. */
export const families: readonly FarmScenario[] = [
  {
    name: 'all-families',
    title: 'A valve of each family in a morning without faults',
    length: 'PT5H',
    farm: withoutPump(fourFamilies),
    own: { program: atDawn },
    expect: { litres: { tasmota: [760, 840], shelly: [760, 840], zigbee: [760, 840], lora: [760, 840] } },
  },
  {
    name: 'long-runs',
    title: 'Twenty minutes in leases of four, where a family takes them',
    length: 'PT5H',
    farm: withoutPump(fourFamilies),
    own: { program: atDawn, ...inLeases },
    expect: { litres: { tasmota: [760, 840], shelly: [760, 840], zigbee: [760, 840], lora: [760, 840] } },
  },
  {
    name: 'shelly-gateway-dies',
    title: 'The gateway dies in a long run of a Shelly: its lease closes it',
    farm: familyOf('shelly'),
    own: { program: atDawn, ...inLeases },
    length: 'PT3H',
    faults: [{ fault: 'gateway-power-cut', at: 'PT15M7S' }],
    // Five minutes until then, and what was left of the lease; nobody is there to record it.
    expect: {
      litres: { shelly: [200, 380] },
      longestOpenSeconds: 600,
      isMeterWrong: true,
      traces: [closedAlone('shelly')],
    },
  },
  {
    name: 'zigbee-without-renewal',
    title: 'A Zigbee valve that is said to renew, and does not',
    farm: deaf,
    own: { program: atDawn, ...inLeases },
    length: 'PT3H',
    expect: { litres: { zigbee: [600, 840] }, longestOpenSeconds: 300 },
    fallsShort:
      'each run ends when its lease does; the program makes up for most of it, and nobody is told why',
  },
  {
    name: 'tasmota-wifi-loss',
    title: 'A Tasmota valve loses its Wi-Fi in a run',
    ...dawn,
    farm: familyOf('tasmota'),
    faults: [{ fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'valve-tasmota' }],
    expect: {
      litres: { tasmota: [750, 850] },
      alarms: ['canal source_silent', 'tasmota valve_silent'],
    },
  },
  {
    name: 'shelly-stuck-open',
    title: 'A Shelly relay welds: it says off, and water flows',
    ...dawn,
    farm: familyOf('shelly'),
    faults: [{ fault: 'valve-stuck-open', at: 'PT15M7S', target: 'valve-shelly' }],
    expect: {
      litres: { shelly: [800, 9_000] },
      alarms: ['shelly valve_lies_closed'],
      locked: ['shelly'],
      openAtEnd: ['shelly'],
      longestOpenSeconds: 11_000,
      isMeterWrong: true,
    },
  },
  {
    name: 'shelly-stuck-closed',
    title: 'A Shelly relay that does not move: it says on',
    ...dawn,
    farm: familyOf('shelly'),
    faults: [{ fault: 'valve-stuck-closed', at: 'PT5M', target: 'valve-shelly' }],
    expect: {
      litres: { shelly: [0, 0] },
      alarms: ['shelly no_flow'],
      locked: ['shelly'],
    },
  },
  {
    name: 'zigbee-late',
    title: 'A Zigbee valve whose messages come five seconds late',
    ...dawn,
    farm: familyOf('zigbee'),
    faults: [{ fault: 'messages-late', at: 'PT2M', target: 'valve-zigbee', seconds: 5 }],
    expect: { litres: { zigbee: [760, 840] }, traces: [learntLate('zigbee', 5)] },
  },
  {
    name: 'lora-gateway-cut',
    title: 'A LoRaWAN valve closes by itself while the gateway is off',
    ...dawn,
    farm: familyOf('lora'),
    faults: [{ fault: 'gateway-power-cut', at: 'PT25M', for: 'PT10M' }],
    expect: { litres: { lora: [760, 840] }, traces: [closedAlone('lora')] },
  },
];
