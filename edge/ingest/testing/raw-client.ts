import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One PUBLISH of QoS 1; a resend has the packet id of what it repeats. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly packetId: number;
}

/**
 * For tests: an MQTT 3.1.1 client whose every byte the test decides. It sends again, with DUP, what was not acknowledged
 * when it comes back (4.4); and whatever else it is told to.
 */
export class RawClient {
  readonly #port: number;
  readonly #name: string;
  readonly #password: string;
  readonly #unacknowledged = new Map<number, Publication>();
  #socket: Socket | undefined;
  #read = Buffer.alloc(0);
  #lastPacketId = 0;
  #waiting: (() => void)[] = [];

  constructor(port: number, name: string, password: string) {
    this.#port = port;
    this.#name = name;
    this.#password = password;
  }

  /** Also after the broker has closed the connection. */
  async connect(): Promise<void> {
    this.#socket?.destroy();
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    this.#socket = socket;
    this.#read = Buffer.alloc(0);
    socket.on('error', () => {});
    const connected = new Promise<void>((resolve, reject) => {
      socket.on('data', (bytes) => this.#take(bytes, resolve));
      socket.once('close', () => reject(new Error('the broker closed the connection')));
    });
    const protocol = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc0, 0, 60]);
    socket.write(frame(0x10, [protocol, text(this.#name), text(this.#name), text(this.#password)]));
    await connected;
    for (const publication of this.#unacknowledged.values()) this.#send(publication, true);
  }

  /** `isSure`: it is sent again until it is acknowledged. */
  publish(topic: string, payload: Uint8Array, isSure: boolean): Publication {
    do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    while (this.#unacknowledged.has(this.#lastPacketId));
    const publication = { topic, payload, packetId: this.#lastPacketId };
    if (isSure) this.#unacknowledged.set(publication.packetId, publication);
    this.#send(publication, false);
    return publication;
  }

  /** Whether it was acknowledged or not, as impatient clients do. */
  resend(publication: Publication): void {
    this.#send(publication, true);
  }

  get isConnected(): boolean {
    return this.#socket?.destroyed === false;
  }

  /** Resolves when nothing is unacknowledged. */
  async quiet(): Promise<void> {
    while (this.#unacknowledged.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The line goes dead in the middle of whatever is under way. */
  async cut(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.closed) return;
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }

  #send({ topic, payload, packetId }: Publication, isAgain: boolean): void {
    const body = [text(topic), Buffer.from([packetId >> 8, packetId & 0xff]), Buffer.from(payload)];
    this.#socket?.write(frame(isAgain ? 0x3a : 0x32, body));
  }

  /** CONNACK and PUBACK have four bytes each, and nothing else comes. */
  #take(bytes: Buffer, onConnected: () => void): void {
    this.#read = Buffer.concat([this.#read, bytes]);
    for (; this.#read.length >= 4; this.#read = this.#read.subarray(4)) {
      const [kind] = this.#read;
      if (kind === 0x20) onConnected();
      if (kind === 0x40) this.#unacknowledged.delete(this.#read.readUInt16BE(2));
    }
    for (const tell of this.#waiting.splice(0)) tell();
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** Fixed header with the remaining length (2.2.3), and the rest. */
function frame(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = [first];
  for (let left = body.length, more = true; more; left >>= 7) {
    more = left > 127;
    head.push((left & 0x7f) | (more ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from(head), body]);
}
