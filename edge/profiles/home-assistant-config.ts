import { esphomeState } from './esphome-topic.ts';
import { LONGEST_TEMPLATE } from './home-assistant-template.ts';
import { isObject, type JsonObject } from './json.ts';

/** Home Assistant's components that hold something a farm measures or a valve. */
const COMPONENTS = ['sensor', 'binary_sensor', 'switch', 'valve', 'number'] as const;
type Component = (typeof COMPONENTS)[number];

interface Availability {
  readonly topic: string;
  readonly online: string;
  readonly offline: string;
  readonly template?: string | undefined;
}

/** One value that a device has announced: where it comes, what it is. Plain JSON, so that it can be remembered. */
export interface Entity {
  readonly component: Component;
  readonly name: string;
  /** The channel of its raw values: what it is called where nothing has been announced. */
  readonly rawName: string;
  /** May hold wildcards (OpenMQTTGateway). */
  readonly topic: string;
  readonly template?: string | undefined;
  readonly deviceClass?: string | undefined;
  readonly unit?: string | undefined;
  /** `state_class` total or total_increasing: a counter. */
  readonly isTotal: boolean;
  /** A setting or a diagnosis of the device itself (`entity_category`). */
  readonly category?: string | undefined;
  readonly on: readonly string[];
  readonly off: readonly string[];
  readonly device?:
    | { readonly id: string; readonly name: string; readonly via?: string | undefined }
    | undefined;
  readonly availability: readonly Availability[];
}

/**
 * The short names that may stand for those used here (home-assistant/core: components/mqtt/abbreviations.py). Every other
 * key is passed over.
 */
const SHORT: Readonly<Record<string, string>> = {
  stat_t: 'state_topic',
  val_tpl: 'value_template',
  unit_of_meas: 'unit_of_measurement',
  dev_cla: 'device_class',
  stat_cla: 'state_class',
  ent_cat: 'entity_category',
  dev: 'device',
  ids: 'identifiers',
  cns: 'connections',
  avty: 'availability',
  avty_t: 'availability_topic',
  avty_tpl: 'availability_template',
  pl_avail: 'payload_available',
  pl_not_avail: 'payload_not_available',
  pl_on: 'payload_on',
  pl_off: 'payload_off',
  stat_on: 'state_on',
  stat_off: 'state_off',
  stat_open: 'state_open',
  stat_clsd: 'state_closed',
  cmps: 'components',
  o: 'origin',
  p: 'platform',
  t: 'topic',
};

/**
 * What a discovery message announces, by key ('' for a message of one entity). `path` is what stands between the prefix
 * and `/config`: component, perhaps a node, object. Components that are none of ours, or that have no state, are left out.
 */
export function readEntities(
  speaker: string,
  path: readonly string[],
  message: JsonObject,
): Map<string, Entity> {
  const root = expand(message);
  const entities = new Map<string, Entity>();
  // Its devices speak on topics that are read without this, with more knowledge of them.
  if (isObject(root.origin) && root.origin.name === 'Zigbee2MQTT') return entities;
  const [component = ''] = path;
  if (component !== 'device') {
    add('', { ...root, platform: component }, path.at(-1) ?? '');
    return entities;
  }
  if (!isObject(root.components)) return entities;
  for (const [key, value] of Object.entries(root.components)) {
    // What stands at the root holds for every component.
    if (isObject(value)) add(key, { ...root, name: undefined, ...expand(value, root['~']) }, key);
  }
  return entities;

  function add(key: string, config: JsonObject, objectId: string): void {
    const entity = entityOf(speaker, config, objectId);
    if (entity !== undefined) entities.set(key, entity);
  }
}

