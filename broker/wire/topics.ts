/**
 * Every MQTT topic of the system, in one table: who publishes on it, who may subscribe, what travels on it.
 * Types, the access control list and docs/wire.md derive from this table; a topic that is not here is refused. The first
 * row that matches decides, so the rows of commands stand before the wider rows of what devices say.
 *
 * `{device}` and `{gateway}` stand for exactly one topic level: the identity the credential was issued for. '+' is any
 * level, '#' at the end any rest, as in MQTT; `**` is one level or more in the middle of a pattern.
 */

/**
 * Who speaks. `controller` is the gateway itself, in the broker's process; it holds no password. A `bridge` speaks for
 * devices that have no MQTT of their own (Zigbee2MQTT, ChirpStack, The Things Stack). A `technician` (a tool such as
 * MQTT Explorer) and `node-red` listen to the farm and command nothing.
 */
export type Role = 'device' | 'bridge' | 'gateway' | 'controller' | 'cloud' | 'technician' | 'node-red';

export interface TopicRule {
  readonly pattern: string;
  /** Name of the payload's schema in messages.ts, or a foreign format. */
  readonly payload: string;
  readonly publish: readonly Role[];
  readonly subscribe: readonly Role[];
  readonly purpose: string;
}

const LISTENERS = ['technician', 'node-red'] as const;
const spoken = { publish: ['device', 'bridge'], subscribe: ['controller', ...LISTENERS] } as const;
/** Bridges read their own space: some subscribe to all of it. */
const bridged = { publish: ['device', 'bridge'], subscribe: ['controller', 'bridge', ...LISTENERS] } as const;
/** A technician sees what was commanded; nobody but the controller commands. */
const deviceCommand = { publish: ['controller'], subscribe: ['device', 'bridge', 'technician'] } as const;
const bridgeCommand = { publish: ['controller'], subscribe: ['bridge', 'technician'] } as const;

