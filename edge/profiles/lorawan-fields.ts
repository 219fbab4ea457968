import { toMetricUnit } from '../units/units.ts';
import { isObject, type JsonObject } from './json.ts';
import { named } from './lorawan-units.ts';
import { type Field, fieldsOf, normalizedFields, senseCap } from './lorawan-vendors.ts';
import { saysNoValue } from './no-value.ts';
import { channelOf, type ParsedReading, type ParseProblem, problem } from './profile.ts';
import { timeWithOffset } from './time.ts';

export interface DecodedPayload {
  readonly decoded: unknown;
  /** The same in the schema of The Things Stack: one measurement, or a list of them. */
  readonly normalized?: unknown;
  /** What the device, its model, its profile and its codec are called. */
  readonly names: readonly string[];
}

export interface FieldReadings {
  readonly readings: readonly ParsedReading[];
  /** Fields that should hold a reading and hold none. */
  readonly missing: number;
  readonly garbled: number;
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
  #missing = 0;
  #garbled = 0;
  #tooMany = false;
  #tooDeep = false;

  result(): FieldReadings | ParseProblem {
    if (this.#tooMany)
      return problem('too_many_fields', `the codec gives more than ${MOST_READINGS} readings`);
    if (this.#tooDeep)
      return problem('too_deep', `the codec's answer is nested deeper than ${DEEPEST} levels`);
    return { readings: this.#readings, missing: this.#missing, garbled: this.#garbled };
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
          this.#leaf([...path.slice(0, -1), String(node.measurementId)], node.measurementValue, field);
      } else if (isObject(node) && node.type === 'upload_battery') {
        this.#leaf(['battery'], node.battery, ['battery', '%']);
      } else if (isObject(node) || Array.isArray(node)) {
        for (const [key, child] of Object.entries(node)) {
          if (path.length === 0 && GROUPS.has(key) && isObject(child)) {
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
    const number = typeof value === 'boolean' ? Number(value) : plainNumberOf(value);
    const time = observedAtMs === undefined ? {} : { observedAtMs };
    if (reading !== undefined) this.#readings.push({ ...reading, ...time });
    else if (number !== undefined) {
      const why = field !== undefined && typeof value === 'boolean' ? { rawReason: 'boolean' as const } : {};
      const stated = typeof unit === 'string' ? { unit: unit.slice(0, LONGEST_UNIT) } : {};
      this.#readings.push({
        ...{ metric: 'raw', channel: channelOf(path), value: number },
        ...{ ...time, ...stated, ...why },
      });
    } else if (field !== undefined || value === null) {
      this.#missing += 1;
      if (!saysNoValue(value)) this.#garbled += 1;
    }
    if (this.#readings.length > MOST_READINGS) {
      this.#tooMany = true;
      this.#readings.length = MOST_READINGS;
    }
  }
}

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
  const number = isState ? state : numberOf(value);
  if (number === undefined) return undefined;
  const converted = isState ? number : toMetricUnit(metric, number, unit.replaceAll('⋅', '·'));
  return converted === undefined ? undefined : { metric, channel: channelOf([channel]), value: converted };
}

/** Of a field that nobody knows: digits that begin with 0, or go on and on, are an address or a key. */
function plainNumberOf(value: unknown): number | undefined {
  const isCode = typeof value === 'string' && !/^-?(0|[1-9]\d{0,8})(\.\d{1,9})?$/.test(value);
  return isCode ? undefined : numberOf(value);
}

/** Also of a number that comes as text, as some codecs' `toFixed` gives it. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^\s*[-+]?\d{1,15}(\.\d{1,15})?\s*$/.test(value)) return undefined;
  return Number(value);
}
