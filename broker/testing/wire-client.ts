import type { Socket } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from 'mqtt-packet';
import { type Farm, until } from './farm.ts';

type Command = Packet['cmd'];
type Of<C extends Command> = Extract<Packet, { cmd: C }>;
type Qos = 0 | 1 | 2;
type Sendable = Packet | Uint8Array;

/** Round trips in which a broker in this process has said whatever it had to say: counted, so that nothing sleeps. */
const ROUNDS = 100;

interface Options extends Partial<IConnectPacket> {
  /** Acknowledges nothing by itself. */
  readonly silent?: boolean;
}

/** An MQTT client that hides nothing: every packet as it came, and nothing sent by itself but acknowledgements. */
export class WireClient {
  readonly socket: Socket;
  /** All that came, in order, without PINGRESP. */
  readonly packets: Packet[] = [];
  closed = false;
  readonly #farm: Farm;
  readonly #given = new Set<Packet>();
  #watchers: (() => void)[] = [];
  #pongs = 0;
  #packetId = 0;

  private constructor(farm: Farm, socket: Socket, silent: boolean) {
    this.#farm = farm;
    this.socket = socket;
    const incoming = parser({ protocolVersion: 4 });
    incoming.on('packet', (packet: Packet) => {
      if (packet.cmd === 'pingresp') this.#pongs += 1;
      else this.packets.push(packet);
      if (!silent) this.#acknowledge(packet);
      this.#wake();
    });
    socket.on('data', (bytes: Buffer) => incoming.parse(bytes));
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** One that has said nothing yet. */
  static async open(farm: Farm, { silent = false } = {}): Promise<WireClient> {
    return new WireClient(farm, await farm.socket(), silent);
  }

  /** Connected as this identity, with a clean session unless told otherwise. */
  static async connect(farm: Farm, identity: string, options: Options = {}): Promise<WireClient> {
    const { silent = false, ...packet } = options;
    const client = await WireClient.open(farm, { silent });
    client.send(connectPacket(identity, packet));
    const { returnCode } = await client.next('connack');
    if (returnCode !== 0) throw new Error(`refused with ${returnCode}`);
    return client;
  }

  get connack(): IConnackPacket {
    const [first] = this.packets;
    if (first?.cmd !== 'connack') throw new Error('no CONNACK came first');
    return first;
  }

  /** What was delivered so far. */
  get messages(): IPublishPacket[] {
    return this.packets.filter((packet) => packet.cmd === 'publish');
  }

  get texts(): string[] {
    return this.messages.map(({ payload }) => payload.toString());
  }

  send(...all: Sendable[]): void {
    this.socket.write(Buffer.concat(all.map((one) => ('cmd' in one ? generate(one) : one))));
  }

  /** The next packet of this kind; throws when the connection ends before one comes. */
  async next<C extends Command>(cmd: C): Promise<Of<C>> {
    for (;;) {
      const found = this.packets.find((packet) => packet.cmd === cmd && !this.#given.has(packet));
      if (found) {
        this.#given.add(found);
        return found as Of<C>;
      }
      if (this.closed) throw new Error(`closed before ${cmd} came`);
      await this.#change();
    }
  }

  /** Subscribes, and gives what was granted. */
  async subscribe(filter: string | readonly string[], qos: Qos = 2): Promise<unknown[]> {
    const filters = typeof filter === 'string' ? [filter] : filter;
    const subscriptions = filters.map((topic) => ({ topic, qos }));
    this.send({ cmd: 'subscribe', messageId: this.#nextId(), subscriptions });
    return (await this.next('suback')).granted;
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<void> {
    this.send({ cmd: 'unsubscribe', messageId: this.#nextId(), unsubscriptions });
    await this.next('unsuback');
  }

  /** Publishes, and waits for the last of the acknowledgements. */
  async publish(text: string, more: Partial<IPublishPacket> = {}): Promise<void> {
    const packet = message(text, { qos: 1, messageId: this.#nextId(), ...more });
    this.send(packet);
    if (packet.qos === 0) await this.ping();
    else await this.next(packet.qos === 1 ? 'puback' : 'pubcomp');
  }

  async ping(): Promise<void> {
    const before = this.#pongs;
    this.send({ cmd: 'pingreq' });
    while (this.#pongs === before && !this.closed) await this.#change();
  }

  /** Comes back when the condition holds, the connection has ended, or the broker has had every chance to say more. */
  async settled(condition: () => boolean = () => false): Promise<void> {
    for (let round = 0; round < ROUNDS && !this.closed && !condition(); round += 1) await this.ping();
  }

  /** Says goodbye; the broker has closed the connection then. */
  leave(): Promise<void> {
    return this.#go(() => this.send({ cmd: 'disconnect' }));
  }

  /** The connection breaks without a word; the broker has noticed then. */
  break(): Promise<void> {
    return this.#go(() => this.socket.destroy());
  }

  async ended(): Promise<void> {
    while (!this.closed) await this.#change();
  }

  async #go(end: () => void): Promise<void> {
    const { broker } = this.#farm;
    const before = broker.stats().connected;
    end();
    await this.ended();
    await until(() => broker.stats().connected < before);
  }

  #acknowledge(packet: Packet): void {
    const messageId = packet.messageId ?? 0;
    if (packet.cmd === 'publish' && packet.qos > 0) {
      this.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId });
    }
    if (packet.cmd === 'pubrec') this.send({ cmd: 'pubrel', messageId });
    if (packet.cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId });
  }

  #nextId(): number {
    this.#packetId += 1;
    return this.#packetId;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

export function connectPacket(identity: string, more: Partial<IConnectPacket> = {}): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: `${identity}-client`,
    keepalive: 0,
    username: identity,
    password: Buffer.from(`secret-${identity}`),
    ...more,
  };
}

/** A message in the space where the farm's own flows and tools may say what they like. */
export function message(text: string, more: Partial<IPublishPacket> = {}): IPublishPacket {
  return { cmd: 'publish', topic: 'local/a', payload: text, qos: 0, dup: false, retain: false, ...more };
}