export const topics = {
  sys: {
    pattern: '$SYS/broker/#',
    payload: 'text',
    publish: [],
    subscribe: ['controller', ...LISTENERS, 'cloud'],
    purpose: 'What the broker tells of itself, every 10 s while somebody listens; names as in Mosquitto',
  },
  marker: {
    pattern: 'nongtin/v1/controller/marker',
    payload: 'text',
    publish: ['controller'],
    subscribe: ['controller'],
    purpose: 'The gateway to itself through a broker elsewhere: what comes before it has waited there',
  },
  local: {
    pattern: 'local/#',
    payload: 'free',
    publish: LISTENERS,
    subscribe: LISTENERS,
    purpose: "What the farm's own flows and tools tell each other; of no meaning to the gateway",
  },
  readings: {
    pattern: 'nongtin/v1/{device}/readings',
    payload: 'PlainReadings',
    ...spoken,
    purpose: 'Readings as plain JSON',
  },
  valveState: {
    pattern: 'nongtin/v1/{device}/valve/state',
    payload: 'ValveState',
    ...spoken,
    purpose: 'What a valve and its flow meter say: on every change, and every few seconds while open',
  },
  valveCommand: {
    pattern: 'nongtin/v1/{device}/valve/command',
    payload: 'ValveCommand',
    ...deviceCommand,
    purpose: 'A leased opening, or a closing',
  },
  weatherUpload: {
    pattern: 'nongtin/v1/{device}/weather',
    payload: 'WeatherUpload',
    ...spoken,
    purpose: "A weather station's upload, as it came by HTTP (GET /weatherstation/updateweatherstation.php)",
  },
  status: {
    pattern: 'nongtin/v1/{device}/status',
    payload: 'DeviceStatus',
    ...spoken,
    purpose: 'online/offline, retained; offline is the last will',
  },
  uplinkEntries: {
    pattern: 'nongtin/v1/uplink/{gateway}/entries',
    payload: 'UplinkEntries',
    publish: ['gateway'],
    subscribe: ['cloud'],
    purpose: 'Journal entries, in order, from a gateway to the cloud',
  },
  uplinkLive: {
    pattern: 'nongtin/v1/uplink/{gateway}/live',
    payload: 'UplinkLive',
    publish: ['gateway'],
    subscribe: ['cloud'],
    purpose: 'How a farm is now, ahead of the entries that still wait; a newer one replaces an older one',
  },
  uplinkAnswer: {
    pattern: 'nongtin/v1/uplink/{gateway}/answer',
    payload: 'UplinkAnswer',
    publish: ['cloud'],
    subscribe: ['gateway'],
    purpose: 'Which entries the cloud holds durably, or why one is refused',
  },
  gatewayCommand: {
    pattern: 'nongtin/v1/uplink/{gateway}/command',
    payload: 'RemoteCommand',
    publish: ['cloud'],
    subscribe: ['gateway'],
    purpose: 'What somebody asks of a farm from afar; the gateway decides',
  },
  gatewayOutcome: {
    pattern: 'nongtin/v1/uplink/{gateway}/outcome',
    payload: 'GatewayOutcome',
    publish: ['gateway'],
    subscribe: ['cloud'],
    purpose: 'That a gateway takes commands now, and what became of each of them',
  },
  neighbourQuestion: {
    pattern: 'nongtin/v1/uplink/{gateway}/neighbours/question',
    payload: 'NeighbourQuestion',
    publish: ['gateway'],
    subscribe: ['cloud'],
    purpose: 'What have the traps of other farms of the cooperative caught?',
  },
  neighbourAnswer: {
    pattern: 'nongtin/v1/uplink/{gateway}/neighbours/answer',
    payload: 'NeighbourAnswer',
    publish: ['cloud'],
    subscribe: ['gateway'],
    purpose: 'What they caught in the last two weeks, near the one that asked; it says of when it is',
  },
  tasmotaCommand: {
    pattern: 'cmnd/{device}/#',
    payload: 'Tasmota',
    ...deviceCommand,
    purpose: 'Tasmota commands: only the controller may act',
  },
  tasmotaTelemetry: {
    pattern: 'tele/{device}/#',
    payload: 'Tasmota',
    ...spoken,
    purpose: 'Tasmota SENSOR, STATE and LWT',
  },
  tasmotaResult: {
    pattern: 'stat/{device}/#',
    payload: 'Tasmota',
    ...spoken,
    purpose: 'Tasmota answers and states',
  },
  tasmotaDiscovery: {
    pattern: 'tasmota/discovery/#',
    payload: 'Tasmota',
    ...spoken,
    purpose: 'What a Tasmota device is and which topics it uses',
  },
  homeAssistantDiscovery: {
    pattern: 'homeassistant/#',
    payload: 'Home Assistant',
    ...spoken,
    purpose: 'MQTT discovery: which values a device has, where and in which unit',
  },
  /** Every ESPHome node tells it as soon as it is connected; refused, it would be disconnected again and again. */
  esphomeDiscovery: {
    pattern: 'esphome/discover/#',
    payload: 'ESPHome',
    ...spoken,
    purpose: 'What an ESPHome node is, and its address',
  },
  zigbeeCommand: {
    pattern: 'zigbee2mqtt/**/set',
    payload: 'Zigbee2MQTT',
    ...bridgeCommand,
    purpose: 'Zigbee2MQTT commands: only the controller may act',
  },
  zigbeeQuestion: {
    pattern: 'zigbee2mqtt/**/get',
    payload: 'Zigbee2MQTT',
    ...bridgeCommand,
    purpose: 'Asks a Zigbee device for its state',
  },
  zigbeeCommandOfOne: {
    pattern: 'zigbee2mqtt/**/set/#',
    payload: 'Zigbee2MQTT',
    ...bridgeCommand,
    purpose: 'Zigbee2MQTT commands for one attribute',
  },
  zigbeeQuestionOfOne: {
    pattern: 'zigbee2mqtt/**/get/#',
    payload: 'Zigbee2MQTT',
    ...bridgeCommand,
    purpose: 'Asks a Zigbee device for one attribute',
  },
  zigbeeAdministration: {
    pattern: 'zigbee2mqtt/bridge/request/#',
    payload: 'Zigbee2MQTT',
    ...bridgeCommand,
    purpose: 'Administration of the bridge: joining, renaming',
  },
  zigbee: {
    pattern: 'zigbee2mqtt/#',
    payload: 'Zigbee2MQTT',
    ...bridged,
    purpose: 'What Zigbee devices and their bridge say',
  },
  chirpstackCommand: {
    pattern: 'application/+/device/+/command/#',
    payload: 'ChirpStack v4',
    ...bridgeCommand,
    purpose: 'Downlinks: only the controller may act',
  },
  chirpstack: {
    pattern: 'application/+/device/+/event/+',
    payload: 'ChirpStack v4',
    ...bridged,
    purpose: 'ChirpStack events: up, join, status, ack, txack',
  },
  thingsStackCommand: {
    pattern: 'v3/+/devices/+/down/push',
    payload: 'The Things Stack v3',
    ...bridgeCommand,
    purpose: 'Downlinks: only the controller may act',
  },
  thingsStackReplace: {
    pattern: 'v3/+/devices/+/down/replace',
    payload: 'The Things Stack v3',
    ...bridgeCommand,
    purpose: 'Downlinks that replace the queue',
  },
  thingsStack: {
    pattern: 'v3/+/devices/+/#',
    payload: 'The Things Stack v3',
    ...bridged,
    purpose: 'The Things Stack uplinks and other events',
  },
  ownCommand: {
    pattern: '{device}/**/command',
    payload: 'ESPHome',
    ...deviceCommand,
    purpose: 'Commands of ESPHome devices: only the controller may act',
  },
  ownRpc: {
    pattern: '{device}/rpc',
    payload: 'Shelly Gen2+',
    ...deviceCommand,
    purpose: 'Requests to a Shelly: only the controller may act',
  },
  ownShellyCommand: {
    pattern: '{device}/command',
    payload: 'Shelly Gen2+',
    ...deviceCommand,
    purpose: 'Announcement and status requests to a Shelly',
  },
  ownShellyControl: {
    pattern: '{device}/command/#',
    payload: 'Shelly Gen2+',
    ...deviceCommand,
    purpose: "A Shelly's plain-text control of one component",
  },
  ownTasmotaCommand: {
    pattern: '{device}/cmnd/#',
    payload: 'Tasmota',
    ...deviceCommand,
    purpose: 'Tasmota commands where the full topic is %topic%/%prefix%/',
  },
  ownSet: {
    pattern: '{device}/**/set',
    payload: 'Zigbee2MQTT',
    ...deviceCommand,
    purpose: 'Zigbee2MQTT commands where its base topic is the identity',
  },
  ownGet: {
    pattern: '{device}/**/get',
    payload: 'Zigbee2MQTT',
    ...deviceCommand,
    purpose: 'Zigbee2MQTT questions where its base topic is the identity',
  },
  ownSetOfOne: {
    pattern: '{device}/**/set/#',
    payload: 'Zigbee2MQTT',
    ...deviceCommand,
    purpose: 'Zigbee2MQTT commands for one attribute where its base topic is the identity',
  },
  ownGetOfOne: {
    pattern: '{device}/**/get/#',
    payload: 'Zigbee2MQTT',
    ...deviceCommand,
    purpose: 'Zigbee2MQTT questions for one attribute where its base topic is the identity',
  },
  ownAdministration: {
    pattern: '{device}/bridge/request/#',
    payload: 'Zigbee2MQTT',
    ...deviceCommand,
    purpose: 'Zigbee2MQTT administration where its base topic is the identity',
  },
  own: {
    pattern: '{device}/#',
    payload: 'ESPHome, Shelly Gen2+, Tasmota, Zigbee2MQTT',
    ...bridged,
    purpose: 'What a device says on topics that begin with its own name',
  },
} as const satisfies Record<string, TopicRule>;

