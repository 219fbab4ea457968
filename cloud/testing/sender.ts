import { setTimeout as wait } from 'node:timers/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import { topicOf, type UplinkAnswer, type UplinkEntry } from '@nongtin/broker/wire';
import { connectAsync, type MqttClient } from 'mqtt';

export interface SenderOptions {
  /** Doors of one cloud: when one is gone, the next one is tried. */
  readonly urls: readonly string[];
  /** Which of them is tried first. */
  readonly firstDoor?: number;
  readonly gateway: string;
  readonly password: string;
  readonly journal: readonly UplinkEntry[];
  readonly entriesPerMessage: number;
  /** Without an answer for so long, a message is sent again over a new connection. */
  readonly patienceMs: number;
}

/** Packed as a gateway packs. */
const FASTEST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Of a door that is gone. */
const RETRY_MS = 200;

/** Carries a journal to a cloud as a gateway does: in order, one message at a time, again until it is answered. */
export class Sender {
  readonly #options: SenderOptions;
  readonly refusals: string[] = [];
  /** Told of each answer that moved on. */
  onDurable = (): void => {};
  #client: MqttClient | undefined;
  #durableUpTo = 0;
  #attempt = 0;
  #stopped = false;
  #wake = Promise.withResolvers<void>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#attempt = options.firstDoor ?? 0;
  }

  /** Resolves when all entries up to this number are durable; without one, all. May be called again for more. */
  async run(upTo = this.#options.journal.at(-1)?.number ?? 0): Promise<void> {
    while (this.#durableUpTo < upTo && !this.#stopped) await this.#step(upTo);
  }

  /** Resolves when it may send; run() sees to it by itself. */
  async connect(): Promise<void> {
    while (this.#client === undefined && !this.#stopped) await this.#tryToConnect();
  }

  /** Ends the connection, and run() although not everything is durable. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake.resolve();
    await this.#client?.endAsync(true);
  }

  async #tryToConnect(): Promise<void> {
    const { urls, gateway: username, password } = this.#options;
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
      await wait(RETRY_MS);
    }
  }

  async #step(upTo: number): Promise<void> {
    const { journal, entriesPerMessage, gateway, patienceMs } = this.#options;
    const before = this.#durableUpTo;
    const entries = journal.slice(before, Math.min(before + entriesPerMessage, upTo));
    this.#wake = Promise.withResolvers();
    const client = this.#client;
    if (client === undefined) return this.connect();
    // The answer decides; a broker's PUBACK says little.
    const message = zstdCompressSync(JSON.stringify({ entries }), FASTEST);
    client.publish(topicOf('uplinkEntries', gateway), message, { qos: 1 }, () => {});
    const timer = setTimeout(() => this.#leave(client), patienceMs);
    await this.#wake.promise;
    clearTimeout(timer);
  }

  #hear({ durableUpTo, refused }: UplinkAnswer): void {
    if (refused !== undefined) this.refusals.push(refused.reason);
    const moved = durableUpTo - this.#durableUpTo;
    if (moved > 0) {
      this.#durableUpTo = durableUpTo;
      this.onDurable();
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
