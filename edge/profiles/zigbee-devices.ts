import { isObject } from './json.ts';

/** What a property of a Zigbee device is, as Zigbee2MQTT's `exposes` say it. */
export interface Property {
  readonly property: string;
  /** Without the endpoint: 'temperature' of 'temperature_l1'. */
  readonly name: string;
  readonly endpoint?: string | undefined;
  readonly unit?: string | undefined;
  /** What the property belongs to: numeric, binary, switch, light … */
  readonly kind: string;
  readonly on?: string | undefined;
  readonly off?: string | undefined;
}

export interface ZigbeeDevice {
  readonly isGroup: boolean;
  readonly onBattery: boolean;
  readonly properties: readonly Property[];
}

const MOST_DEVICES = 1_000;
const MOST_PROPERTIES = 80;
const DEEPEST = 3;

/**
 * The devices of `bridge/devices` and the groups of `bridge/groups`, by friendly name
 * (zigbee2mqtt.io: MQTT topics and messages, Exposes). Undefined when it is no list.
 */
export function readDevices(list: unknown, isGroup: boolean): Map<string, ZigbeeDevice> | undefined {
  if (!Array.isArray(list)) return undefined;
  const devices = new Map<string, ZigbeeDevice>();
  for (const device of list.slice(0, MOST_DEVICES)) {
    if (!isObject(device) || device.type === 'Coordinator') continue;
    const name = device.friendly_name;
    if (typeof name !== 'string' || name === '' || name.length > 256) continue;
    const exposes = isObject(device.definition) ? device.definition.exposes : undefined;
    devices.set(name, {
      isGroup,
      onBattery: device.power_source === 'Battery',
      properties: propertiesOf(exposes, '', 0).slice(0, MOST_PROPERTIES),
    });
  }
  return devices;
}

/** Model and firmware of the devices of `bridge/devices`; groups have none. */
export function aboutDevices(list: unknown): [name: string, { model: unknown; firmware: unknown }][] {
  return (Array.isArray(list) ? list.slice(0, MOST_DEVICES) : []).flatMap((device) => {
    if (!isObject(device) || typeof device.friendly_name !== 'string') return [];
    const { vendor, model } = isObject(device.definition) ? device.definition : {};
    const named = typeof model === 'string' && typeof vendor === 'string' ? `${vendor} ${model}` : model;
    return [[device.friendly_name, { model: named ?? device.model_id, firmware: device.software_build_id }]];
  });
}

/** Features of a switch, a lamp … belong to it; a composite (settings of several numbers) is left to raw. */
function propertiesOf(exposes: unknown, owner: string, depth: number): Property[] {
  if (!Array.isArray(exposes) || depth > DEEPEST) return [];
  return exposes.slice(0, MOST_PROPERTIES).flatMap((expose): Property[] => {
    if (!isObject(expose) || expose.type === 'composite' || expose.type === 'list') return [];
    const type = text(expose.type) ?? '';
    if (expose.features !== undefined) return propertiesOf(expose.features, type, depth + 1);
    const { property, name, endpoint, unit, value_on, value_off } = expose;
    const known = text(property);
    if (known === undefined || (type !== 'numeric' && type !== 'binary')) return [];
    return [
      {
        property: known,
        name: text(name) ?? known,
        endpoint: text(endpoint),
        unit: text(unit),
        kind: owner === '' ? type : owner,
        on: text(value_on),
        off: text(value_off),
      },
    ];
  });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined;
}