export type TopicName = keyof typeof topics;

/** An identity is one topic level that cannot be mistaken for a wildcard, a `$` topic or a path. */
export const IDENTITY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The topic of `name` for one identity. Throws a RangeError on an identity that is not one plain level. */
export function topicOf(name: TopicName, identity: string): string {
  if (!IDENTITY.test(identity)) {
    throw new RangeError(`'${identity}' is no identity: 1 to 64 of A-Z a-z 0-9 _ - are allowed`);
  }
  return topics[name].pattern.replace(/\{(device|gateway)\}/, identity);
}

export interface TopicMatch {
  readonly name: TopicName;
  /** The level that stands for `{device}` or `{gateway}`; empty in a row that has none. */
  readonly identity: string;
  /** What stands for '#', '**' and '+', the levels joined by '/'; empty in a row that has none. */
  readonly rest: string;
}

/** First levels of the table itself: no device may be named so, or it would own what is everybody's. */
const RESERVED = new Set(
  Object.values<TopicRule>(topics)
    .map(({ pattern }) => pattern.split('/')[0] ?? '')
    .filter((level) => !level.startsWith('{')),
);

/** Whether an identity's own topics (`{device}/…`) would be those of the system or of a family. */
export function isReservedName(identity: string): boolean {
  return RESERVED.has(identity);
}

const rules = Object.entries<TopicRule>(topics).map(([name, { pattern }]) => ({
  name: name as TopicName,
  levels: pattern.split('/'),
}));

/** Which rule a concrete topic falls under. Undefined for a topic outside the table. */
export function matchTopic(topic: string): TopicMatch | undefined {
  const levels = topic.split('/');
  for (const rule of rules) {
    const match = matchLevels(rule.levels, levels);
    if (match) return { name: rule.name, ...match };
  }
  return undefined;
}

/** Where the literal level after `**` stands: last, or before a last `#`. -1: nowhere, or nothing stands for one of the two. */
function endOfAny(pattern: readonly string[], levels: readonly string[], index: number): number {
  const literal = pattern[index + 1];
  if (pattern[index + 2] !== '#')
    return levels.length > index + 1 && levels.at(-1) === literal ? levels.length - 1 : -1;
  const at = levels.findIndex((level, place) => place > index && level === literal);
  return at < levels.length - 1 ? at : -1;
}

function matchLevels(pattern: readonly string[], levels: readonly string[]) {
  let identity = '';
  const rest: string[] = [];
  for (const [index, part] of pattern.entries()) {
    if (part === '#') {
      rest.push(...levels.slice(index));
      return levels.length > index ? { identity, rest: rest.join('/') } : undefined;
    }
    if (part === '**') {
      const at = endOfAny(pattern, levels, index);
      if (at === -1) return undefined;
      return { identity, rest: [...levels.slice(index, at), ...levels.slice(at + 1)].join('/') };
    }
    const level = levels[index];
    if (level === undefined) return undefined;
    if (part.startsWith('{')) {
      if (!IDENTITY.test(level) || (index === 0 && RESERVED.has(level))) return undefined;
      identity = level;
    } else if (part === '+') rest.push(level);
    else if (part !== level) return undefined;
  }
  return pattern.length === levels.length ? { identity, rest: rest.join('/') } : undefined;
}
