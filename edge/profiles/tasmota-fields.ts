import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import { isObject, type JsonObject } from './json.ts';
import { channelOf, type ParsedReading } from './profile.ts';
import { statedReading } from './text-number.ts';

/**
 * Fields of Tasmota's sensors that always mean the same (tasmota.github.io/docs/Supported-Peripherals): the metric, and
 * the unit or the name of the field beside the sensors that tells it. Everything else is kept as raw: 'Moisture' is a
 * percentage from a Mi Flora and a bare count from a Chirp, 'SeaPressure' is no measured pressure.
 */
const FIELDS = new Map<string, { metric: MetricName; unit: string }>([
  ['Temperature', { metric: 'temperature', unit: 'TempUnit' }],
  ['DewPoint', { metric: 'dew_point', unit: 'TempUnit' }],
  ['Humidity', { metric: 'relative_humidity', unit: '%' }],
  ['Pressure', { metric: 'air_pressure', unit: 'PressureUnit' }],
  ['Illuminance', { metric: 'illuminance', unit: 'lx' }],
  ['UvIndex', { metric: 'uv_index', unit: '1' }],
  ['CarbonDioxide', { metric: 'co2', unit: 'ppm' }],
  ['Fertility', { metric: 'soil_ec', unit: 'uS/cm' }],
  ['Speed.Act', { metric: 'wind_speed', unit: 'SpeedUnit' }],
  ['Dir.Deg', { metric: 'wind_direction', unit: '°' }],
  ['Voltage', { metric: 'voltage', unit: 'V' }],
  ['Current', { metric: 'current', unit: 'A' }],
  ['Power', { metric: 'power', unit: 'W' }],
  ['ENERGY.Total', { metric: 'energy', unit: 'kWh' }],
  ['FLOWRATE.Rate', { metric: 'flow', unit: 'FLOWRATE.Unit' }],
  ['Battery', { metric: 'battery', unit: '%' }],
  // A device behind Tasmota's own Zigbee bridge.
  ['BatteryPercentage', { metric: 'battery', unit: '%' }],
  ['LinkQuality', { metric: 'link_quality', unit: 'lqi' }],
  ['RSSI', { metric: 'rssi', unit: 'dBm' }],
]);
const FLORA_MOISTURE = { metric: 'soil_moisture', unit: '%' } as const;

/** What Tasmota means when it does not say it (Commands: SetOption8, SetOption24). A speed has no default. */
const UNSAID: Readonly<Record<string, string>> = { TempUnit: '°C', PressureUnit: 'hPa' };

/** Reads the fields of one SENSOR message. */
export class SensorFields {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  /** Whether the field should hold a number, so that text in it is worth reading and null is a fault. */
  isMeasured(path: readonly string[]): boolean {
    return fieldOf(path) !== undefined;
  }

  /** @param stated the unit behind the number, if one stands there */
  reading(path: readonly string[], value: number, stated?: string): ParsedReading {
    const found = fieldOf(path);
    const raw: ParsedReading = { metric: 'raw', channel: channelOf(path), value };
    if (found === undefined) return stated === undefined ? raw : { ...raw, unit: stated };
    if (stated !== undefined) {
      const reading = statedReading(found.metric, value, stated);
      return { ...reading, channel: reading.metric === 'raw' ? raw.channel : channelOf(found.sensor) };
    }
    const converted = toMetricUnit(found.metric, value, this.#unitOf(found.unit));
    if (converted === undefined) return raw;
    return { metric: found.metric, channel: channelOf(found.sensor), value: converted };
  }

  #unitOf(unit: string): string {
    if (!unit.endsWith('Unit')) return unit;
    let said: unknown = this.#object;
    for (const key of unit.split('.')) {
      said = isObject(said) && Object.hasOwn(said, key) ? said[key] : UNSAID[unit];
    }
    return typeof said === 'string' ? said : '';
  }
}

/** The field's meaning, and the path of the sensor it belongs to. Of a list (one value a phase) each has its index. */
function fieldOf(path: readonly string[]) {
  const last = path.at(-1) ?? '';
  const index = /^\d+$/.test(last) ? [last] : [];
  const whole = path.slice(0, path.length - index.length);
  const [name = '', parent = ''] = [whole.at(-1), whole.at(-2)];
  if (whole.length < 2) return undefined;
  const pair = FIELDS.get(`${parent}.${name}`);
  if (pair !== undefined) {
    const isGroup = parent === 'Speed' || parent === 'Dir';
    return { ...pair, sensor: [...whole.slice(0, isGroup ? -2 : -1), ...index] };
  }
  const field = name === 'Moisture' && /flora/i.test(parent) ? FLORA_MOISTURE : FIELDS.get(name);
  return field && { ...field, sensor: [...whole.slice(0, -1), ...index] };
}
