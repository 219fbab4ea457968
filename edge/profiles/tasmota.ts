import { counterOf } from './counter.ts';
import { isObject, type JsonObject, type Leaf, leavesOf, readObject } from './json.ts';
import { type Lacking, lack } from './no-value.ts';
import {
  channelOf,
  type Parsed,
  type ParsedReading,
  type ParseProblem,
  type Profile,
  type ProfileContext,
  type ProfileInput,
  problem,
  type SpokenTopic,
} from './profile.ts';
import { SensorFields } from './tasmota-fields.ts';
import { defaults, readSettings, type TasmotaSettings } from './tasmota-settings.ts';
import { quantityIn, unnamedQuantityIn } from './text-number.ts';
import { localTime } from './time.ts';

/** Of the telemetry and of the answers; everything else there tells nothing of the farm. */
const TELEMETRY = /^(?:SENSOR|STATE|LWT)$/;
const ANSWER = /^(?:RESULT|POWER\d{0,2}|STATUS\d{0,2})$/;
const RELAY = /^POWER(\d{0,2})$/;
const NOTHING: Parsed = { kind: 'nothing' };

/**
 * Tasmota (tasmota.github.io/docs/MQTT): telemetry, answers and status replies, on the topics that the device announces or
 * on the usual ones. `Time` is local and has no offset. A relay is read as `valve_open` with its number as the channel.
 */
export function tasmota({ memory, facts, changed }: ProfileContext): Profile {
  const keyOf = (speaker: string) => `${speaker}\ntasmota`;
  const settingsOf = (speaker: string) => memory.get(keyOf(speaker)) as TasmotaSettings | undefined;
  return {
    name: 'tasmota',
    claims: (topic) =>
      topic.name === 'tasmotaDiscovery' || wordOf(topic, settingsOf(topic.speaker)) !== undefined,
    parse(input): Parsed {
      if (input.name === 'tasmotaDiscovery') return learn(input);
      const settings = settingsOf(input.speaker);
      return read(input, wordOf(input, settings) ?? '', settings ?? defaults);
    },
  };

  /** Every device says the same again whenever it connects: a trouble is told when it is new. */
  function learn({ speaker, rest, payload }: ProfileInput): Parsed {
    if (!rest.endsWith('/config')) return NOTHING;
    const before = JSON.stringify(settingsOf(speaker));
    if (payload.length === 0) {
      memory.set(keyOf(speaker), undefined);
      changed();
      return NOTHING;
    }
    const read = readObject(payload);
    if (!('object' in read)) return read;
    facts.note(speaker, undefined, { model: read.object.md, firmware: read.object.sw });
    const settings = readSettings(speaker, read.object);
    if (settings === undefined) return problem('wrong_shape', 'a discovery message needs ft, t and tp');
    if (JSON.stringify(settings) === before) return NOTHING;
    memory.set(keyOf(speaker), settings);
    changed();
    return settings.trouble === undefined ? NOTHING : problem('wrong_shape', settings.trouble);
  }
}

/** The last word of a topic that carries telemetry or answers of this speaker. */
function wordOf({ speaker, topic }: SpokenTopic, settings: TasmotaSettings | undefined): string | undefined {
  const after = (bases: readonly (string | undefined)[], words: RegExp) => {
    for (const base of bases) {
      const word = base !== undefined && topic.startsWith(base) ? topic.slice(base.length) : '';
      if (words.test(word)) return word;
    }
    return undefined;
  };
  return (
    after([settings?.telemetry, `tele/${speaker}/`, `${speaker}/tele/`], TELEMETRY) ??
    after([settings?.answers, `stat/${speaker}/`, `${speaker}/stat/`], ANSWER)
  );
}

type Words = Omit<TasmotaSettings, 'telemetry' | 'answers' | 'trouble'>;

function read(input: ProfileInput, word: string, words: Words): Parsed {
  const text = Buffer.from(input.payload.subarray(0, 256)).toString('utf8');
  if (word === 'LWT') return status(text, words);
  if (RELAY.test(word) && !text.trimStart().startsWith('{')) {
    return message({}, input, [relaysOf({ [word]: text }, words)]);
  }
  const json = readObject(input.payload);
  if (!('object' in json)) return json;
  const { object } = json;
  const { StatusSNS, StatusSTS } = object;
  // A status reply wraps what SENSOR and STATE hold.
  const values = isObject(StatusSNS) ? StatusSNS : word === 'SENSOR' ? object : undefined;
  const states = isObject(StatusSTS) ? StatusSTS : word === 'STATE' ? object : undefined;
  const parts = [values && sensors(values), states && state(states, words)].filter(
    (part) => part !== undefined,
  );
  if (parts.length === 0) return message({}, input, [relaysOf(object, words)]);
  return message(values ?? states ?? object, input, parts);
}

