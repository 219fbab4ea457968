import { channelName, isMetricName } from '@nongtin/broker/wire';
import { counterOf } from './counter.ts';
import { type JsonObject, type Leaf, leavesOf, readObject } from './json.ts';
import { saysNoValue } from './no-value.ts';
import type { Parsed, ParsedReading, ParseProblem, Profile } from './profile.ts';
import { timeWithOffset } from './time.ts';

const FLAT_FIELDS = 64;

/**
 * Our own format on `nongtin/v1/{device}/readings`: a key that is a metric's name holds a reading of it; inside an
 * object the objects' keys are the channel ({"top":{"soil_moisture":0.3}} → channel 'top'). Any other number or
 * boolean is kept as 'raw' with its path as the channel. `time` is ISO 8601 with an offset.
 */
export const plainJson: Profile = {
  name: 'plain-json',
  claims: ({ name }) => name === 'readings',
  parse({ payload }): Parsed {
    const read = readObject(payload);
    if (!('object' in read)) return read;
    const found = flatReadings(read.object) ?? nestedReadings(read.object);
    if ('kind' in found) return found;
    const timeGiven = Object.hasOwn(read.object, 'time');
    return {
      kind: 'readings',
      ...found,
      timeGiven,
      observedAtMs: timeGiven ? timeWithOffset(read.object.time) : undefined,
      counter: counterOf(read.object),
    };
  },
};

interface Found {
  readonly readings: ParsedReading[];
  missing: number;
  garbled: number;
}

/** Of an object that holds no other, which is what nearly every device sends; undefined for one that does. */
function flatReadings(object: JsonObject): Found | undefined {
  const found: Found = { readings: [], missing: 0, garbled: 0 };
  const names = Object.keys(object);
  if (names.length > FLAT_FIELDS) return undefined;
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'object' && value !== null) return undefined;
    if (name !== 'time') read(found, '', name, name, value as Leaf['value']);
  }
  return found;
}

function nestedReadings(object: JsonObject): Found | ParseProblem {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves;
  const found: Found = { readings: [], missing: 0, garbled: 0 };
  for (const { path, value } of leaves) {
    const name = path.at(-1) ?? '';
    if (path.length === 1 && name === 'time') continue;
    read(found, path.slice(0, -1).join('.'), path.join('.'), name, value);
  }
  return found;
}

/** One leaf, with the names before its own, all of its names, and its own. */
function read(found: Found, before: string, whole: string, name: string, given: Leaf['value']): void {
  const value = typeof given === 'boolean' ? Number(given) : given;
  const known = isMetricName(name) && name !== 'raw';
  if (typeof value === 'number' && Number.isFinite(value)) {
    const channel = channelName(known ? before : whole).toWellFormed();
    found.readings.push({ metric: known ? name : 'raw', channel, value });
  } else if (known || typeof value !== 'string') {
    found.missing += 1;
    if (!saysNoValue(given)) found.garbled += 1;
  }
}