function entityOf(speaker: string, config: JsonObject, objectId: string): Entity | undefined {
  const component = COMPONENTS.find((name) => name === config.platform);
  const topic = text(config.state_topic, 256);
  if (component === undefined || topic === undefined || !isOwn(topic, speaker)) return undefined;
  const esphome = topic.startsWith(`${speaker}/`) ? esphomeState(topic.slice(speaker.length + 1)) : undefined;
  const name = esphome?.objectId ?? text(config.name, 128) ?? objectId.slice(0, 128);
  const words = (own: unknown, other: unknown, usual: string) => [
    String(scalar(own) ?? scalar(other) ?? usual).slice(0, 64),
  ];
  const valve = component === 'valve';
  return {
    component,
    name,
    rawName: esphome === undefined ? name : `${esphome.component}.${esphome.objectId}`,
    topic,
    // One that is too long to be understood is told, not dropped.
    template: text(config.value_template, Number.POSITIVE_INFINITY)?.slice(0, LONGEST_TEMPLATE + 1),
    deviceClass: text(config.device_class, 64),
    unit: text(config.unit_of_measurement, 32),
    isTotal: config.state_class === 'total' || config.state_class === 'total_increasing',
    category: text(config.entity_category, 32),
    on: valve ? words(config.state_open, undefined, 'open') : words(config.state_on, config.payload_on, 'ON'),
    off: valve
      ? words(config.state_closed, undefined, 'closed')
      : words(config.state_off, config.payload_off, 'OFF'),
    device: deviceOf(config.device),
    availability: availabilityOf(config),
  };
}

/** The topic begins with the speaker's name, as far as it is said (OpenMQTTGateway announces '+/+/BTtoMQTT/…'). */
function isOwn(topic: string, speaker: string): boolean {
  const [first] = topic.split('/', 1);
  return first === speaker || first === '+' || first === '#';
}

/** Model and firmware of the device that an announcement names, by their long or short names. */
export function aboutDevice(config: JsonObject): { model: unknown; firmware: unknown } {
  const device = config.device ?? config.dev;
  if (!isObject(device)) return { model: undefined, firmware: undefined };
  const maker = text(device.manufacturer ?? device.mf, 64);
  const model = text(device.model ?? device.mdl, 64);
  const named = maker !== undefined && model !== undefined ? `${maker} ${model}` : model;
  return { model: named, firmware: device.sw_version ?? device.sw };
}

/** Identifiers and connections may be one text or a list; a connection is a pair such as ["mac", "…"]. */
function deviceOf(value: unknown): Entity['device'] {
  if (!isObject(value)) return undefined;
  const device = expand(value);
  const first = (list: unknown) => (Array.isArray(list) ? list[0] : list);
  const connection = first(device.connections);
  const id =
    scalar(first(device.identifiers)) ?? scalar(Array.isArray(connection) ? connection[1] : connection);
  const name = text(device.name, 128);
  if (id === undefined && name === undefined) return undefined;
  const known = String(id ?? name).slice(0, 128);
  return { id: known, name: name ?? known, via: text(device.via_device, 128) };
}

const MOST_AVAILABILITIES = 8;

function availabilityOf(config: JsonObject): Availability[] {
  const list = Array.isArray(config.availability) ? config.availability : [config.availability];
  const single = {
    ...config,
    topic: config.availability_topic,
    value_template: config.availability_template,
  };
  return [single, ...list.slice(0, MOST_AVAILABILITIES)].flatMap((value) => {
    if (!isObject(value)) return [];
    const one = expand(value, config['~']);
    const topic = text(one.topic, 256);
    if (topic === undefined) return [];
    return {
      topic,
      online: String(scalar(one.payload_available) ?? 'online').slice(0, 64),
      offline: String(scalar(one.payload_not_available) ?? 'offline').slice(0, 64),
      template: text(one.value_template, 300),
    };
  });
}

/** Long names for short ones, and '~' at the beginning or the end of a topic replaced by the base topic. */
function expand(object: JsonObject, outerBase?: unknown): JsonObject {
  const base = object['~'] ?? outerBase;
  const expanded = Object.entries(object).map(([key, value]) => {
    const name = Object.hasOwn(SHORT, key) ? (SHORT[key] ?? key) : key;
    if (typeof value !== 'string' || typeof base !== 'string' || !name.endsWith('topic'))
      return [name, value];
    const full = value.startsWith('~')
      ? base + value.slice(1)
      : value.endsWith('~')
        ? value.slice(0, -1) + base
        : value;
    return [name, full];
  });
  return Object.fromEntries(expanded);
}

function text(value: unknown, longest: number): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined;
}

function scalar(value: unknown): string | number | boolean | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : undefined;
}
