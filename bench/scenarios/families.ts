import { fourFamilies } from '../../firmware-sim/farms/four-families.ts';
import { familyOf, withoutPump } from './farms.ts';
import { atDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';

const dawn = { own: { program: atDawn }, length: 'PT3H' } as const;

/** Valves of every family. */
export const families: readonly FarmScenario[] = [
  {
    ...{ name: 'four-families', title: 'A valve of each family in a morning without faults', length: 'PT5H' },
    ...{ farm: withoutPump(fourFamilies), own: { program: atDawn } },
    expect: { litres: { tasmota: [760, 840], shelly: [760, 840], zigbee: [760, 840], lora: [760, 840] } },
  },
  {
    ...{ name: 'tasmota-wifi-loss', title: 'A Tasmota valve loses its Wi-Fi in a run', ...dawn },
    farm: familyOf('tasmota'),
    faults: [{ fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'valve-tasmota' }],
    expect: {
      litres: { tasmota: [750, 850] },
      alarms: ['canal source_silent', 'tasmota valve_silent'],
    },
  },
  {
    ...{ name: 'shelly-stuck-open', title: 'A Shelly relay welds: it says off, and water flows', ...dawn },
    farm: familyOf('shelly'),
    faults: [{ fault: 'valve-stuck-open', at: 'PT15M7S', target: 'valve-shelly' }],
    expect: {
      litres: { shelly: [800, 9_000] },
      ...{ alarms: ['shelly valve_lies_closed'], locked: ['shelly'], openAtEnd: ['shelly'] },
      ...{ longestOpenSeconds: 11_000, isMeterWrong: true },
    },
  },
  {
    ...{ name: 'shelly-stuck-closed', title: 'A Shelly relay that does not move: it says on', ...dawn },
    farm: familyOf('shelly'),
    faults: [{ fault: 'valve-stuck-closed', at: 'PT5M', target: 'valve-shelly' }],
    expect: {
      litres: { shelly: [0, 0] },
      alarms: ['shelly no_flow'],
      locked: ['shelly'],
    },
  },
  {
    ...{ name: 'zigbee-late', title: 'A Zigbee valve whose messages come five seconds late', ...dawn },
    farm: familyOf('zigbee'),
    faults: [{ fault: 'messages-late', at: 'PT2M', target: 'valve-zigbee', seconds: 5 }],
    expect: { litres: { zigbee: [760, 840] } },
  },
  {
    ...{
      name: 'lora-gateway-cut',
      title: 'A LoRaWAN valve is open when the gateway loses its power',
      ...dawn,
    },
    farm: familyOf('lora'),
    faults: [{ fault: 'gateway-power-cut', at: 'PT25M', for: 'PT5M' }],
    expect: { litres: { lora: [760, 840] } },
  },
];
