import { isUnit, toMetricUnit } from '../units/units.ts';
import { isObject, type JsonObject } from './json.ts';
import { named } from './lorawan-units.ts';
import { type Field, fieldsOf, normalizedFields, senseCap } from './lorawan-vendors.ts';
import { type Lacking, lack } from './no-value.ts';
import { channelOf, type ParsedReading, type ParseProblem, problem } from './profile.ts';
import { quantityIn, statedReading, unnamedQuantityIn } from './text-number.ts';
import { timeWithOffset } from './time.ts';

export interface DecodedPayload {
  readonly decoded: unknown;
  /** The same in the schema of The Things Stack: one measurement, or a list of them. */
  readonly normalized?: unknown;
  /** What the device, its model, its profile and its codec are called. */
  readonly names: readonly string[];
}

export interface FieldReadings extends Readonly<Lacking> {
  readonly readings: readonly ParsedReading[];
}

const MOST_READINGS = 256;
const DEEPEST = 6;
const LONGEST_UNIT = 32;
const GROUPS = new Set(['air', 'soil', 'wind', 'water', 'rain', 'precipitation', 'metering']);

/**
 * What a codec made of a LoRaWAN payload, as readings. Units come from the normalized schema, from a maker's documents,
 * or from the payload itself (a `unit` beside a `value`, a name that ends in one); a number whose unit nobody says is kept
 * as raw under its path.
 */
export function readFields({ decoded, normalized, names }: DecodedPayload): FieldReadings | ParseProblem {
  const collector = new Collector();
  const measurements = Array.isArray(normalized) ? normalized : [normalized];
  for (const [index, measurement] of measurements.slice(0, MOST_READINGS).entries()) {
    if (isObject(measurement)) collector.measurement(measurement, channelsOf(measurements, index));
  }
  const known = collector.metrics();
  if (isObject(decoded)) collector.object(decoded, fieldsOf(Object.keys(decoded), names), known);
  else if (Array.isArray(decoded)) {
    for (const [index, part] of decoded.slice(0, MOST_READINGS).entries()) {
      if (isObject(part)) collector.measurement(part, channelsOf(decoded, index));
    }
  }
  return collector.result();
}

/** Several measurements without times are told apart by their place in the list. */
function channelsOf(measurements: readonly unknown[], index: number): string {
  const timeless = measurements.filter((one) => isObject(one) && one.time === undefined);
  return measurements.length > 1 && timeless.length > 1 ? String(index) : '';
}

class Collector {
  readonly #readings: ParsedReading[] = [];
  readonly #lacking: Lacking = { missing: 0, garbled: 0 };
  #tooMany = false;
  #tooDeep = false;

