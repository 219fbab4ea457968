import type { MetricName } from '@nongtin/broker/wire';
import type { Entity } from './home-assistant-config.ts';
import { metricOf } from './home-assistant-metrics.ts';
import { parseTemplate, type Template } from './home-assistant-template.ts';
import { Learned } from './learned.ts';
import type { ProfileContext } from './profile.ts';

const MOST_ENTITIES = 400;
const MOST_DEVICES = 200;
const MOST_SPEAKERS = 2_000;
const MOST_TOPICS = 1_000;
const MOST_TEMPLATES = 2_000;

/** With the channel its readings were first given: what a series was called, it stays. */
type Remembered = Entity & { readonly channel?: string | undefined };

export interface KnownEntity extends Entity {
  readonly id: string;
  channel: string | undefined;
  readonly metric: MetricName | undefined;
  /** 'unknown' when there is one that is not understood. */
  readonly parsed: Template | 'unknown' | undefined;
}

interface Index {
  readonly entities: KnownEntity[];
  readonly exact: Map<string, KnownEntity[]>;
  readonly patterns: { levels: readonly string[]; entity: KnownEntity }[];
  readonly availability: Map<string, KnownEntity[]>;
}

/** What each speaker has announced. A topic is known only for the speaker that announced it. */
export class Entities {
  readonly #entities: Learned<Remembered>;
  /** The name of each device's readings behind its speaker; empty: the speaker itself. */
  readonly #devices: Learned<string>;
  readonly #indexes = new Map<string, Index>();
  /** Parsed, by text: the index of a speaker is made anew with each thing it announces. */
  readonly #templates = new Map<string, Template | 'unknown'>();
  readonly #changed: () => void;

  constructor({ memory, changed }: ProfileContext) {
    this.#entities = new Learned(memory, 'home-assistant', MOST_ENTITIES);
    this.#devices = new Learned(memory, 'home-assistant-devices', MOST_DEVICES);
    this.#changed = changed;
  }

  /** Takes in what one discovery message announces; what is new among it, and what the speaker may not add. */
  learn(speaker: string, path: string, announced: ReadonlyMap<string, Entity>) {
    const before = this.#entities
      .entries(speaker)
      .filter(([id]) => id === path || id.startsWith(`${path}\n`));
    const fresh: Entity[] = [];
    let refused = 0;
    const ids = new Set<string>();
    for (const [key, entity] of announced) {
      const id = key === '' ? path : `${path}\n${key}`;
      ids.add(id);
      const known = this.#entities.get(speaker, id);
      const channel = known?.channel;
      const next: Remembered = channel === undefined ? entity : { ...entity, channel };
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(next)) continue;
      if (this.#entities.set(speaker, id, next)) fresh.push(entity);
      else refused += 1;
    }
    const gone = before.filter(([id]) => !ids.has(id));
    for (const [id] of gone) this.#entities.set(speaker, id, undefined);
    if (fresh.length + gone.length > 0) {
      this.#indexes.delete(speaker);
      this.#changed();
    }
    return { fresh, refused };
  }

  /** The entities whose state comes on this topic. */
  on(speaker: string, topic: string): readonly KnownEntity[] {
    const index = this.#indexOf(speaker);
    const found = index.exact.get(topic);
    if (found !== undefined || index.patterns.length === 0) return found ?? [];
    const levels = topic.split('/');
    const matching = index.patterns
      .filter((pattern) => matches(pattern.levels, levels))
      .map(({ entity }) => entity);
    if (matching.length > 0 && index.exact.size < MOST_TOPICS) index.exact.set(topic, matching);
    return matching;
  }

  /** The entities whose device's presence is told on this topic. */
  presentOn(speaker: string, topic: string): readonly KnownEntity[] {
    return this.#indexOf(speaker).availability.get(topic) ?? [];
  }

