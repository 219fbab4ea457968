import { topicOf } from '@nongtin/broker/wire';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type Message, Outbox } from './outbox.ts';

export interface LinkOptions {
  /** mqtt:// or mqtts:// address of the broker. */
  readonly brokerUrl: string;
  /** Identity of the device: its user name, its client id and its level in every topic. */
  readonly device: string;
  readonly password: string;
  /** Spreads the reconnections of many devices; uniform in [0, 1). */
  readonly random: () => number;
}

/** Who wants to know how the link is. Called from the link's own events, any number of times. */
export interface LinkWatcher {
  connected(device: string): void;
  disconnected(device: string, reason: string): void;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
const KEEPALIVE_SECONDS = 20;
const GOODBYE_MS = 1_000;

/**
 * One device's MQTT connection: announces itself on `status` (retained, with a last will), comes back by itself with
 * growing pauses, and keeps readings while it cannot send them.
 */
export class DeviceLink {
  readonly #options: LinkOptions;
  readonly #watcher: LinkWatcher;
  readonly #outbox: Outbox;
  #client: MqttClient | undefined;
  #lastError = 'no connection';
  #onConnect: () => void = () => undefined;
  #subscription: { topic: string; receive: (payload: Buffer, retained: boolean) => void } | undefined;

  constructor(options: LinkOptions, watcher: LinkWatcher) {
    this.#options = options;
    this.#watcher = watcher;
    this.#outbox = new Outbox((message, acknowledged) => {
      this.#client?.publish(message.topic, message.payload, { qos: 1 }, acknowledged);
    });
  }

  /** Call before start: `receive` gets each message on `topic`. */
  subscribe(topic: string, receive: (payload: Buffer, retained: boolean) => void): void {
    this.#subscription = { topic, receive };
  }

  /** Call before start: `run` is called after each connection, when subscribed. */
  onConnect(run: () => void): void {
    this.#onConnect = run;
  }

  start(): void {
    const client = connect(this.#options.brokerUrl, this.#clientOptions());
    this.#client = client;
    client.on('connect', () => this.#greet(client));
    client.on('message', (topic, payload, packet) => {
      if (topic === this.#subscription?.topic) this.#subscription.receive(payload, packet.retain);
    });
    client.on('error', (error) => {
      this.#lastError = describe(error);
    });
    client.on('close', () => {
      this.#outbox.setConnected(false);
      this.#backOff(client);
      this.#watcher.disconnected(this.#options.device, this.#lastError);
    });
  }

  /** A reading: sent now, or after the next connection. */
  publish(topic: string, payload: object): void {
    this.#outbox.add(messageOf(topic, payload));
  }

  /** A state: sent now or not at all, because a late one would be untrue. */
  publishNow(topic: string, payload: object): void {
    if (!this.#client?.connected) return;
    const message = messageOf(topic, payload);
    this.#client.publish(message.topic, message.payload, { qos: 1 });
  }

  /** Says goodbye and waits for the connection's end, a second at most. */
  async stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#outbox.setConnected(false);
    if (client.connected) await this.#sayGoodbye(client);
    await client.endAsync(true);
  }

  #clientOptions(): IClientOptions {
    const { device, password } = this.#options;
    return {
      clientId: device,
      username: device,
      password,
      // A clean session: a command that could not be delivered must not arrive later.
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: 10_000,
      reconnectPeriod: this.#firstRetryMs(),
      reconnectOnConnackError: true,
      resubscribe: false,
      will: { topic: topicOf('status', device), payload: Buffer.from('offline'), qos: 1, retain: true },
    };
  }

  /** First able to hear, then 'online': whoever reads that may command at once. */
  #greet(client: MqttClient): void {
    client.options.reconnectPeriod = this.#firstRetryMs();
    if (this.#subscription === undefined) this.#comeOnline(client);
    else {
      client.subscribe(this.#subscription.topic, { qos: 1 }, (error) => {
        this.#comeOnline(client);
        if (error) this.#watcher.disconnected(this.#options.device, describe(error));
      });
    }
  }

  #comeOnline(client: MqttClient): void {
    // mqtt.js also ends a subscription whose connection is lost, with an error.
    if (!client.connected) return;
    client.publish(topicOf('status', this.#options.device), 'online', { qos: 1, retain: true });
    this.#watcher.connected(this.#options.device);
    this.#onConnect();
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

  /** After a regular end the broker does not publish the last will, so the device says itself that it goes. */
  #sayGoodbye(client: MqttClient): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GOODBYE_MS);
      client.publish(topicOf('status', this.#options.device), 'offline', { qos: 1, retain: true }, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

const messageOf = (topic: string, payload: object): Message => ({ topic, payload: JSON.stringify(payload) });

/** Node joins the failures of several addresses in an AggregateError without a message of its own. */
function describe(error: Error & { code?: unknown }): string {
  return error.message !== '' ? error.message : String(error.code ?? error.name);
}
