import { type Identity, isPlain } from '../acl.ts';
import { Speakers } from '../speakers.ts';
import { matchTopic, type TopicRule, topics } from '../wire/index.ts';

const MOST_TOPICS = 10_000;

/**
 * Who has spoken, of those whom our credentials let in. A broker elsewhere does not say; its access list, made of the same
 * table, lets nobody speak on another's topics. The answer is an identity, 'command' for what only we say, or in place of
 * both the name that stands in the topic and is nobody's ('' when there is none).
 */
export class SpeakersOfFarm {
  readonly #people: () => readonly Identity[];
  #byId: ReadonlyMap<string, Identity> = new Map();
  #bridge: string | undefined;
  readonly #speakers = new Speakers(() => this.#bridge);
  readonly #known = new Map<string, Identity | string>();

  constructor(people: () => readonly Identity[]) {
    this.#people = people;
  }

  /** Credentials have changed. */
  refresh(): void {
    const speaking = this.#people().filter(({ role }) => role === 'device' || role === 'bridge');
    this.#byId = new Map(speaking.map((person) => [person.id, person]));
    // The first of them, and so the same one when another is added.
    this.#bridge = speaking.find(({ role }) => role === 'bridge')?.id;
    this.#known.clear();
  }

  of(topic: string, payload: Uint8Array): Identity | string {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    const speaker = this.#find(topic, payload);
    if (isDiscovery(topic)) return speaker;
    if (this.#known.size >= MOST_TOPICS) this.#known.clear();
    this.#known.set(topic, speaker);
    return speaker;
  }

  #find(topic: string, payload: Uint8Array): Identity | string {
    const named = matchTopic(topic)?.identity ?? '';
    if (!isPlain(topic)) return named;
    const speaker = this.#speakers.of(topic, payload, undefined);
    if (speaker === 'command') return speaker;
    if (speaker === 'unknown_topic') return '';
    return named === '' ? speaker : (this.#byId.get(named) ?? named);
  }
}

/** Whose such a message is stands in its payload. */
function isDiscovery(topic: string): boolean {
  const name = matchTopic(topic)?.name;
  const rule: TopicRule | undefined = name && topics[name];
  return name === 'tasmotaDiscovery' || rule?.payload === 'Home Assistant';
}