function status(text: string, { online, offline }: Words): Parsed {
  const said = text.trim();
  if (said === online || said === defaults.online) return { kind: 'status', online: true };
  if (said === offline || said === defaults.offline) return { kind: 'status', online: false };
  return problem('wrong_shape', `LWT is ${online} or ${offline}, not '${said}'`);
}

interface Found extends Readonly<Lacking> {
  readonly readings: readonly ParsedReading[];
}

function message(
  object: JsonObject,
  { receivedAtMs, zoneOffsetMinutes }: ProfileInput,
  parts: readonly (Found | ParseProblem)[],
): Parsed {
  const readings: ParsedReading[] = [];
  const found: Found[] = [];
  for (const part of parts) {
    if (!('garbled' in part)) return part;
    readings.push(...part.readings);
    found.push(part);
  }
  const timeGiven = Object.hasOwn(object, 'Time');
  return {
    kind: 'readings',
    ...{ readings, ...together(found) },
    counter: counterOf(object),
    timeGiven,
    observedAtMs: timeGiven ? localTime(object.Time, zoneOffsetMinutes, receivedAtMs) : undefined,
  };
}

function together(parts: readonly Readonly<Lacking>[]): Lacking {
  const strange = parts.flatMap((part) => part.strange ?? []);
  return {
    missing: parts.reduce((sum, { missing }) => sum + missing, 0),
    garbled: parts.reduce((sum, { garbled }) => sum + garbled, 0),
    ...(strange.length === 0 ? {} : { strange }),
  };
}

function sensors(object: JsonObject): Found | ParseProblem {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves;
  const fields = new SensorFields(object);
  return collect(leaves, ({ path, value }) => {
    if (path.length === 1 && typeof value === 'string' && /^Switch\d*$/.test(path[0] ?? '')) {
      const isOn = value.toUpperCase() === 'ON';
      return { metric: 'raw', channel: channelOf(path), value: Number(isOn) };
    }
    if (typeof value !== 'string') return value === null ? null : fields.reading(path, Number(value));
    const isMeasured = fields.isMeasured(path);
    const { value: number, unit } = (isMeasured ? quantityIn : unnamedQuantityIn)(value) ?? {};
    if (number === undefined) return isMeasured ? null : undefined;
    return isMeasured || unit !== undefined ? fields.reading(path, number, unit) : undefined;
  });
}

/** About the software, its memory and its connections; nothing of the farm. */
const HOUSEKEEPING = new Set([
  'UptimeSec',
  'Heap',
  'Sleep',
  'LoadAvg',
  'MqttCount',
  'Berry',
  'Psr',
  'PsrMax',
  'Eth',
]);

function isHousekeeping([first = '', second]: readonly string[]): boolean {
  return HOUSEKEEPING.has(first) || (first === 'Wifi' && second !== 'Signal');
}

/** `Wifi.Signal` is in dBm; `Wifi.RSSI`, against its name, is a percentage. */
function state(object: JsonObject, words: Words): Found | ParseProblem {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves;
  const found = collect(leaves, ({ path, value }) => {
    if (typeof value === 'string' || isHousekeeping(path)) return undefined;
    if (value === null) return null;
    if (path.join('.') === 'Wifi.Signal') return { metric: 'rssi', channel: '', value: Number(value) };
    return { metric: 'raw', channel: channelOf(path), value: Number(value) };
  });
  const relays = relaysOf(object, words);
  return {
    readings: [...found.readings, ...relays.readings],
    ...together([found, relays]),
  };
}

/** Null is a field that should hold a number and does not; undefined one that need not. */
function collect(leaves: readonly Leaf[], read: (leaf: Leaf) => ParsedReading | null | undefined): Found {
  const readings: ParsedReading[] = [];
  const lacking: Lacking = { missing: 0, garbled: 0 };
  for (const leaf of leaves) {
    const reading = read(leaf);
    if (reading === undefined) continue;
    if (reading !== null && Number.isFinite(reading.value)) readings.push(reading);
    else lack(lacking, leaf.path.join('.'), leaf.value);
  }
  return { readings, ...lacking };
}

/** POWER, POWER1 … of an object; POWER and POWER1 are the same relay (tasmota.github.io/docs/Commands: Power). */
function relaysOf(object: JsonObject, { on, off, notRelays }: Words): Found {
  const readings: ParsedReading[] = [];
  const lacking: Lacking = { missing: 0, garbled: 0 };
  for (const [name, said] of Object.entries(object)) {
    const digits = RELAY.exec(name)?.[1];
    if (digits === undefined || typeof said !== 'string') continue;
    const number = Number(digits || '1');
    const text = said.trim();
    const value = text === on || text === 'ON' ? 1 : text === off || text === 'OFF' ? 0 : undefined;
    const channel = `POWER${number}`;
    if (value === undefined) lack(lacking, name, text);
    else if (notRelays.includes(number)) readings.push({ metric: 'raw', channel, value });
    else readings.push({ metric: 'valve_open', channel, value });
  }
  return { readings, ...lacking };
}
