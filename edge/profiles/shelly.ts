import { isObject, type JsonObject, readObject } from './json.ts';
import {
  type Parsed,
  type ParsedReading,
  type Profile,
  type ProfileContext,
  type ProfileInput,
  problem,
} from './profile.ts';
import { type ComponentReadings, componentKind, componentReadings } from './shelly-components.ts';

/** A status that comes so soon after a notification says what that said. */
const ECHO_MS = 5_000;
const MOST_SPEAKERS = 5_000;

/** A device has at most 64 components with a handful of values each. */
const MOST_VALUES = 256;

interface Told {
  readonly value: number;
  readonly atMs: number;
}

/**
 * Shelly Gen2 and later (shelly-api-docs.shelly.cloud/gen2: Mqtt, Notifications), with the identity as MQTT prefix:
 * `<device>/events/rpc` with NotifyStatus (what has changed) and NotifyFullStatus, `<device>/status/<component>`,
 * `<device>/online`, and answers to our own calls on `<device>/answer/rpc`.
 *
 * A notification holds only what has changed: exactly that is a new reading. What it does not name was not measured anew.
 * When the status topics are on too, each change comes twice; the second is dropped value by value.
 */
export function shelly({ facts }: ProfileContext): Profile {
  /** By speaker, then by value; the newest last in both. */
  const told = new Map<string, Map<string, Told>>();
  const remember = (speaker: string, atMs: number, readings: readonly ParsedReading[]) => {
    const values = told.get(speaker) ?? new Map<string, Told>();
    for (const reading of readings)
      putLast(values, key(reading), { value: reading.value, atMs }, MOST_VALUES);
    for (const [name, before] of values) if (!isSoon(before.atMs, atMs)) values.delete(name);
    putLast(told, speaker, values, MOST_SPEAKERS);
  };
  const isEcho = (speaker: string, atMs: number, reading: ParsedReading) => {
    const last = told.get(speaker)?.get(key(reading));
    return last !== undefined && isSoon(last.atMs, atMs) && last.value === reading.value;
  };
  return {
    name: 'shelly',
    claims: ({ name, rest }) => name === 'own' && (TOPICS.has(rest) || componentOf(rest) !== undefined),
    parse(input): Parsed {
      const { rest, payload, speaker, receivedAtMs } = input;
      if (rest === 'online') return online(payload);
      const read = readObject(payload);
      if (!('object' in read)) return read;
      if (rest === 'answer/rpc') {
        // Shelly.GetDeviceInfo
        const { result } = read.object;
        if (isObject(result)) facts.note(speaker, undefined, { model: result.model, firmware: result.ver });
        return answer(read.object);
      }
      if (rest === 'events/rpc') {
        const parsed = notification(read.object, input);
        if (parsed.kind === 'readings') remember(speaker, receivedAtMs, parsed.readings);
        return parsed;
      }
      const { readings, missing, garbled } = componentReadings(componentOf(rest) ?? '', read.object);
      const fresh = readings.filter((reading) => !isEcho(speaker, receivedAtMs, reading));
      return fresh.length === 0 && missing === 0
        ? { kind: 'nothing' }
        : { kind: 'readings', readings: fresh, missing, garbled, timeGiven: false };
    },
  };
}

const TOPICS = new Set(['events/rpc', 'answer/rpc', 'online']);

function componentOf(rest: string): string | undefined {
  const component = rest.startsWith('status/') ? rest.slice('status/'.length) : '';
  return componentKind(component) === undefined ? undefined : component;
}

/** Also when the clock was set meanwhile. */
const isSoon = (beforeMs: number, atMs: number) => Math.abs(atMs - beforeMs) < ECHO_MS;
const key = ({ metric, channel }: ParsedReading) => `${metric} ${channel}`;

function putLast<Value>(map: Map<string, Value>, name: string, value: Value, most: number): void {
  map.delete(name);
  map.set(name, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

function online(payload: Uint8Array): Parsed {
  const text = Buffer.from(payload.subarray(0, 16)).toString('utf8');
  if (text === 'true' || text === 'false') return { kind: 'status', online: text === 'true' };
  return problem('wrong_shape', `'online' is true or false, not '${text}'`);
}

function notification({ method, params }: JsonObject, { receivedAtMs }: ProfileInput): Parsed {
  if (method !== 'NotifyStatus' && method !== 'NotifyFullStatus') return { kind: 'nothing' };
  if (!isObject(params)) return problem('wrong_shape', `${method} has an object 'params'`);
  const { ts, ...components } = params;
  const read = readAll(components);
  if (read.readings.length === 0 && read.missing === 0) return { kind: 'nothing' };
  // A device without the time yet counts from its start: such a time is told, and found not to be credible.
  const timeGiven = typeof ts === 'number';
  const observedAtMs = timeGiven && Math.abs(ts) < receivedAtMs ? Math.round(ts * 1_000) : undefined;
  return { kind: 'readings', ...read, timeGiven, observedAtMs };
}

/** Shelly.GetStatus answers with all components; every other answer holds no reading. */
function answer({ result }: JsonObject): Parsed {
  const read = isObject(result) ? readAll(result) : { readings: [], missing: 0, garbled: 0 };
  return read.readings.length === 0
    ? { kind: 'nothing' }
    : { kind: 'readings', ...read, missing: 0, garbled: 0, timeGiven: false };
}

const MOST_COMPONENTS = 64;

function readAll(components: JsonObject): ComponentReadings {
  const parts = Object.entries(components)
    .slice(0, MOST_COMPONENTS)
    .flatMap(([name, status]) =>
      isObject(status) && componentKind(name) !== undefined ? [componentReadings(name, status)] : [],
    );
  return {
    readings: parts.flatMap(({ readings }) => readings),
    missing: parts.reduce((sum, { missing }) => sum + missing, 0),
    garbled: parts.reduce((sum, { garbled }) => sum + garbled, 0),
  };
}
