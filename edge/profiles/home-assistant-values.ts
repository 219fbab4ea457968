import { toMetricUnit } from '../units/units.ts';
import { counterOf } from './counter.ts';
import type { Entities, KnownEntity } from './home-assistant-entities.ts';
import { type Scalar, toNumber } from './home-assistant-template.ts';
import { isObject, type JsonObject, leavesOf, readJson } from './json.ts';
import { type Lacking, lack, saysNoValue } from './no-value.ts';
import { channelOf, type Parsed, type ParsedReading, type ProfileInput, problem } from './profile.ts';
import { quantityIn, statedReading, unnamedQuantityIn } from './text-number.ts';

const MOST_BYTES = 64 * 1024;
/** What comes on the state topic of one or more entities. Values that no entity reads are kept as raw. */
export function readStates(input: ProfileInput, entities: readonly KnownEntity[], known: Entities): Parsed {
  const { payload, speaker } = input;
  if (payload.length > MOST_BYTES)
    return problem('too_large', `${payload.length} bytes; at most ${MOST_BYTES}`);
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  const json = /^\s*[[{]/.test(text) ? readJson(payload) : undefined;
  if (json !== undefined && !('value' in json)) return json;
  const devices = entities.map((entity) => known.deviceOf(speaker, entity, true));
  const isOne = devices.every((device) => device === devices[0]);
  const readings: ParsedReading[] = [];
  const read = new Set<string>();
  const lacking: Lacking = { missing: 0, garbled: 0 };
  for (const [index, entity] of entities.entries()) {
    const value = stateValue(entity, text, json?.value);
    const found = value === undefined ? untold(entity, json?.value) : readingOf(entity, value);
    if (found === undefined) continue;
    if (typeof entity.parsed === 'object') for (const path of entity.parsed.paths) read.add(path.join('\n'));
    if (typeof found === 'string')
      lack(lacking, entity.name, found === 'garbled' ? (value ?? 'no number') : null);
    else {
      const owner = isOne ? '' : (devices[index] ?? '');
      const own = found.rawReason === undefined ? known.channelOf(speaker, entity) : entity.rawName;
      const channel = channelOf([owner, own].filter((part) => part !== ''));
      const powers = known.isOnlyBattery(speaker, entity) ? channelOf([owner]) : channel;
      readings.push({ ...found, ...(isBattery(entity) ? { powers } : {}), channel });
    }
  }
  const whole = isObject(json?.value) ? json.value : undefined;
  const rest = whole === undefined ? [] : rawReadings(whole, read);
  // What is announced is read, however many or deep the others are.
  if (!Array.isArray(rest) && readings.length === 0) return rest;
  return {
    kind: 'readings',
    device: isOne ? devices[0] : undefined,
    readings: Array.isArray(rest) ? [...readings, ...rest] : readings,
    ...lacking,
    timeGiven: false,
    counter: whole && counterOf(whole),
  };
}

/** Undefined: not in this message, or its template is not understood. */
export function stateValue(
  { parsed, component }: Partial<Pick<KnownEntity, 'parsed' | 'component'>>,
  text: string,
  json: unknown,
): Scalar | undefined {
  if (parsed === 'unknown') return undefined;
  // A template may read a bare number as JSON as well.
  if (parsed !== undefined) return parsed.evaluate(text, json ?? toNumber(text));
  if (json === undefined) return text;
  // A valve that tells its position may tell both as JSON (MQTT valve, reports_position).
  const { state, position } = component === 'valve' && isObject(json) ? json : {};
  const said = state ?? position;
  return typeof said === 'string' || typeof said === 'number' ? said : undefined;
}

type Found = Pick<ParsedReading, 'metric' | 'value' | 'unit' | 'rawReason'>;
/** The sensor has no value, or what stands there is none. */
type NotFound = 'missing' | 'garbled';

const isBattery = ({ metric, component, deviceClass }: KnownEntity) =>
  metric === 'battery' || (component === 'binary_sensor' && deviceClass === 'battery');

/** A template that gave nothing, though all that it reads is in the message: a division by 0, for one. */
function untold({ parsed }: KnownEntity, json: unknown): NotFound | undefined {
  const read = typeof parsed === 'object' && parsed.paths.length > 0 ? parsed.read(json) : undefined;
  return read && (read.some(saysNoValue) ? 'missing' : 'garbled');
}

function readingOf(entity: KnownEntity, value: Scalar): Found | NotFound | undefined {
  const none = saysNoValue(value) ? 'missing' : 'garbled';
  const { component, metric, unit } = entity;
  if (component === 'binary_sensor' || component === 'switch' || component === 'valve') {
    const isOn = stateOf(entity, value);
    if (isOn === undefined) return none;
    return { metric: metric ?? 'raw', value: Number(isOn) };
  }
  const isNumeric = metric !== undefined || unit !== undefined;
  const quantity =
    typeof value === 'string' ? (isNumeric ? quantityIn : unnamedQuantityIn)(value) : undefined;
  const number = typeof value === 'boolean' ? undefined : (toNumber(value) ?? quantity?.value);
  if (number === undefined || !Number.isFinite(number)) {
    return isNumeric || none === 'missing' ? none : undefined;
  }
  if (metric === undefined) {
    const said = quantity?.unit ?? unit;
    // What is read out of JSON is kept raw under its own path, as the device wrote it.
    return entity.parsed === undefined || entity.parsed === 'unknown' || entity.parsed.paths.length === 0
      ? { metric: 'raw', value: number, ...(said === undefined ? {} : { unit: said }) }
      : undefined;
  }
  if (quantity?.unit !== undefined) return statedReading(metric, number, quantity.unit);
  const converted = toMetricUnit(metric, number, unit ?? '');
  return converted === undefined ? 'garbled' : { metric, value: converted };
}

/** On or off; a valve that moves, or stands at a position above 0, lets water through. */
function stateOf({ component, on, off }: KnownEntity, value: Scalar): boolean | undefined {
  const said = String(value).trim().toLowerCase();
  if (on.some((word) => word.toLowerCase() === said)) return true;
  if (off.some((word) => word.toLowerCase() === said)) return false;
  if (component !== 'valve') return undefined;
  if (said === 'opening' || said === 'closing') return true;
  const position = toNumber(said);
  return position === undefined ? undefined : position > 0;
}

function rawReadings(whole: JsonObject, read: ReadonlySet<string>): ParsedReading[] | Parsed {
  const leaves = leavesOf(whole);
  if (!Array.isArray(leaves)) return leaves;
  return leaves.flatMap(({ path, value }) => {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number) || read.has(path.join('\n'))) return [];
    return { metric: 'raw', channel: channelOf(path), value: number } as const;
  });
}
