import { speakerOf } from './actuator.ts';
import type { ForeignValve, Valve } from './index.ts';

/** An output of a found device that could be a valve. */
export interface PossibleValve {
  /** Channel of its `valve_open` readings. */
  readonly channel: string;
  /** How it would be reached; null: only a person knows what is missing, or its family cannot be driven. */
  readonly valve: Valve | null;
  /** Fields of the address that a person has to give. */
  readonly missing: string[];
  /** The family has a way to be driven at all. */
  readonly isDrivable: boolean;
}

type Meter = ForeignValve['flowMeter'];

/**
 * How an output could be driven that a device has told of, by the family that reads it and the channel of its `valve_open`.
 * Nothing is guessed that only a person knows: a LoRaWAN valve's bytes, an ESPHome node's own longest run.
 */
export function possibleValve(
  family: string,
  device: string,
  channel: string,
  flowMeter: Meter,
): PossibleValve {
  const drivable = (valve: Valve | null, missing: string[] = []): PossibleValve => ({
    ...{ channel, valve, missing, isDrivable: true },
  });
  const number = Number(/\d+$/.exec(channel)?.[0]);
  switch (family) {
    case 'valve-state':
      return drivable(device);
    case 'tasmota':
      return drivable({ family, device, output: number, flowMeter });
    case 'shelly':
      return drivable({ family, device, output: number, flowMeter });
    case 'zigbee2mqtt':
      return speakerOf(device).name === ''
        ? { channel, valve: null, missing: [], isDrivable: false }
        : drivable({ family, device, flowMeter, ...(channel === '' ? {} : { output: channel }) });
    case 'esphome':
      return drivable(null, ['cutOffSeconds']);
    case 'chirpstack':
    case 'things-stack':
      return drivable(null, ['application', 'fPort', 'open', 'close']);
    default:
      return { channel, valve: null, missing: [], isDrivable: false };
  }
}
