import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import { isObject, type JsonObject } from './json.ts';
import { type Lacking, lack } from './no-value.ts';
import { channelOf, type ParsedReading } from './profile.ts';

type Field = readonly [metric: MetricName, unit: string, part?: string];

const METER: Readonly<Record<string, Field>> = {
  apower: ['power', 'W'],
  voltage: ['voltage', 'V'],
  current: ['current', 'A'],
  'aenergy.total': ['energy', 'Wh'],
  'temperature.tC': ['temperature', '°C'],
};

/** The three phases of a meter, each with its letter behind the component's name. */
const phases = (of: Readonly<Record<string, Field>>): Record<string, Field> =>
  Object.fromEntries(
    ['a', 'b', 'c'].flatMap((phase) =>
      Object.entries(of).map(([name, [metric, unit]]) => [`${phase}_${name}`, [metric, unit, phase]]),
    ),
  );

/** Fields by kind of component (shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices); the rest is kept as raw. */
const COMPONENTS: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map(
  Object.entries<Readonly<Record<string, Field>>>({
    switch: { ...METER, output: ['valve_open', '1'] },
    light: METER,
    cover: METER,
    pm1: METER,
    em1: { act_power: ['power', 'W'], voltage: ['voltage', 'V'], current: ['current', 'A'] },
    em1data: { total_act_energy: ['energy', 'Wh'] },
    em: {
      ...phases({ act_power: ['power', 'W'], voltage: ['voltage', 'V'], current: ['current', 'A'] }),
      ...{ total_act_power: ['power', 'W'], total_current: ['current', 'A'] },
    },
    emdata: { ...phases({ total_act_energy: ['energy', 'Wh'] }), total_act: ['energy', 'Wh'] },
    temperature: { tC: ['temperature', '°C'] },
    humidity: { rh: ['relative_humidity', '%'] },
    illuminance: { lux: ['illuminance', 'lx'] },
    voltmeter: { voltage: ['voltage', 'V'] },
    flood: { alarm: ['leak', '1'] },
    devicepower: { 'battery.percent': ['battery', '%'], 'battery.V': ['battery_voltage', 'V'] },
    bthomedevice: { battery: ['battery', '%'], rssi: ['rssi', 'dBm'] },
    bthomesensor: {},
    blutrv: { battery: ['battery', '%'], rssi: ['rssi', 'dBm'], current_C: ['temperature', '°C'] },
    wifi: { rssi: ['rssi', 'dBm'] },
  }).map(([kind, fields]) => [kind, new Map(Object.entries(fields))]),
);

/** They tell of the device itself, nothing of the farm. */
const SILENT = new Set([
  'sys',
  'cloud',
  'mqtt',
  'ws',
  'ble',
  'ht_ui',
  'plugs_ui',
  'script',
  'schedule',
  'matter',
  'ui',
]);
/** Numbers that are no measurement, or say again what another one does. */
const SILENT_FIELDS =
  /^(id|source|.*\b(by_minute|minute_ts)\b.*|last_updated_ts|packet_id|timer_.*|.*\.tF|tF)$/;

const DEEPEST = 4;
const MOST_READINGS = 256;

export interface ComponentReadings extends Readonly<Lacking> {
  readonly readings: ParsedReading[];
}

export function componentKind(component: string): string | undefined {
  return /^([a-z][a-z0-9_]{0,30})(?::\d{1,5})?$/.exec(component)?.[1];
}

/** Readings of one component's status or of a part of it; the channel is the component's name. */
export function componentReadings(component: string, status: JsonObject): ComponentReadings {
  const kind = componentKind(component) ?? '';
  const readings: ParsedReading[] = [];
  const lacking: Lacking = { missing: 0, garbled: 0 };
  if (SILENT.has(kind)) return { readings, ...lacking };
  const fields = COMPONENTS.get(kind);
  const walk = (node: unknown, path: readonly string[]): void => {
    if (readings.length >= MOST_READINGS) return;
    if (typeof node === 'object' && node !== null) {
      if (path.length < DEEPEST) for (const [key, child] of Object.entries(node)) walk(child, [...path, key]);
      return;
    }
    const name = path.join('.');
    const field = fields?.get(name);
    if (field === undefined && (SILENT_FIELDS.test(name) || kind === 'wifi')) return;
    const value = typeof node === 'boolean' ? Number(node) : node;
    if (typeof value === 'number' && Number.isFinite(value))
      readings.push(reading(component, kind, path, value, field));
    else if (field !== undefined) lack(lacking, name, node);
  };
  walk(celsius(status), []);
  return { readings, ...lacking };
}

function reading(
  component: string,
  kind: string,
  path: readonly string[],
  value: number,
  field: Field | undefined,
): ParsedReading {
  const converted = field && toMetricUnit(field[0], value, field[1]);
  if (field === undefined || converted === undefined) {
    return { metric: 'raw', channel: channelOf([component, ...path]), value };
  }
  const [metric, , part] = field;
  const channel = kind === 'wifi' ? '' : channelOf(part === undefined ? [component] : [component, part]);
  // It powers all that is in the device; a Bluetooth sensor's battery only that sensor.
  const powers = metric === 'battery' && kind === 'devicepower' ? { powers: '' } : {};
  return { metric, channel, value: converted, ...powers };
}

/** Every temperature comes in both scales; where only Fahrenheit is there, Celsius is made from it. */
function celsius(status: JsonObject): JsonObject {
  const { tC, tF, temperature } = status;
  const inner = isObject(temperature) ? { ...status, temperature: celsius(temperature) } : status;
  if (tC !== undefined || typeof tF !== 'number') return inner;
  return { ...inner, tC: toMetricUnit('temperature', tF, '°F') };
}
