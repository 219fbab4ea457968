import type { Family } from '../devices/unit.ts';
import { chirpstack } from './chirpstack.ts';
import { nongtin } from './nongtin.ts';
import { shelly } from './shelly.ts';
import { tasmota } from './tasmota.ts';
import { zigbee2mqtt } from './zigbee2mqtt.ts';

/** One line a family of valves and relays. */
export const families: Readonly<Record<string, Family>> = {
  nongtin,
  tasmota,
  shelly,
  zigbee2mqtt,
  chirpstack,
};
