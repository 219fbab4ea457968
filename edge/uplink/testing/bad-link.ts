import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '@nongtin/service';

/** How bad a link is. What is left out is as good as the machine's own. */
export interface Badness {
  /** Each way. */
  readonly bytesPerSecond?: number;
  /** Each way: half of the round trip. */
  readonly latencyMs?: number;
  /** On top of the latency, anything up to this. */
  readonly jitterMs?: number;
  /** Chance that the link stands still before a piece of 512 bytes, and for how long. */
  readonly stallChance?: number;
  readonly stallMs?: number;
  /** A connection is reset when so many bytes have gone up, anywhere up to this. */
  readonly resetWithinBytes?: number;
}

const PIECE_BYTES = 512;

/**
 * A TCP link through which anything may be tested, in this process and without privileges: what goes into it comes out at
 * its speed and in order, or the connection is reset, which both ends see. The same seed gives the same accidents.
 */
export class BadLink {
  /** Changed at any time. */
  badness: Badness;
  /** How many connections were made, and how many of them the link has reset. */
  connections = 0;
  resets = 0;
  readonly #targetPort: number;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(targetPort: number, badness: Badness, seed: number) {
    this.#targetPort = targetPort;
    this.badness = badness;
    this.#random = seededRandom(seed);
    this.#server = createServer((near) => this.#join(near));
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection; new ones can be made. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, '127.0.0.1');
    this.connections += 1;
    const most = this.badness.resetWithinBytes;
    let left = most === undefined ? Number.POSITIVE_INFINITY : Math.ceil(this.#random() * most);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    const countUp = (bytes: number) => {
      left -= bytes;
      if (left > 0) return;
      this.resets += 1;
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    this.#carry(near, far, countUp).catch(() => near.destroy());
    this.#carry(far, near, () => {}).catch(() => far.destroy());
  }

  /** Reading waits for the link, so what does not fit stays where it is: in the sender. */
  async #carry(from: Socket, to: Socket, count: (bytes: number) => void): Promise<void> {
    let arrival = Promise.resolve();
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        await this.#transmit(piece.length);
        count(piece.length);
        const onTheWay = this.#onTheWay();
        arrival = arrival.then(() => onTheWay).then(() => void to.write(piece));
      }
    }
    await arrival;
    to.end();
  }

  async #transmit(bytes: number): Promise<void> {
    const { bytesPerSecond, stallChance = 0, stallMs = 0 } = this.badness;
    if (stallChance > 0 && this.#random() < stallChance) await delay(stallMs);
    if (bytesPerSecond !== undefined) await delay((bytes * 1000) / bytesPerSecond);
  }

  async #onTheWay(): Promise<void> {
    const { latencyMs = 0, jitterMs = 0 } = this.badness;
    if (latencyMs + jitterMs > 0) await delay(latencyMs + this.#random() * jitterMs);
  }
}

/** NONGTIN_LINK_SEED repeats a run; a test's name tells the seed that was used. */
export function linkSeed(): number {
  return Number(process.env.NONGTIN_LINK_SEED ?? Date.now() % 1_000_000_000);
}
