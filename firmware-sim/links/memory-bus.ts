import type { Scheduler } from '../time/scheduler.ts';
import {
  type HeardMessage,
  type Hearing,
  type Link,
  type Message,
  type Speaker,
  topicMatches,
} from './link.ts';
import { Outbox } from './outbox.ts';

export interface BusMessage extends Message {
  /** Identity of who published it; empty: whoever holds the bus. */
  readonly by: string;
}

interface Listener {
  readonly filter: string;
  readonly receive: (message: HeardMessage & { readonly by: string }) => void;
}

/**
 * A broker without a network, for harnesses: it delivers through the scheduler after a fixed time, in order, keeps retained
 * messages and publishes last wills. `connect` is the link factory of a simulation; a controller under test uses `publish`
 * and `subscribe`.
 */
export class MemoryBus {
  readonly #scheduler: Scheduler;
  readonly #latencyMs: number;
  readonly #retained = new Map<string, BusMessage>();
  readonly #listeners = new Set<Listener>();
  readonly #links = new Set<MemoryLink>();
  #isUp = true;

  constructor(scheduler: Scheduler, { latencyMs = 20 }: { latencyMs?: number } = {}) {
    this.#scheduler = scheduler;
    this.#latencyMs = latencyMs;
  }

  readonly connect = (speaker: Speaker): Link => {
    const link = new MemoryLink(this, speaker);
    this.#links.add(link);
    return link;
  };

  get isUp(): boolean {
    return this.#isUp;
  }

  /** False: the broker is gone, as at a gateway's power cut; devices keep what they can. True: they come back. */
  setUp(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    for (const link of this.#links) link.brokerChanged();
  }

  /** Says something in the name of `by`; dropped while the bus is down. */
  publish(message: Message, by = ''): void {
    if (!this.#isUp) return;
    this.#scheduler.after(this.#latencyMs, () => this.#deliver({ ...message, by }));
  }

  /** Hears what is said from now on, and what was retained; the answer ends it. */
  subscribe(filter: string, receive: Listener['receive']): () => void {
    const listener: Listener = { filter, receive };
    this.#listeners.add(listener);
    for (const { topic, payload, by } of this.#retained.values()) {
      if (!topicMatches(filter, topic)) continue;
      this.#scheduler.after(this.#latencyMs, () => {
        if (this.#listeners.has(listener)) receive({ topic, payload, by, retained: true });
      });
    }
    return () => this.#listeners.delete(listener);
  }

  after(delayMs: number, run: () => void): void {
    this.#scheduler.after(delayMs, run);
  }

  #deliver({ topic, payload, retain = false, by }: BusMessage): void {
    if (!this.#isUp) return;
    if (retain && payload === '') this.#retained.delete(topic);
    else if (retain) this.#retained.set(topic, { topic, payload, retain, by });
    for (const { filter, receive } of [...this.#listeners]) {
      if (topicMatches(filter, topic)) receive({ topic, payload, by, retained: false });
    }
  }
}

/** How soon a device is back once the broker is. */
const RECONNECT_MS = 1_000;

class MemoryLink implements Link {
  readonly #bus: MemoryBus;
  readonly #speaker: Speaker;
  readonly #outbox: Outbox;
  #hearing: Hearing | undefined;
  #endings: (() => void)[] = [];
  #isConnected = false;
  #isReachable = true;

  constructor(bus: MemoryBus, speaker: Speaker) {
    this.#bus = bus;
    this.#speaker = speaker;
    this.#outbox = new Outbox((message, acknowledged) => {
      bus.publish(message, speaker.identity);
      acknowledged();
    });
  }

  start(hearing: Hearing): void {
    this.#hearing = hearing;
    this.#connect();
  }

  publish(message: Message, when: 'keep' | 'now'): void {
    if (when === 'keep') this.#outbox.add(message);
    else if (this.#isConnected) this.#bus.publish(message, this.#speaker.identity);
  }

  reach(isReachable: boolean): void {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    if (isReachable) this.#bus.after(RECONNECT_MS, () => this.#connect());
    else this.#lose();
  }

  brokerChanged(): void {
    if (this.#bus.isUp) this.#bus.after(RECONNECT_MS, () => this.#connect());
    else this.#forget();
  }

  async stop(): Promise<void> {
    this.#lose();
    this.#hearing = undefined;
  }

  #connect(): void {
    const hearing = this.#hearing;
    if (hearing === undefined || this.#isConnected || !this.#isReachable || !this.#bus.isUp) return;
    this.#isConnected = true;
    const { subscriptions, presence, identity } = this.#speaker;
    this.#endings = subscriptions.map((filter) =>
      this.#bus.subscribe(filter, (message) => {
        if (this.#isConnected) hearing.received(message);
      }),
    );
    if (presence)
      this.#bus.publish({ topic: presence.topic, payload: presence.online, retain: true }, identity);
    hearing.connected();
    this.#outbox.setConnected(true);
  }

  /** The broker misses it, and tells. */
  #lose(): void {
    if (!this.#isConnected) return;
    this.#forget();
    const { presence, identity } = this.#speaker;
    if (presence)
      this.#bus.publish({ topic: presence.topic, payload: presence.offline, retain: true }, identity);
  }

  #forget(): void {
    this.#isConnected = false;
    this.#outbox.setConnected(false);
    for (const end of this.#endings) end();
    this.#endings = [];
  }
}
