/**
 * Every MQTT topic of the system, in one table: who publishes on it, who may subscribe, what travels on it.
 * Types, the access control list and docs/wire.md derive from this table; a topic that is not here is refused.
 *
 * `{device}` and `{gateway}` stand for exactly one topic level: the identity the credential was issued for.
 * '#' at the end stands for the rest, as in MQTT.
 */

/** Who speaks. `controller` is the gateway itself, in the broker's process; it holds no password. */
export type Role = 'device' | 'gateway' | 'controller' | 'cloud';

export interface TopicRule {
  readonly pattern: string;
  /** Name of the payload's schema in messages.ts, or a foreign format. */
  readonly payload: string;
  readonly publish: readonly Role[];
  readonly subscribe: readonly Role[];
  readonly purpose: string;
}

export const topics = {
  readings: {
    pattern: 'nongtin/v1/{device}/readings',
    payload: 'PlainReadings',
    publish: ['device'],
    subscribe: ['controller'],
    purpose: 'Readings as plain JSON',
  },
  valveState: {
    pattern: 'nongtin/v1/{device}/valve/state',
    payload: 'ValveState',
    publish: ['device'],
    subscribe: ['controller'],
    purpose: 'What a valve and its flow meter say: on every change, and every few seconds while open',
  },
  valveCommand: {
    pattern: 'nongtin/v1/{device}/valve/command',
    payload: 'ValveCommand',
    publish: ['controller'],
    subscribe: ['device'],
    purpose: 'A leased opening, or a closing',
  },
  status: {
    pattern: 'nongtin/v1/{device}/status',
    payload: 'DeviceStatus',
    publish: ['device'],
    subscribe: ['controller'],
    purpose: 'online/offline, retained; offline is the last will',
  },
  tasmotaTelemetry: {
    pattern: 'tele/{device}/#',
    payload: 'Tasmota',
    publish: ['device'],
    subscribe: ['controller'],
    purpose: 'Tasmota SENSOR, STATE and LWT',
  },
  tasmotaResult: {
    pattern: 'stat/{device}/#',
    payload: 'Tasmota',
    publish: ['device'],
    subscribe: ['controller'],
    purpose: 'Tasmota answers',
  },
  tasmotaCommand: {
    pattern: 'cmnd/{device}/#',
    payload: 'Tasmota',
    publish: ['controller'],
    subscribe: ['device'],
    purpose: 'Tasmota commands: only the controller may act',
  },
  uplinkEntries: {
    pattern: 'nongtin/v1/uplink/{gateway}/entries',
    payload: 'UplinkEntries',
    publish: ['gateway'],
    subscribe: ['cloud'],
    purpose: 'Journal entries, in order, from a gateway to the cloud',
  },
  uplinkAnswer: {
    pattern: 'nongtin/v1/uplink/{gateway}/answer',
    payload: 'UplinkAnswer',
    publish: ['cloud'],
    subscribe: ['gateway'],
    purpose: 'Which entries the cloud holds durably, or why one is refused',
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

/** Which rule a concrete topic falls under, and the identity in it. Undefined for a topic outside the table. */
export function matchTopic(topic: string): { name: TopicName; identity: string; rest: string } | undefined {
  const levels = topic.split('/');
  for (const [name, rule] of Object.entries(topics) as [TopicName, TopicRule][]) {
    const match = matchLevels(rule.pattern.split('/'), levels);
    if (match) return { name, ...match };
  }
  return undefined;
}

function matchLevels(pattern: readonly string[], levels: readonly string[]) {
  let identity = '';
  for (const [index, part] of pattern.entries()) {
    if (part === '#')
      return levels.length > index ? { identity, rest: levels.slice(index).join('/') } : undefined;
    const level = levels[index];
    if (level === undefined) return undefined;
    if (part.startsWith('{')) {
      if (!IDENTITY.test(level)) return undefined;
      identity = level;
    } else if (part !== level) return undefined;
  }
  return pattern.length === levels.length ? { identity, rest: '' } : undefined;
}
