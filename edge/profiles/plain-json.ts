import { isMetricName } from '@nongtin/broker/wire';
import { counterOf } from './counter.ts';
import { type JsonObject, type Leaf, leavesOf, readObject } from './json.ts';
import { channelOf, type Parsed, type ParsedReading, type Profile } from './profile.ts';
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
    const leaves = flatLeaves(read.object) ?? leavesOf(read.object);
    if (!Array.isArray(leaves)) return leaves;
    const timeGiven = Object.hasOwn(read.object, 'time');
    return {
      kind: 'readings',
      ...readingsOf(leaves),
      timeGiven,
      observedAtMs: timeGiven ? timeWithOffset(read.object.time) : undefined,
      counter: counterOf(read.object),
    };
  },
};

/** The leaves of an object that holds no other, which is what nearly every device sends; undefined for one that does. */
function flatLeaves(object: JsonObject): Leaf[] | undefined {
  const leaves: Leaf[] = [];
  const names = Object.keys(object);
  if (names.length > FLAT_FIELDS) return undefined;
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'object' && value !== null) return undefined;
    leaves.push({ path: [name], value: value as Leaf['value'] });
  }
  return leaves;
}

function readingsOf(leaves: readonly Leaf[]): { readings: ParsedReading[]; missing: number } {
  const readings: ParsedReading[] = [];
  let missing = 0;
  for (const leaf of leaves) {
    const name = leaf.path.at(-1) ?? '';
    if (leaf.path.length === 1 && name === 'time') continue;
    const value = typeof leaf.value === 'boolean' ? Number(leaf.value) : leaf.value;
    const known = isMetricName(name) && name !== 'raw';
    if (typeof value === 'number' && Number.isFinite(value)) {
      readings.push(
        known
          ? { metric: name, channel: leaf.path.length === 1 ? '' : channelOf(leaf.path.slice(0, -1)), value }
          : { metric: 'raw', channel: channelOf(leaf.path), value },
      );
    } else if (known || typeof value !== 'string') missing += 1;
  }
  return { readings, missing };
}
