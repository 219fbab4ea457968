import type { Identity } from './acl.ts';
import { IDENTITY, matchTopic, topics } from './wire/index.ts';

/** Whose a message is when nothing else says so: a bridge of its family. */
const BRIDGES: ReadonlyMap<string, string> = new Map([
  ['zigbee', 'zigbee2mqtt'],
  ['chirpstack', 'chirpstack'],
  ['thingsStack', 'things-stack'],
]);
const MOST_ANNOUNCED = 10_000;

/** Why a message cannot come from a device. */
export type NoSpeaker = 'unknown_topic' | 'command';

/**
 * Who spoke, where nobody says: a recorded log rarely does, and a broker elsewhere never. So the topic tells. On a family's
 * own topics it is the farm's bridge, or whoever is named as the family; a discovery message is that of the device whose
 * topics it announces.
 */
export class Speakers {
  readonly #bridge: () => string | undefined;
  /** Tasmota's MAC → its topic, which only one of its two discovery messages tells. */
  readonly #announced = new Map<string, string>();

  constructor(bridge: () => string | undefined = () => undefined) {
    this.#bridge = bridge;
  }

  of(topic: string, payload: Uint8Array, stated: string | undefined): Identity | NoSpeaker {
    const match = matchTopic(topic);
    if (match === undefined) return 'unknown_topic';
    const publishers: readonly string[] = topics[match.name].publish;
    if (!publishers.includes('device')) return 'command';
    if (stated !== undefined && IDENTITY.test(stated)) return { id: stated, role: 'bridge' };
    if (match.identity !== '') return { id: match.identity, role: 'device' };
    const bridge = this.#bridgeOf(match.name);
    if (bridge !== undefined) return { id: bridge, role: 'bridge' };
    const id =
      match.name === 'tasmotaDiscovery'
        ? this.#tasmota(match.rest, payload)
        : (this.#announcedBy(objectIn(payload)) ?? 'homeassistant');
    return { id, role: 'bridge' };
  }

  #bridgeOf(row: string): string | undefined {
    const family = BRIDGES.get(row);
    return family && (this.#bridge() ?? family);
  }

  #tasmota(rest: string, payload: Uint8Array): string {
    const [mac = '', kind] = rest.split('/');
    const named = kind === 'config' ? objectIn(payload).t : undefined;
    if (typeof named === 'string' && IDENTITY.test(named) && this.#announced.size < MOST_ANNOUNCED)
      this.#announced.set(mac, named);
    return this.#announced.get(mac) ?? 'tasmota';
  }

  /** The device whose state an entity's discovery message points at. */
  #announcedBy(config: Readonly<Record<string, unknown>>): string | undefined {
    const base = config['~'];
    const state = config.state_topic ?? config.stat_t;
    if (typeof state !== 'string') return undefined;
    const topic = typeof base === 'string' ? state.replace(/^~|~$/, () => base) : state;
    const match = matchTopic(topic);
    if (match === undefined) return undefined;
    return match.identity === '' ? this.#bridgeOf(match.name) : match.identity;
  }
}

function objectIn(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.assign(Object.create(null) as Record<string, unknown>, value);
  } catch {
    return {};
  }
}
