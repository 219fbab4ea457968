import { connect, type Socket } from 'node:net';
import { generate } from 'mqtt-packet';
import type { Histogram } from './histogram.ts';
import { PacketReader, PublishWriter } from './packets.ts';
import type { Payloads } from './payload.ts';
import type { Schedule } from './schedule.ts';

export interface DeviceOptions {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  /** Undefined: no login. */
  readonly password: string | undefined;
  readonly topic: string;
  readonly qos: 0 | 1;
  /** Messages on their way at once, 1 to 500. */
  readonly window: number;
  readonly payloads: Payloads;
  /** By performance.now(). */
  readonly schedule: Schedule;
  readonly latencies: Histogram;
  /** Told once, for a broker that refuses us. */
  readonly fail: (error: Error) => void;
}

/** More than any window: an id is not used again while it is on its way. */
const PACKET_IDS = 1_024;
const CONNACK = 2;
const PUBACK = 4;
const PINGRESP = 13;
const RECONNECT_MS = 50;
const KEEPALIVE_SECONDS = 0;

/**
 * One device over one connection: sends what is due as far as its window allows. When the connection breaks it connects
 * again and sends what was not acknowledged once more, with DUP, as a real client does. At QoS 0, where nothing is
 * acknowledged, a ping follows what is sent together, and its answer says that the broker has read all before it.
 */
export class Device {
  readonly #options: DeviceOptions;
  readonly #writer: PublishWriter;
  readonly #reader = new PacketReader((head, body) => this.#take(head, body));
  /** Number (from 1) of the message that an id stands for; 0 when it is free. */
  readonly #numberOf = new Float64Array(PACKET_IDS);
  readonly #inFlight = new Set<number>();
  /** At QoS 0: the last id before each ping that is on its way. */
  #pinged: number[] = [];
  #socket: Socket | undefined;
  #isReady = false;
  #isClosing = false;
  #isBlocked = false;
  #nextId = 1;
  #sent = 0;
  #acknowledged = 0;
  #resent = 0;
  #connected: () => void = () => {};

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#writer = new PublishWriter(options.topic, options.qos);
  }

  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Numbers of the messages that are on their way. */
  unacknowledged(): number[] {
    return [...this.#inFlight].map((id) => this.#numberOf[id] ?? 0);
  }

  /** Messages that went out once more after a broken connection. */
  get resent(): number {
    return this.#resent;
  }

  /** Resolves at the broker's welcome. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#connected = resolve;
      this.#connect();
    });
  }

  close(): void {
    this.#isClosing = true;
    this.#socket?.destroy();
  }

  get isDone(): boolean {
    return this.#acknowledged === this.#options.schedule.total;
  }

  /** Sends what is due by now. */
  send(nowMs: number): void {
    if (!this.#isReady) return;
    const { window, payloads, schedule } = this.#options;
    const due = schedule.dueBy(nowMs);
    while (this.#sent < due && this.#inFlight.size < window) {
      const id = this.#nextId;
      this.#nextId = id === PACKET_IDS - 1 ? 1 : id + 1;
      this.#sent += 1;
      this.#numberOf[id] = this.#sent;
      this.#inFlight.add(id);
      this.#writer.add(id, payloads.of(this.#sent), false);
    }
    this.#isBlocked = this.#sent < due;
    this.#flush();
  }

  #flush(): void {
    if (this.#options.qos === 0) this.#ping();
    const bytes = this.#writer.take();
    if (bytes.length > 0) this.#socket?.write(bytes);
  }

  #ping(): void {
    const last = this.#nextId === 1 ? PACKET_IDS - 1 : this.#nextId - 1;
    if (!this.#inFlight.has(last) || this.#pinged.at(-1) === last) return;
    this.#pinged.push(last);
    this.#writer.addPing();
  }

  #connect(): void {
    const { host, port, id, password } = this.#options;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.#reader.reset();
    socket.on('connect', () => {
      const login = password === undefined ? {} : { username: id, password: Buffer.from(password) };
      const clientId = `load-${id}`;
      socket.write(
        generate({ cmd: 'connect', clientId, clean: false, keepalive: KEEPALIVE_SECONDS, ...login }),
      );
    });
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      // What waited for the window goes at once; all else waits for the next tick, so that writes are few.
      if (this.#isBlocked) this.send(performance.now());
    });
    // Whatever went wrong, 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isReady = false;
      if (!this.#isClosing) setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #take(head: number, body: Buffer): void {
    const kind = head >> 4;
    if (kind === PUBACK) this.#acknowledge(((body[0] ?? 0) << 8) | (body[1] ?? 0));
    else if (kind === PINGRESP) this.#acknowledgeUpTo(this.#pinged.shift());
    else if (kind === CONNACK) this.#welcome(body[1] ?? 0);
  }

  #acknowledge(id: number): void {
    const number = this.#numberOf[id] ?? 0;
    if (number === 0 || !this.#inFlight.delete(id)) return;
    this.#numberOf[id] = 0;
    this.#acknowledged += 1;
    this.#options.latencies.add(performance.now() - this.#options.schedule.dueAtMs(number - 1));
  }

  /** Ids are kept in the order in which they were sent. */
  #acknowledgeUpTo(last: number | undefined): void {
    for (const id of this.#inFlight) {
      this.#acknowledge(id);
      if (id === last) return;
    }
  }

  #welcome(code: number): void {
    if (code !== 0) {
      this.#options.fail(new Error(`${this.#options.id}: the broker refused the connection with ${code}`));
      return;
    }
    this.#isReady = true;
    this.#pinged = [];
    // What went lost at QoS 0 stays so.
    if (this.#options.qos === 0) this.#inFlight.clear();
    for (const id of this.#inFlight) {
      this.#resent += 1;
      this.#writer.add(id, this.#options.payloads.of(this.#numberOf[id] ?? 0), true);
    }
    this.#flush();
    this.#connected();
  }
}
