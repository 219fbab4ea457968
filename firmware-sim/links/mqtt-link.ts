import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type Hearing, type Link, type Message, type Speaker, topicMatches } from './link.ts';
import { Outbox } from './outbox.ts';

export interface MqttLinkOptions {
  /** mqtt:// or mqtts:// address of the broker. */
  readonly brokerUrl: string;
  readonly speaker: Speaker;
  /** Undefined: an anonymous connection. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  /** Spreads the reconnections of many devices; uniform in [0, 1). */
  readonly random: () => number;
}

/** Who wants to know how the links are. Called from a link's own events, any number of times. */
export interface LinkWatcher {
  connected(device: string): void;
  disconnected(device: string, reason: string): void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
const KEEPALIVE_SECONDS = 20;
const GOODBYE_MS = 1_000;

/**
 * One speaker's MQTT connection: announces itself (retained, with a last will), comes back by itself with growing pauses,
 * and keeps readings while it cannot send them.
 */
export class MqttLink implements Link {
  readonly #options: MqttLinkOptions;
  readonly #watcher: LinkWatcher;
  readonly #outbox: Outbox;
  #client: MqttClient | undefined;
  #hearing: Hearing | undefined;
  #lastError = 'no connection';

  constructor(options: MqttLinkOptions, watcher: LinkWatcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.#outbox = new Outbox(({ topic, payload, retain = false }, acknowledged) => {
      this.#client?.publish(topic, payload, { qos: 1, retain }, acknowledged);
    });
  }

  start(hearing: Hearing): void {
    this.#hearing = hearing;
    this.#open();
  }

  publish(message: Message, when: 'keep' | 'now'): void {
    if (when === 'keep') this.#outbox.add(message);
    else if (this.#client?.connected) {
      const { topic, payload, retain = false } = message;
      this.#client.publish(topic, payload, { qos: 1, retain });
    }
  }

  reach(isReachable: boolean): void {
    const client = this.#client;
    if (isReachable) {
      if (client === undefined && this.#hearing !== undefined) this.#open();
      return;
    }
    if (client === undefined) return;
    this.#client = undefined;
    this.#outbox.setConnected(false);
    // Cut off without a goodbye: the broker publishes the last will.
    client.end(true);
    this.#watcher.disconnected(this.#identity, 'taken off the air by a fault');
  }

  /** Says goodbye and waits for the connection's end, a second at most. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#hearing = undefined;
    if (client === undefined) return;
    this.#client = undefined;
    this.#outbox.setConnected(false);
    if (client.connected) await this.#sayGoodbye(client);
    await client.endAsync(true);
  }

  get #identity(): string {
    return this.#options.speaker.identity;
  }

  #open(): void {
    const { subscriptions } = this.#options.speaker;
    const client = connect(this.#options.brokerUrl, this.#clientOptions());
    this.#client = client;
    client.on('connect', () => this.#greet(client));
    client.on('message', (topic, payload, packet) => {
      if (client !== this.#client || !subscriptions.some((filter) => topicMatches(filter, topic))) return;
      this.#hearing?.received({ topic, payload: payload.toString('utf8'), retained: packet.retain });
    });
    client.on('error', (error) => {
      this.#lastError = describe(error);
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#outbox.setConnected(false);
      this.#backOff(client);
      this.#watcher.disconnected(this.#identity, this.#lastError);
    });
  }

  #clientOptions(): IClientOptions {
    const { login, speaker } = this.#options;
    const { presence } = speaker;
    return {
      clientId: speaker.identity,
      ...login,
      // A clean session: a command that could not be delivered must not arrive later.
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: 10_000,
      reconnectPeriod: this.#firstRetryMs(),
      reconnectOnConnackError: true,
      resubscribe: false,
      ...(presence && {
        will: { topic: presence.topic, payload: Buffer.from(presence.offline), qos: 1, retain: true },
      }),
    };
  }

  /** First able to hear, then 'online': whoever reads that may command at once. */
  #greet(client: MqttClient): void {
    client.options.reconnectPeriod = this.#firstRetryMs();
    const { subscriptions } = this.#options.speaker;
    if (subscriptions.length === 0) this.#comeOnline(client);
    else {
      client.subscribe([...subscriptions], { qos: 1 }, (error) => {
        this.#comeOnline(client);
        if (error) this.#watcher.disconnected(this.#identity, describe(error));
      });
    }
  }

  #comeOnline(client: MqttClient): void {
    // mqtt.js also ends a subscription whose connection is lost, with an error.
    if (!client.connected || client !== this.#client) return;
    const { presence } = this.#options.speaker;
    if (presence) client.publish(presence.topic, presence.online, { qos: 1, retain: true });
    this.#watcher.connected(this.#identity);
    this.#hearing?.connected();
    this.#outbox.setConnected(true);
  }

  #firstRetryMs(): number {
    return Math.round(FIRST_RETRY_MS * (0.5 + this.#options.random()));
  }

  /** mqtt.js reads the pause anew at each loss of the connection; a jitter keeps the devices from coming all at once. */
  #backOff(client: MqttClient): void {
    const next = (client.options.reconnectPeriod ?? FIRST_RETRY_MS) * (1.5 + this.#options.random());
    client.options.reconnectPeriod = Math.min(LONGEST_RETRY_MS, Math.round(next));
  }

  /** After a regular end the broker does not publish the last will, so the speaker says itself that it goes. */
  #sayGoodbye(client: MqttClient): Promise<void> {
    const { presence } = this.#options.speaker;
    if (presence === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GOODBYE_MS);
      client.publish(presence.topic, presence.offline, { qos: 1, retain: true }, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Node joins the failures of several addresses in an AggregateError without a message of its own. */
function describe(error: Error & { code?: unknown }): string {
  return error.message !== '' ? error.message : String(error.code ?? error.name);
}
