import { counterOf } from './counter.ts';
import { type JsonObject, type Leaf, leavesOf, readObject } from './json.ts';
import {
  channelOf,
  type Parsed,
  type ParsedReading,
  type Profile,
  type ProfileInput,
  problem,
} from './profile.ts';
import { localTime } from './time.ts';

/**
 * Tasmota's telemetry (tasmota.github.io/docs/MQTT): `tele/<t>/SENSOR`, `tele/<t>/STATE`, and `tele/<t>/LWT` with
 * "Online" or "Offline". `Time` is local and has no offset. Everything else under `tele/` tells nothing of the farm.
 */
export const tasmota: Profile = {
  name: 'tasmota',
  claims: ({ name, rest }) => name === 'tasmotaTelemetry' && ['SENSOR', 'STATE', 'LWT'].includes(rest),
  parse(input): Parsed {
    return input.rest === 'LWT' ? status(input.payload) : telemetry(input);
  },
};

function status(payload: Uint8Array): Parsed {
  const text = Buffer.from(payload.subarray(0, 32)).toString('utf8');
  if (text === 'Online' || text === 'Offline') return { kind: 'status', online: text === 'Online' };
  return problem('wrong_shape', `LWT is Online or Offline, not '${text}'`);
}

function telemetry({ rest, payload, receivedAtMs, zoneOffsetMinutes }: ProfileInput): Parsed {
  const read = readObject(payload);
  if (!('object' in read)) return read;
  const leaves = leavesOf(read.object);
  if (!Array.isArray(leaves)) return leaves;
  const timeGiven = Object.hasOwn(read.object, 'Time');
  return {
    kind: 'readings',
    ...readingsOf(leaves, rest === 'STATE' ? stateReading : sensorReading(read.object)),
    counter: counterOf(read.object),
    timeGiven,
    observedAtMs: timeGiven ? localTime(read.object.Time, zoneOffsetMinutes, receivedAtMs) : undefined,
  };
}

/** Fields that hold a measurement, which some drivers print as text. */
const MEASURED = new Set(['Temperature', 'Humidity']);

const numberIn = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null);

type Translate = (path: readonly string[], value: number) => ParsedReading;

function readingsOf(leaves: readonly Leaf[], translate: Translate) {
  const readings: ParsedReading[] = [];
  let missing = 0;
  for (const { path, value } of leaves) {
    const measured = MEASURED.has(path.at(-1) ?? '');
    if (typeof value === 'string' && !measured) continue;
    const number =
      typeof value === 'string' ? numberIn(value) : typeof value === 'boolean' ? Number(value) : value;
    if (number !== null && Number.isFinite(number)) readings.push(translate(path, number));
    else missing += 1;
  }
  return { readings, missing };
}

function sensorReading(object: JsonObject): Translate {
  const fahrenheit = object.TempUnit === 'F';
  return (path, value) => {
    const channel = channelOf(path.slice(0, -1));
    switch (path.at(-1)) {
      case 'Temperature':
        return { metric: 'temperature', channel, value: fahrenheit ? ((value - 32) / 9) * 5 : value };
      case 'Humidity':
        return { metric: 'relative_humidity', channel, value };
      default:
        return { metric: 'raw', channel: channelOf(path), value };
    }
  };
}

/** `Wifi.Signal` is in dBm; `Wifi.RSSI`, against its name, is a percentage. */
function stateReading(path: readonly string[], value: number): ParsedReading {
  if (path.join('.') === 'Wifi.Signal') return { metric: 'rssi', channel: '', value };
  return { metric: 'raw', channel: channelOf(path), value };
}
