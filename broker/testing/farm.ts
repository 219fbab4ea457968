import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Identity } from '../acl.ts';
import { type Broker, type BrokerOptions, createBroker } from '../broker.ts';
import type { DurabilityHook, InboundMessage } from '../inbox.ts';
import type { BrokerLimits } from '../limits.ts';

/** Everybody's password is 'secret-' and the identity. */
const people: Record<string, Identity> = {
  'valve-1': { id: 'valve-1', role: 'device' },
  'valve-2': { id: 'valve-2', role: 'device' },
  'gw-1': { id: 'gw-1', role: 'gateway' },
  cloud: { id: 'cloud', role: 'cloud' },
  an: { id: 'an', role: 'technician' },
  flows: { id: 'flows', role: 'node-red' },
};

export function authenticate(username: string, password: Uint8Array): Identity | undefined {
  const person = Object.hasOwn(people, username) ? people[username] : undefined;
  return Buffer.from(password).toString() === `secret-${username}` ? person : undefined;
}

/** A hook whose answers the test gives, one by one or all at once. */
export class ManualHook implements DurabilityHook {
  readonly messages: InboundMessage[] = [];
  #waiting: PromiseWithResolvers<void>[] = [];
  #watchers: (() => void)[] = [];

  receive(message: InboundMessage): Promise<void> {
    const answer = Promise.withResolvers<void>();
    this.messages.push(message);
    this.#waiting.push(answer);
    for (const watcher of this.#watchers.splice(0)) watcher();
    return answer.promise;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** One commit: everything that waits is durable. */
  commit(): void {
    for (const answer of this.#waiting.splice(0)) answer.resolve();
  }

  fail(): void {
    for (const answer of this.#waiting.splice(0)) answer.reject(new Error('the disk is gone'));
  }

  /** Resolves when the hook has been called this often since the start. */
  async called(times: number): Promise<void> {
    while (this.messages.length < times) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }
}

/** A hook that is durable at once and remembers everything. */
export class RecordingHook implements DurabilityHook {
  readonly messages: InboundMessage[] = [];

  async receive(message: InboundMessage): Promise<void> {
    this.messages.push({ ...message, payload: Buffer.from(message.payload) });
  }
}

/** One that ends with the test. */
export async function openFarm(...options: Parameters<typeof Farm.open>): Promise<Farm> {
  const farm = await Farm.open(...options);
  onTestFinished(() => farm.close());
  return farm;
}

/** A running broker on a free port, and clients of every kind that end with it. */
export class Farm {
  readonly broker: Broker;
  readonly #clients: MqttClient[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(broker: Broker) {
    this.broker = broker;
  }

  static async open(
    hook?: DurabilityHook,
    limits: Partial<BrokerLimits> = {},
    more: Partial<BrokerOptions> = {},
  ): Promise<Farm> {
    const broker = createBroker({
      host: '127.0.0.1',
      port: 0,
      authenticate,
      ...(hook ? { hook } : {}),
      limits: { drainMs: 200, ...limits },
      ...more,
      logger: pino({ level: 'silent' }),
    });
    await broker.start();
    return new Farm(broker);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end(true);
    for (const socket of this.#sockets) socket.destroy();
    await this.broker.stop();
  }

  /** A client with this identity's password, connected; rejects with the CONNACK's code when refused. */
  readonly client = (identity: string, options: IClientOptions = {}): Promise<MqttClient> =>
    this.anonymous({ username: identity, password: `secret-${identity}`, ...options });

  readonly anonymous = async (options: IClientOptions): Promise<MqttClient> => {
    const client = await connectAsync({
      host: '127.0.0.1',
      port: this.broker.port,
      protocol: 'mqtt',
      reconnectPeriod: 0,
      ...options,
    });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  };

  /** A client of a session that stays, and the texts it hears from its welcome on. */
  readonly lasting = async (identity: string, clientId = 'stays') => {
    const heard: string[] = [];
    const login = { username: identity, password: `secret-${identity}` };
    const door = { host: '127.0.0.1', port: this.broker.port, protocol: 'mqtt', reconnectPeriod: 0 } as const;
    const client = connect({ ...door, ...login, clientId, clean: false });
    client.on('error', () => {});
    client.on('message', (_, payload) => heard.push(payload.toString()));
    this.#clients.push(client);
    const { sessionPresent } = await new Promise<{ sessionPresent: boolean }>((resolve, reject) => {
      client.once('connect', resolve).once('error', reject);
    });
    return { client, heard, sessionPresent };
  };

  readonly socket = async (): Promise<Socket> => {
    const socket = connectSocket({ host: '127.0.0.1', port: this.broker.port, noDelay: true });
    socket.on('error', () => {});
    this.#sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
}

export function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

export function nextMessage(client: MqttClient): Promise<{ topic: string; text: string }> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload) => resolve({ topic, text: payload.toString() }));
  });
}

/** Resolves when the condition holds: for what no event tells, such as a broker's figures. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** An MQTT frame of any content: first byte, length, body. */
export function frame(first: number, body: Uint8Array): Buffer {
  const length: number[] = [];
  let left = body.length;
  do {
    const more = left >= 128;
    length.push((left % 128) + (more ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A string as MQTT writes it. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** CONNECT of MQTT 3.1.1 with user name and password, for a session that stays. */
export function connectFrame(identity: string, clientId: string, password = `secret-${identity}`): Buffer {
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, 0xc0, 0, 60])]);
  return frame(0x10, Buffer.concat([head, text(clientId), text(identity), text(password)]));
}

/** An MQTT session by hand: a client that acknowledges nothing by itself. */
export async function rawSession(farm: Farm) {
  const socket = await farm.socket();
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('hex');
  });
  socket.write(connectFrame('valve-1', 'stays'));
  await until(() => received.startsWith('2002'));
  return { socket, has: (hex: string) => until(() => received.includes(hex)), received: () => received };
}
