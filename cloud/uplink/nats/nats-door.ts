import { setTimeout as wait } from 'node:timers/promises';
import { type ConsumerMessages, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Logger, StartProblem } from '@nongtin/service';
import type { FromGateway, Takers, ToGateway, UplinkDoor } from '../door.ts';
import { connectNats } from './connection.ts';
import { hasKeys } from './keys.ts';
import { NatsLogins, type NatsLoginsOptions } from './logins.ts';
import { CONSUMER, ensureStream, STREAM } from './stream.ts';
import { matchSubject, subjectOf, subjectOfAll } from './subjects.ts';

export interface NatsDoorOptions extends NatsLoginsOptions {
  /** Undefined: other processes take what gateways send, this one only speaks. */
  readonly takers: Takers | undefined;
  readonly logger: Logger;
}

/** What gateways send, whoever takes it. */
const fromGateway: readonly FromGateway[] = [
  ...(['uplinkEntries', 'uplinkLive', 'gatewayOutcome', 'neighbourQuestion'] as const),
];
/** Messages of one worker at a time; the archive makes one object of those that wait together. */
const MOST_AT_ONCE = 256;
/** Another server leads after a few seconds; the worker asks it anew after two missed heartbeats. */
const asking = { max_messages: MOST_AT_ONCE, expires: 4_000, idle_heartbeat: 1_000 };
/** A cluster that has only just started elects its leaders first. */
const START_TRIES = 40;
const AGAIN_MS = 500;

/**
 * The gateways' door when NATS carries their messages: the servers' MQTT side takes them, a stream holds them, workers
 * pull them. A message is acknowledged to the stream when it is taken. Until then it stays, and comes again to whoever
 * works when a worker dies. A gateway hears by what we publish on its topic.
 */
export class NatsDoor implements UplinkDoor {
  readonly logins: NatsLogins;
  readonly #options: NatsDoorOptions;
  readonly #underWay = new Set<Promise<void>>();
  #connection: NatsConnection | undefined;
  #messages: ConsumerMessages | undefined;
  #consuming: Promise<void> | undefined;
  #stopping = false;

  constructor(options: NatsDoorOptions) {
    this.#options = options;
    this.logins = new NatsLogins(options);
  }

  async start(): Promise<void> {
    this.#stopping = false;
    const connection = await connectNats(this.#options, 'worker', {
      ...{ name: 'nongtin', maxReconnectAttempts: -1 },
      ...{ reconnectTimeWait: AGAIN_MS, pingInterval: 10_000 },
    });
    this.#connection = connection;
    if (hasKeys(this.#options.keys)) await this.logins.renew();
    await this.#prepare(connection);
    if (this.#options.takers !== undefined) this.#consuming = this.#consume(connection, this.#options.takers);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#messages?.close();
    await this.#consuming;
    await Promise.all(this.#underWay);
    await this.#connection?.drain();
    this.#connection = undefined;
  }

  async send(gateway: string, name: ToGateway, message: object): Promise<void> {
    this.#connection?.publish(subjectOf(name, gateway), JSON.stringify(message));
  }

  /** Rejects when the servers are not reached. */
  async check(): Promise<void> {
    if (this.#connection === undefined) throw new Error('the door is closed');
    await this.#connection.flush();
  }

  async #prepare(connection: NatsConnection): Promise<void> {
    const replicas = this.#options.servers.length >= 3 ? 3 : 1;
    for (let tries = 1; ; tries += 1) {
      try {
        const manager = await jetstreamManager(connection);
        return await ensureStream(manager, fromGateway.map(subjectOfAll), replicas);
      } catch (error) {
        if (tries < START_TRIES) await wait(AGAIN_MS);
        else throw new StartProblem(`The NATS cluster keeps no stream: ${error}`, { cause: error });
      }
    }
  }

  async #consume(connection: NatsConnection, takers: Takers): Promise<void> {
    while (!this.#stopping) {
      try {
        const consumer = await jetstream(connection).consumers.get(STREAM, CONSUMER);
        this.#messages = await consumer.consume(asking);
        for await (const message of this.#messages) await this.#admit(message, takers);
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'the stream gives nothing; asked again');
        await wait(AGAIN_MS);
      }
    }
  }

  /** Resolves when there is room for the next one. */
  async #admit(message: JsMsg, takers: Takers): Promise<void> {
    const taking = this.#take(message, takers).finally(() => this.#underWay.delete(taking));
    this.#underWay.add(taking);
    if (this.#underWay.size >= MOST_AT_ONCE) await Promise.race(this.#underWay);
  }

  async #take(message: JsMsg, takers: Takers): Promise<void> {
    const matched = matchSubject(message.subject);
    const taker = matched && takers[matched.name as FromGateway];
    if (taker !== undefined) await taker(matched?.identity ?? '', Uint8Array.from(message.data));
    message.ack();
  }
}
