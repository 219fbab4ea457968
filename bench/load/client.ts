import { connect, type Socket } from 'node:net';
import { generate, parser } from 'mqtt-packet';

export interface ClientOptions {
  readonly port: number;
  readonly id: string;
  /** Undefined: no login. */
  readonly password: string | undefined;
}

/** One device by hand: publishes at QoS 1, and hears commands the moment they arrive. For round trips, not for load. */
export class Client {
  readonly #options: ClientOptions;
  readonly #socket: Socket;
  readonly #answered = new Map<string, (code: number) => void>();
  #onMessage: (topic: string, payload: string) => void = () => {};
  #packetId = 0;

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#socket = connect({ host: '127.0.0.1', port: options.port, noDelay: true });
  }

  static async connect(options: ClientOptions): Promise<Client> {
    const client = new Client(options);
    await client.#open();
    return client;
  }

  async #open(): Promise<void> {
    const { id, password } = this.#options;
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet) => {
      if (packet.cmd === 'publish') this.#hear(packet.topic, packet.payload.toString(), packet.messageId);
      else if (packet.cmd === 'connack') this.#answered.get('connack')?.(packet.returnCode ?? 0);
      else if (packet.cmd === 'suback') {
        const [granted] = packet.granted;
        this.#answered.get(`${packet.messageId}`)?.(typeof granted === 'number' ? granted : 0);
      } else if (packet.cmd === 'puback') this.#answered.get(`${packet.messageId}`)?.(0);
    });
    this.#socket.on('data', (chunk: Buffer) => packets.parse(chunk));
    this.#socket.on('error', () => {});
    const login = password === undefined ? {} : { username: id, password: Buffer.from(password) };
    const clientId = `probe-${id}`;
    this.#socket.write(generate({ cmd: 'connect', clientId, clean: true, keepalive: 0, ...login }));
    if ((await this.#answer('connack')) !== 0) throw new Error(`the broker refuses ${id}`);
  }

  onMessage(listen: (topic: string, payload: string) => void): void {
    this.#onMessage = listen;
  }

  async subscribe(topic: string): Promise<void> {
    const messageId = this.#nextId();
    const answer = this.#answer(`${messageId}`);
    this.#socket.write(generate({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] }));
    if ((await answer) >= 0x80) throw new Error(`${this.#options.id} may not subscribe to ${topic}`);
  }

  /** Resolves at the PUBACK. */
  async publish(topic: string, payload: string): Promise<void> {
    const messageId = this.#nextId();
    const answer = this.#answer(`${messageId}`);
    const flags = { qos: 1, dup: false, retain: false } as const;
    this.#socket.write(generate({ cmd: 'publish', messageId, topic, payload, ...flags }));
    await answer;
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(topic: string, payload: string, messageId: number | undefined): void {
    this.#onMessage(topic, payload);
    if (messageId !== undefined && messageId > 0) this.#socket.write(generate({ cmd: 'puback', messageId }));
  }

  #answer(name: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error(`the connection of ${this.#options.id} was closed`));
      this.#socket.once('close', gone);
      this.#answered.set(name, (code) => {
        this.#answered.delete(name);
        this.#socket.off('close', gone);
        resolve(code);
      });
    });
  }

  #nextId(): number {
    this.#packetId = this.#packetId === 65_535 ? 1 : this.#packetId + 1;
    return this.#packetId;
  }
}