  /**
   * The channel of an entity's readings: none for the only sensor of its metric that the device has when it is first
   * read; the object's name for any other, for valves and for raw values.
   */
  channelOf(speaker: string, entity: KnownEntity): string {
    if (entity.channel !== undefined) return entity.channel;
    const others = this.#indexOf(speaker).entities.filter(
      (other) =>
        other.id !== entity.id && other.metric === entity.metric && other.device?.id === entity.device?.id,
    );
    const name = plainName(entity);
    const isTaken = others.some((other) => (other.channel ?? plainName(other)) === name);
    const isNamed = others.length > 0 || entity.metric === undefined || entity.metric === 'valve_open';
    const tail = entity.id.split(/[/\n]/).at(-1);
    const channel = isTaken ? `${name} ${tail}` : isNamed ? name : '';
    entity.channel = channel;
    const remembered = this.#entities.get(speaker, entity.id);
    if (remembered !== undefined) this.#entities.set(speaker, entity.id, { ...remembered, channel });
    return channel;
  }

  /**
   * The device of an entity: the speaker itself when it announces one device only, or others by way of this one; else the
   * name it gives it. Kept from the first reading on (`settle`).
   */
  deviceOf(speaker: string, entity: Entity, settle: boolean): string | undefined {
    const { device } = entity;
    if (device === undefined) return undefined;
    const settled = this.#devices.get(speaker, device.id);
    const name = settled ?? this.#nameOf(speaker, device);
    if (settled === undefined && settle) this.#devices.set(speaker, device.id, name);
    return name === '' ? undefined : name;
  }

  /** Whether its device announces no other battery in this way: then it is the whole device's. */
  isOnlyBattery(speaker: string, { id, component, device, deviceClass }: KnownEntity): boolean {
    return !this.#indexOf(speaker).entities.some(
      (other) =>
        other.id !== id &&
        other.component === component &&
        other.deviceClass === deviceClass &&
        other.device?.id === device?.id,
    );
  }

  #nameOf(speaker: string, { id, name, via }: NonNullable<Entity['device']>): string {
    const others = this.#indexOf(speaker).entities.flatMap(({ device }) => device ?? []);
    const isOnly = via === undefined && others.every((other) => other.id === id);
    const isBetween = others.some((other) => other.id !== id && (other.via === id || other.via === name));
    if (isOnly || isBetween || name === speaker) return '';
    const isTaken = others.some((other) => other.id !== id && other.name === name);
    return isTaken ? `${name} ${id}` : name;
  }

  #parsed(template: string): Template | 'unknown' {
    const held = this.#templates.get(template);
    if (held !== undefined) return held;
    const read = parseTemplate(template);
    const parsed = 'problem' in read ? 'unknown' : read;
    if (this.#templates.size >= MOST_TEMPLATES) this.#templates.clear();
    this.#templates.set(template, parsed);
    return parsed;
  }

  #indexOf(speaker: string): Index {
    const held = this.#indexes.get(speaker);
    if (held !== undefined) return held;
    const index: Index = { entities: [], exact: new Map(), patterns: [], availability: new Map() };
    for (const [id, remembered] of this.#entities.entries(speaker)) {
      const { template, channel } = remembered;
      const parsed = template === undefined ? undefined : this.#parsed(template);
      const entity: KnownEntity = { ...remembered, id, channel, metric: metricOf(remembered), parsed };
      index.entities.push(entity);
      if (/[+#]/.test(entity.topic)) index.patterns.push({ levels: entity.topic.split('/'), entity });
      else push(index.exact, entity.topic, entity);
      for (const { topic } of entity.availability) push(index.availability, topic, entity);
    }
    if (this.#indexes.size >= MOST_SPEAKERS) this.#indexes.clear();
    this.#indexes.set(speaker, index);
    return index;
  }
}

function plainName({ metric, name, rawName }: KnownEntity): string {
  return metric === undefined ? rawName : name;
}

function push(map: Map<string, KnownEntity[]>, topic: string, entity: KnownEntity): void {
  const list = map.get(topic);
  if (list === undefined) map.set(topic, [entity]);
  else list.push(entity);
}

/** MQTT 3.1.1, 4.7.1. */
function matches(pattern: readonly string[], levels: readonly string[]): boolean {
  for (const [index, part] of pattern.entries()) {
    if (part === '#') return true;
    if (levels[index] === undefined || (part !== '+' && part !== levels[index])) return false;
  }
  return pattern.length === levels.length;
}
