import { channelName, isMetricName, type MetricName } from '@nongtin/broker/wire';
import { counterOf } from './counter.ts';
import { type JsonObject, type Leaf, leavesOf, readObject } from './json.ts';
import { type Lacking, lack } from './no-value.ts';
import { isState, type Parsed, type ParsedReading, type ParseProblem, type Profile } from './profile.ts';
import { quantityIn, statedReading, unnamedQuantityIn } from './text-number.ts';
import { timeWithOffset } from './time.ts';

const FLAT_FIELDS = 64;
const LONGEST_UNIT = 32;

/**
 * Our own format on `nongtin/v1/{device}/readings`: a key that is a metric's name holds a reading of it; inside an
 * object the objects' keys are the channel ({"top":{"soil_moisture":0.3}} → channel 'top'). Any other number or
 * boolean is kept as 'raw' with its path as the channel, and with the text of a `unit` beside a `value`. `time` is ISO 8601
 * with an offset; `seq` counts the messages and is no reading.
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

interface Found extends Lacking {
  readonly readings: ParsedReading[];
}

/** Of an object that holds no other, which is what nearly every device sends; undefined for one that does. */
function flatReadings(object: JsonObject): Found | undefined {
  const found: Found = { readings: [], missing: 0, garbled: 0 };
  const names = Object.keys(object);
  if (names.length > FLAT_FIELDS) return undefined;
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'object' && value !== null) return undefined;
    if (name !== 'time') read(found, '', name, name, value as Leaf['value'], object.unit);
  }
  return found;
}

function nestedReadings(object: JsonObject): Found | ParseProblem {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves;
  const found: Found = { readings: [], missing: 0, garbled: 0 };
  const units = new Map(
    leaves.flatMap(({ path, value }) =>
      path.at(-1) === 'unit' ? [[path.slice(0, -1).join('.'), value] as const] : [],
    ),
  );
  for (const { path, value } of leaves) {
    const name = path.at(-1) ?? '';
    if (path.length === 1 && name === 'time') continue;
    const before = path.slice(0, -1).join('.');
    read(found, before, path.join('.'), name, value, units.get(before));
  }
  return found;
}

/** One leaf, with the names before its own, all of its names, its own, and what stands beside it as its unit. */
function read(
  found: Found,
  before: string,
  whole: string,
  name: string,
  given: Leaf['value'],
  unit: unknown,
): void {
  const isMetric = isMetricName(name) && name !== 'raw';
  if (isMetric && typeof given === 'number' && Number.isFinite(given)) {
    // What nearly every field is, without the objects that the others need on their way.
    found.readings.push({ metric: name, value: given, channel: channelOf(before) });
    return;
  }
  // True is no quantity: only of a state it says something.
  const known = isMetric && (typeof given !== 'boolean' || isState(name));
  if (whole === 'seq') {
    if (!isCounter(given)) lack(found, whole, given);
    return;
  }
  if (typeof given === 'string' && name === 'unit') return;
  const { value, unit: own } = numberOf(given, isMetric);
  if (value !== undefined) {
    const reading = known ? readingOf(name, value, own) : undefined;
    const channel = channelOf(reading !== undefined && reading.metric !== 'raw' ? before : whole);
    if (reading !== undefined) found.readings.push({ ...reading, channel });
    else if (isMetric) found.readings.push({ metric: 'raw', channel, value, rawReason: 'boolean' });
    else
      found.readings.push({
        ...{ metric: 'raw', channel, value },
        ...(own === undefined ? stated(name, unit) : { unit: own }),
      });
  } else if (known || typeof given !== 'string') lack(found, whole, given);
}

function channelOf(path: string): string {
  return path === '' ? '' : channelName(path).toWellFormed();
}

function readingOf(metric: MetricName, value: number, unit: string | undefined) {
  return unit === undefined ? { metric, value } : statedReading(metric, value, unit);
}

/** `seq` counts the messages: it tells nothing of the farm (PlainReadings). */
function isCounter(given: Leaf['value']): boolean {
  return Number.isSafeInteger(given) && Number(given) >= 0;
}

function numberOf(given: Leaf['value'], isMetric: boolean): { value?: number; unit?: string | undefined } {
  if (typeof given === 'string') return (isMetric ? quantityIn(given) : unnamedQuantityIn(given)) ?? {};
  const value = Number(given);
  return given !== null && Number.isFinite(value) ? { value } : {};
}

/** `{"hum": {"value": 40, "unit": "%"}}`. */
function stated(name: string, unit: unknown): { unit?: string } {
  return name === 'value' && typeof unit === 'string' ? { unit: unit.slice(0, LONGEST_UNIT) } : {};
}
