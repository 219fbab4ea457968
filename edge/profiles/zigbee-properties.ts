import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import { type JsonObject, type Leaf, leavesOf } from './json.ts';
import { type Lacking, lack, saysNoValue } from './no-value.ts';
import { channelOf, type ParsedReading, type ParseProblem } from './profile.ts';
import { quantityIn, statedReading, unnamedQuantityIn } from './text-number.ts';
import type { Property, ZigbeeDevice } from './zigbee-devices.ts';

/**
 * Properties that mean the same on every device (Zigbee2MQTT: zigbee-herdsman-converters, lib/exposes), with the unit
 * they have when the device's `exposes` have not been heard. Without one here, only the exposed unit is believed:
 * `voltage` is millivolts of a battery or volts of the mains, fertility is a conductivity on some probes only.
 */
const NAMES = new Map<string, { metric: MetricName; unit?: string }>([
  ['temperature', { metric: 'temperature', unit: '°C' }],
  ['soil_temperature', { metric: 'soil_temperature', unit: '°C' }],
  ['humidity', { metric: 'relative_humidity', unit: '%' }],
  ['soil_moisture', { metric: 'soil_moisture', unit: '%' }],
  ['soil_fertility', { metric: 'soil_ec' }],
  ['soil_ec', { metric: 'soil_ec' }],
  ['soil_conductivity', { metric: 'soil_ec' }],
  ['soil_ph', { metric: 'soil_ph' }],
  ['pressure', { metric: 'air_pressure', unit: 'hPa' }],
  ['illuminance', { metric: 'illuminance', unit: 'lx' }],
  ['illuminance_lux', { metric: 'illuminance', unit: 'lx' }],
  ['co2', { metric: 'co2', unit: 'ppm' }],
  ['wind_speed', { metric: 'wind_speed', unit: 'm/s' }],
  ['flow', { metric: 'flow', unit: 'm³/h' }],
  ['voltage', { metric: 'voltage' }],
  ['current', { metric: 'current', unit: 'A' }],
  ['power', { metric: 'power', unit: 'W' }],
  ['energy', { metric: 'energy', unit: 'kWh' }],
  ['battery', { metric: 'battery', unit: '%' }],
  ['linkquality', { metric: 'link_quality', unit: 'lqi' }],
]);

/** About the software or the bridge, not about the farm. */
const PASSED_OVER = new Set(['update', 'update_available', 'device', 'last_seen', 'elapsed', 'transition']);

interface Found extends Lacking {
  readonly readings: ParsedReading[];
}

/**
 * The readings of one state message. Null is a property that the device has not reported yet, so it is not missing; texts
 * are settings and names, but for the state of a switch, the status of a valve and what begins with a number.
 */
export function zigbeeReadings(object: JsonObject, device: ZigbeeDevice | undefined): Found | ParseProblem {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves;
  const lacking: Lacking = { missing: 0, garbled: 0 };
  const exposed = new Map(device?.properties.map((property) => [property.property, property]));
  const onBattery = device?.onBattery ?? typeof object.battery === 'number';
  const readings = leaves.flatMap((leaf): ParsedReading[] => {
    const [first = ''] = leaf.path;
    if (leaf.value === null || PASSED_OVER.has(first)) return [];
    const property = leaf.path.length === 1 ? exposed.get(first) : undefined;
    const isNumeric = leaf.path.length === 1 && isMeasured(first, property, device);
    const text = typeof leaf.value === 'string' ? leaf.value : undefined;
    const quantity = text === undefined ? undefined : (isNumeric ? quantityIn : unnamedQuantityIn)(text);
    const isReading = quantity !== undefined && (isNumeric || quantity.unit !== undefined);
    if (text !== undefined && !isReading) {
      if (isNumeric && !saysNoValue(text)) lack(lacking, first, text);
      return textReadings(first, text, leaf, property);
    }
    const value = quantity?.value ?? Number(leaf.value);
    if (!Number.isFinite(value)) {
      lack(lacking, leaf.path.join('.'), leaf.value);
      return [];
    }
    if (first === 'water_leak' && leaf.path.length === 1) return [{ metric: 'leak', channel: '', value }];
    const raw = { metric: 'raw', channel: channelOf(leaf.path), value } as const;
    const known =
      leaf.path.length === 1
        ? measured(first, value, property, device, onBattery, quantity?.unit)
        : undefined;
    if (known !== undefined && typeof leaf.value === 'boolean') return [{ ...raw, rawReason: 'boolean' }];
    if (known?.metric === 'raw') return [{ ...raw, ...known, channel: raw.channel }];
    const unit = quantity?.unit ?? property?.unit;
    return [known ?? (unit === undefined ? raw : { ...raw, unit })];
  });
  return { readings, ...lacking };
}

/** Whether a number is expected: of a device whose properties are known, only what it announces as one. */
function isMeasured(
  first: string,
  property: Property | undefined,
  device: ZigbeeDevice | undefined,
): boolean {
  return NAMES.has(property?.name ?? first) && (property !== undefined || device === undefined);
}

function measured(
  first: string,
  value: number,
  property: Property | undefined,
  device: ZigbeeDevice | undefined,
  onBattery: boolean,
  stated: string | undefined,
): ParsedReading | undefined {
  const found = NAMES.get(property?.name ?? first);
  if (found === undefined) return undefined;
  const isBattery = found.metric === 'voltage' && onBattery;
  const unsaid = isBattery && device === undefined ? 'mV' : found.unit;
  const unit = property === undefined ? unsaid : property.unit;
  const metric = isBattery ? 'battery_voltage' : found.metric;
  const channel = channelOf(property?.endpoint === undefined ? [] : [property.endpoint]);
  if (stated !== undefined) return { ...statedReading(metric, value, stated), channel };
  const converted = toMetricUnit(metric, value, unit ?? '');
  return converted === undefined ? undefined : { metric, channel, value: converted };
}

/** What may be a relay or a valve: one whose kind is not known yet counts as one. */
const VALVES = new Set(['switch', 'valve', 'binary']);

function textReadings(
  first: string,
  value: string,
  leaf: Leaf,
  property: Property | undefined,
): ParsedReading[] {
  if (leaf.path.length > 1) return [];
  if (first === 'current_device_status') {
    return [{ metric: 'leak', channel: '', value: Number(value.includes('water_leakage')) }];
  }
  // Tuya's soil sensors say it in a word: low, medium, high.
  if (first === 'battery_state') {
    return [{ metric: 'raw', channel: first, value: Number(value === 'low'), powers: '' }];
  }
  const endpoint = /^state(?:_(\w{1,32}))?$/.exec(first);
  if (endpoint === null && property === undefined) return [];
  const isOn = value === (property?.on ?? 'ON');
  if (!isOn && value !== (property?.off ?? 'OFF')) return [];
  if (endpoint !== null && (property === undefined || VALVES.has(property.kind))) {
    return [{ metric: 'valve_open', channel: channelOf([endpoint[1] ?? '']), value: Number(isOn) }];
  }
  return [{ metric: 'raw', channel: channelOf(leaf.path), value: Number(isOn) }];
}
