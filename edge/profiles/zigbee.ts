import { isObject, type JsonObject, readJson, readObject } from './json.ts';
import { Learned } from './learned.ts';
import {
  type Parsed,
  type ParsedStatus,
  type ParseProblem,
  type Profile,
  type ProfileContext,
  type ProfileInput,
  problem,
} from './profile.ts';
import { timeWithOffset } from './time.ts';
import { aboutDevices, readDevices, type ZigbeeDevice } from './zigbee-devices.ts';
import { zigbeeReadings } from './zigbee-properties.ts';

const NOTHING: Parsed = { kind: 'nothing' };
const MOST_DEVICES = 500;
/** A list of many devices with all that they expose is long. */
const MOST_LIST_BYTES = 4 * 1024 * 1024;
const AVAILABILITY = '/availability';

/**
 * Zigbee2MQTT (zigbee2mqtt.io: MQTT topics and messages): `zigbee2mqtt/<friendly name>` holds a device's state as JSON.
 * Where the base topic is the bridge's own identity, `<identity>/<friendly name>`, once `<identity>/bridge/…` was heard.
 * Readings belong to the device of that name behind the bridge; groups only repeat their members.
 */
export function zigbee({ memory, facts, changed }: ProfileContext): Profile {
  const learned = new Learned<ZigbeeDevice>(memory, 'zigbee', MOST_DEVICES);
  const ownKey = (speaker: string) => `${speaker}\nzigbee-base`;
  return {
    name: 'zigbee2mqtt',
    claims: ({ name, rest, speaker }) =>
      name === 'zigbee' ||
      (name === 'own' && (rest.startsWith('bridge/') || memory.get(ownKey(speaker)) === true)),
    parse(input): Parsed {
      if (input.payload.length === 0) return NOTHING;
      return input.rest.startsWith('bridge/') ? bridge(input) : ofDevice(input, learned);
    },
  };

  function bridge(input: ProfileInput): Parsed {
    switch (input.rest) {
      case 'bridge/state': {
        const status = presence(input.payload);
        if (status.kind === 'status') hear(input);
        return status;
      }
      case 'bridge/devices':
        return learn(input, false);
      case 'bridge/groups':
        return learn(input, true);
      default:
        return NOTHING;
    }
  }

  function hear({ name, speaker }: ProfileInput): void {
    if (name !== 'own' || memory.get(ownKey(speaker)) === true) return;
    memory.set(ownKey(speaker), true);
    changed();
  }

  function learn(input: ProfileInput, isGroup: boolean): Parsed {
    const { speaker } = input;
    const read = readJson(input.payload, MOST_LIST_BYTES);
    if (!('value' in read)) return read;
    const devices = readDevices(read.value, isGroup);
    if (devices === undefined) return problem('wrong_shape', `${input.rest} holds a list`);
    hear(input);
    for (const [name, about] of aboutDevices(read.value)) facts.note(speaker, name, about);
    for (const [name, known] of learned.entries(speaker)) {
      if (known.isGroup === isGroup && !devices.has(name)) learned.set(speaker, name, undefined);
    }
    let refused = 0;
    for (const [name, device] of devices) if (!learned.set(speaker, name, device)) refused += 1;
    if (refused === 0) return NOTHING;
    return problem('too_many_fields', `the units of ${refused} devices beyond ${MOST_DEVICES} are not known`);
  }
}

function ofDevice(input: ProfileInput, learned: Learned<ZigbeeDevice>): Parsed {
  const { rest, speaker, payload } = input;
  if (rest.endsWith(AVAILABILITY)) {
    const device = rest.slice(0, -AVAILABILITY.length);
    if (learned.get(speaker, device)?.isGroup === true) return NOTHING;
    return { ...presence(payload), device };
  }
  const known = learned.get(speaker, rest);
  if (known?.isGroup === true) return NOTHING;
  const attribute = known === undefined ? attributeOf(input, learned) : undefined;
  if (attribute !== undefined) return attribute;
  const read = readObject(payload);
  return 'object' in read ? stateOf(rest, read.object, known) : { ...read, device: rest };
}

/** `output: attribute`: each property on a topic of its own, below that of the device. */
function attributeOf(
  { rest, speaker, payload }: ProfileInput,
  learned: Learned<ZigbeeDevice>,
): Parsed | undefined {
  const cut = rest.lastIndexOf('/');
  const device = rest.slice(0, Math.max(0, cut));
  const known = learned.get(speaker, device);
  if (known === undefined || payload.length > 1_024) return undefined;
  if (known.isGroup) return NOTHING;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  const json = readJson(payload);
  return stateOf(device, { [rest.slice(cut + 1)]: 'value' in json ? json.value : text }, known);
}

function stateOf(device: string, object: JsonObject, known: ZigbeeDevice | undefined): Parsed {
  const found = zigbeeReadings(object, known);
  if (!('readings' in found)) return { ...found, device };
  const { last_seen } = object;
  const timeGiven = last_seen !== undefined && last_seen !== null;
  return { kind: 'readings', device, ...found, timeGiven, observedAtMs: timeOf(last_seen) };
}

/** `last_seen` is ISO 8601 in UTC or local with its offset, or milliseconds since 1970 (Zigbee2MQTT: advanced settings). */
function timeOf(lastSeen: unknown): number | undefined {
  if (typeof lastSeen !== 'number') return timeWithOffset(lastSeen);
  return Number.isFinite(lastSeen) && lastSeen > 0 ? Math.trunc(lastSeen) : undefined;
}

/** {"state":"online"}, or in older versions the bare word. */
function presence(payload: Uint8Array): ParsedStatus | ParseProblem {
  const text = Buffer.from(payload.subarray(0, 256)).toString('utf8').trim();
  const json = readJson(payload);
  const state = 'value' in json && isObject(json.value) ? json.value.state : text;
  if (state === 'online' || state === 'offline') return { kind: 'status', online: state === 'online' };
  return problem('wrong_shape', `a state is online or offline, not '${text.slice(0, 80)}'`);
}
