import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import { type JsonObject, type Leaf, leavesOf } from './json.ts';
import { channelOf, type ParsedReading, type ParseProblem } from './profile.ts';
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

/**
 * The readings of one state message. Null is a property that the device has not reported yet, so it is not missing; texts
 * are settings and names, but for the state of a switch and the status of a valve.
 */
export function zigbeeReadings(object: JsonObject, device: ZigbeeDevice | undefined) {
  const leaves = leavesOf(object);
  if (!Array.isArray(leaves)) return leaves satisfies ParseProblem;
  const exposed = new Map(device?.properties.map((property) => [property.property, property]));
  const onBattery = device?.onBattery ?? typeof object.battery === 'number';
  return leaves.flatMap((leaf): ParsedReading[] => {
    const [first = ''] = leaf.path;
    if (leaf.value === null || PASSED_OVER.has(first)) return [];
    const property = leaf.path.length === 1 ? exposed.get(first) : undefined;
    const value = typeof leaf.value === 'boolean' ? Number(leaf.value) : leaf.value;
    if (typeof value === 'string') return textReadings(first, value, leaf, property);
    if (!Number.isFinite(value)) return [];
    if (first === 'water_leak' && leaf.path.length === 1) return [{ metric: 'leak', channel: '', value }];
    const raw = { metric: 'raw', channel: channelOf(leaf.path), value } as const;
    const known = leaf.path.length === 1 ? measured(first, value, property, device, onBattery) : undefined;
    if (known !== undefined && typeof leaf.value === 'boolean') return [{ ...raw, rawReason: 'boolean' }];
    return [known ?? (property?.unit === undefined ? raw : { ...raw, unit: property.unit })];
  });
}

function measured(
  first: string,
  value: number,
  property: Property | undefined,
  device: ZigbeeDevice | undefined,
  onBattery: boolean,
): ParsedReading | undefined {
  const found = NAMES.get(property?.name ?? first);
  if (found === undefined) return undefined;
  const isBattery = found.metric === 'voltage' && onBattery;
  const unsaid = isBattery && device === undefined ? 'mV' : found.unit;
  const unit = property === undefined ? unsaid : property.unit;
  const metric = isBattery ? 'battery_voltage' : found.metric;
  const converted = toMetricUnit(metric, value, unit ?? '');
  if (converted === undefined) return undefined;
  return {
    metric,
    channel: channelOf(property?.endpoint === undefined ? [] : [property.endpoint]),
    value: converted,
  };
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
