import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
  /** User name of the client that published it. */
  readonly by: string;
}

/** A real broker on a free port that can go away and come back, and tells what it has heard. */
export class TestBroker {
  readonly heard: Heard[] = [];
  /** Users that are let in; everybody when undefined. */
  passwords: Record<string, string> | undefined;
  #listeners = new Set<() => void>();
  #users = new Map<unknown, string>();
  #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authenticate: (client, user = '', password, done) => {
        this.#users.set(client, user);
        this.#notify();
        done(null, this.passwords === undefined || this.passwords[user] === password?.toString());
      },
    });
    aedes.on('publish', (packet, client) => {
      if (packet.topic.startsWith('$SYS')) return;
      const by = client ? (this.#users.get(client) ?? '') : '';
      this.heard.push({ topic: packet.topic, text: packet.payload.toString(), retain: packet.retain, by });
      this.#notify();
    });
    aedes.on('subscribe', () => this.#notify());
    this.#aedes = aedes;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Gone without a word, as after a power cut. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server?.close(() => resolve());
    this.cutConnections();
    await promise;
    await new Promise<void>((closed) => this.#aedes?.close(() => closed()));
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** How many times a client has knocked. */
  get knocks(): number {
    return this.#users.size;
  }

  publish(topic: string, message: unknown, retain = false): void {
    const payload = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    this.#aedes?.publish({ cmd: 'publish', topic, payload, qos: 1, retain, dup: false }, () => undefined);
  }

  /** Waits until `look` finds something; asked again whenever the broker hears something. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const ask = () => {
      const found = look();
      if (found !== undefined && found !== false) resolve(found);
    };
    this.#listeners.add(ask);
    ask();
    return promise.finally(() => this.#listeners.delete(ask));
  }

  /** Payloads on a topic so far, parsed. */
  json(topic: string): Record<string, unknown>[] {
    return this.heard.filter((message) => message.topic === topic).map((message) => JSON.parse(message.text));
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
