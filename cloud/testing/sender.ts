import { setTimeout as wait } from 'node:timers/promises';
import { topicOf, type UplinkAnswer, type UplinkEntry } from '@nongtin/broker/wire';
import { connectAsync, type MqttClient } from 'mqtt';

export interface SenderOptions {
  /** Doors of one cloud: when one is gone, the next one is tried. */
  readonly urls: readonly string[];
  readonly gateway: string;
  readonly password: string;
  readonly journal: readonly UplinkEntry[];
  readonly entriesPerMessage: number;
  /** Without an answer for so long, a message is sent again over a new connection. */
  readonly patienceMs: number;
  /** Told of each answer that moved on, with how many entries it confirmed. */
  readonly onDurable?: (entries: number) => void;
}

/** Carries a journal to a cloud as a gateway does: in order, one message at a time, again until it is answered. */
export class Sender {
  readonly #options: SenderOptions;
  readonly refusals: string[] = [];
  #client: MqttClient | undefined;
  #durableUpTo = 0;
  #attempt = 0;
  #stopped = false;
  #wake = Promise.withResolvers<void>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#attempt = options.gateway.length;
  }

  /** Resolves when all entries are durable. */
  async run(): Promise<void> {
    const { journal } = this.#options;
    const last = journal.at(-1)?.number ?? 0;
    await this.#connect();
    while (this.#durableUpTo < last && !this.#stopped) await this.#step();
    await this.#client?.endAsync(true);
  }

  /** Lets run() end before everything is durable. */
  stop(): void {
    this.#stopped = true;
    this.#wake.resolve();
  }

  async #connect(): Promise<void> {
    const { urls, gateway: username, password } = this.#options;
    while (this.#client === undefined && !this.#stopped) {
      const url = urls[this.#attempt++ % urls.length] ?? '';
      try {
        const limits = { reconnectPeriod: 0, connectTimeout: 5_000 };
        const client = await connectAsync(url, { username, password, ...limits }, false);
        client.on('error', () => {});
        client.on('close', () => this.#leave(client));
        client.on('message', (_topic, payload) => this.#hear(JSON.parse(payload.toString())));
        this.#client = client;
        await client.subscribeAsync(topicOf('uplinkAnswer', username), { qos: 0 });
      } catch {
        this.#leave(this.#client);
        await wait(200);
      }
    }
  }

  async #step(): Promise<void> {
    const { journal, entriesPerMessage, gateway, patienceMs } = this.#options;
    const before = this.#durableUpTo;
    const entries = journal.slice(before, before + entriesPerMessage);
    this.#wake = Promise.withResolvers();
    const client = this.#client;
    if (client === undefined) return this.#connect();
    // The answer decides; a broker's PUBACK says little.
    client.publish(topicOf('uplinkEntries', gateway), JSON.stringify({ entries }), { qos: 1 }, () => {});
    const timer = setTimeout(() => this.#leave(client), patienceMs);
    await this.#wake.promise;
    clearTimeout(timer);
  }

  #hear({ durableUpTo, refused }: UplinkAnswer): void {
    if (refused !== undefined) this.refusals.push(refused.reason);
    const moved = durableUpTo - this.#durableUpTo;
    if (moved > 0) {
      this.#durableUpTo = durableUpTo;
      this.#options.onDurable?.(moved);
    }
    if (moved > 0 || refused !== undefined) this.#wake.resolve();
  }

  #leave(client: MqttClient | undefined): void {
    if (client === undefined || client !== this.#client) return;
    this.#client = undefined;
    client.end(true);
    this.#wake.resolve();
  }
}