  result(): FieldReadings | ParseProblem {
    if (this.#tooMany)
      return problem('too_many_fields', `the codec gives more than ${MOST_READINGS} readings`);
    if (this.#tooDeep)
      return problem('too_deep', `the codec's answer is nested deeper than ${DEEPEST} levels`);
    return { readings: this.#readings, ...this.#lacking };
  }

  metrics(): ReadonlySet<string> {
    return new Set(this.#readings.map(({ metric }) => metric));
  }

  /** One measurement of the normalized schema. */
  measurement(measurement: JsonObject, channel: string): void {
    const { time, ...groups } = measurement;
    const observedAtMs = timeWithOffset(time);
    const depth = isObject(groups.soil) ? numberOf(groups.soil.depth) : undefined;
    const soilChannel = depth === undefined ? channel : `${depth}cm`;
    const walk = (node: unknown, path: readonly string[]): void => {
      if (path.length > DEEPEST) this.#tooDeep = true;
      else if (isObject(node)) for (const [key, child] of Object.entries(node)) walk(child, [...path, key]);
      else if (path.join('.') !== 'soil.depth' || depth === undefined) {
        const field = normalizedFields.get(path.join('.'));
        const named = field && ([field[0], field[1], path[0] === 'soil' ? soilChannel : channel] as const);
        this.#leaf(path, node, named, observedAtMs);
      }
    };
    walk(groups, []);
  }

  /** A codec's own fields; what the normalized measurements told already is not told twice. */
  object(decoded: JsonObject, fields: ReadonlyMap<string, Field>, known: ReadonlySet<string>): void {
    const told = (field: Field | undefined) => field !== undefined && known.has(field[0]);
    const walk = (node: unknown, path: readonly string[]): void => {
      const name = path.at(-1) ?? '';
      if (path.length > DEEPEST) this.#tooDeep = true;
      else if (isObject(node) && Object.hasOwn(node, 'value') && typeof node.value !== 'object') {
        const field = quantityOf(name, typeof node.unit === 'string' ? node.unit : '', decoded);
        if (!told(field)) this.#leaf(path, node.value, field, undefined, node.unit);
      } else if (isObject(node) && Object.hasOwn(node, 'measurementId')) {
        const field = senseCap.get(Number(node.measurementId));
        if (!told(field))
          this.#leaf([...withoutPlaces(path), String(node.measurementId)], node.measurementValue, field);
      } else if (isObject(node) && node.type === 'upload_battery') {
        this.#leaf(['battery'], node.battery, ['battery', '%']);
      } else if (isObject(node) || Array.isArray(node)) {
        for (const [key, child] of Array.isArray(node) ? partsOf(node) : Object.entries(node)) {
          if (node === decoded && key === 'messages' && Array.isArray(child)) {
            // SenseCAP's list: what stands where differs from frame to frame.
            for (const part of child.flat(2)) walk(part, []);
          } else if (path.length === 0 && GROUPS.has(key) && isObject(child)) {
            if (known.size === 0) this.measurement({ [key]: child }, '');
          } else walk(child, [...path, key]);
        }
      } else {
        const field = fields.get(name) ?? quantityOf(name, undefined, decoded);
        if (!told(field)) this.#leaf(path, node, inside(field, path));
      }
    };
    walk(decoded, []);
  }

  #leaf(
    path: readonly string[],
    value: unknown,
    field: Field | undefined,
    observedAtMs?: number,
    unit?: unknown,
  ): void {
    const reading = field === undefined ? undefined : known(field, value);
    const { value: number, unit: own = unit } = unnamed(value);
    const time = observedAtMs === undefined ? {} : { observedAtMs };
    if (reading !== undefined) {
      const channel = reading.metric === 'raw' ? channelOf(path) : reading.channel;
      this.#readings.push({ ...reading, channel, ...time });
    } else if (number !== undefined) {
      const stated = typeof own === 'string' ? { unit: own.slice(0, LONGEST_UNIT) } : {};
      this.#readings.push({
        ...{ metric: 'raw', channel: channelOf(path), value: number },
        ...{ ...time, ...stated, ...(field === undefined ? {} : whyRaw(value, own)) },
      });
    } else if (field !== undefined || value === null) lack(this.#lacking, path.join('.'), value);
    if (this.#readings.length > MOST_READINGS) {
      this.#tooMany = true;
      this.#readings.length = MOST_READINGS;
    }
  }
}

function whyRaw(value: unknown, unit: unknown): Pick<ParsedReading, 'rawReason'> {
  if (typeof value === 'boolean') return { rawReason: 'boolean' };
  return typeof unit === 'string' && isUnit(unit) ? { rawReason: 'unit' } : {};
}

/** What the parts of a list are called among themselves, where each has a name of its own; else their places. */
function partsOf(list: readonly unknown[]): [name: string, part: unknown][] {
  const places = list.map((part, index): [string, unknown] => [String(index), part]);
  const key = NAME_KEYS.find((one) => list.every((part) => isObject(part) && typeof part[one] === 'string'));
  if (key === undefined) return places;
  const named = list.map((part): [string, unknown] => [String(isObject(part) ? part[key] : ''), part]);
  return new Set(named.map(([name]) => name)).size === list.length ? named : places;
}

function withoutPlaces(path: readonly string[]): string[] {
  return path.filter((part) => !/^\d+$/.test(part));
}

const NAME_KEYS = ['name', 'label', 'channel', 'sensor', 'id'] as const;

/** Within an object or a list, the way there is part of the channel. */
function inside(field: Field | undefined, path: readonly string[]): Field | undefined {
  if (field === undefined || path.length === 1) return field;
  const [metric, unit, channel = ''] = field;
  return [metric, unit, [...path.slice(0, -1), channel].filter((part) => part !== '').join('.')];
}

/** @param unit undefined: none stands beside the value, and the name may end in one. */
function quantityOf(name: string, unit: string | undefined, whole: JsonObject): Field | undefined {
  if (name === 'electrical_conductivity' && Object.keys(whole).some((key) => SOIL.test(key))) {
    return ['soil_ec', unit ?? ''];
  }
  const found = named(name);
  if (found === undefined || (found.unit !== undefined && unit !== undefined)) return undefined;
  return [found.metric, unit ?? found.unit ?? '', found.channel];
}

/** Decentlab's soil probes; its probes for water use the same word for conductivity. */
const SOIL = /^(soil_|volumetric_water_content|dielectric_permittivity)/;

const STATES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ...[true, 1, '1', 'open', 'opened', 'on', 'leak', 'true'].map((word) => [word, 1] as const),
  ...[false, 0, '0', 'close', 'closed', 'off', 'normal', 'no leak', 'false'].map(
    (word) => [word, 0] as const,
  ),
]);

function known([metric, unit, channel = '']: Field, value: unknown): ParsedReading | undefined {
  const state = STATES.get(typeof value === 'string' ? value.trim().toLowerCase() : value);
  const isState = unit === 'state' || ((metric === 'valve_open' || metric === 'leak') && unit === '');
  const quantity = typeof value === 'string' && !isState ? quantityIn(value) : undefined;
  const number = isState ? state : (quantity?.value ?? numberOf(value));
  if (number === undefined) return undefined;
  if (quantity?.unit !== undefined)
    return { ...statedReading(metric, number, quantity.unit), channel: channelOf([channel]) };
  const converted = isState ? number : toMetricUnit(metric, number, unit.replaceAll('⋅', '·'));
  return converted === undefined ? undefined : { metric, channel: channelOf([channel]), value: converted };
}

function unnamed(value: unknown): { value?: number | undefined; unit?: string | undefined } {
  if (typeof value === 'boolean') return { value: Number(value) };
  return typeof value === 'string' ? (unnamedQuantityIn(value) ?? {}) : { value: numberOf(value) };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string') return quantityIn(value)?.value;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
