/** What is known of one message that was let in. */
export interface Arrived {
  /** By the monotonic clock. */
  readonly atMs: number;
  /** Running number of the connection it came over; 0: not known. */
  readonly connection: number;
  readonly packetId: number;
  /** Resolves when it is on the disk. */
  readonly stored: Promise<unknown>;
}

/** First 64 bits of a message's hash, as two unsigned numbers. */
export interface Content {
  readonly high: number;
  readonly low: number;
}

const FIRST_CAPACITY = 16;
/** A search looks at all of them, so that a device cannot make us slow; more than a device may have under way. */
const MOST_OF_A_SPEAKER = 4_096;

/**
 * The newest messages of one speaker. Kept in flat arrays: as objects they would live just long enough to make the
 * garbage collector the busiest part of the gateway.
 */
export class Arrivals {
  #low = new Uint32Array(FIRST_CAPACITY);
  #high = new Uint32Array(FIRST_CAPACITY);
  #atMs = new Float64Array(FIRST_CAPACITY);
  #connection = new Uint32Array(FIRST_CAPACITY);
  #packetId = new Uint16Array(FIRST_CAPACITY);
  #stored: (Promise<unknown> | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  /** Where the next one goes. */
  #next = 0;
  #size = 0;
  /** The latest device time among all that ever came. */
  newestDeviceMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  add({ high, low }: Content, { atMs, connection, packetId, stored }: Arrived): void {
    if (this.#size === this.#low.length) {
      if (this.#size < MOST_OF_A_SPEAKER) this.#resize(this.#size * 2);
      else this.#size -= 1;
    }
    const at = this.#next;
    this.#low[at] = low;
    this.#high[at] = high;
    this.#atMs[at] = atMs;
    this.#connection[at] = connection;
    this.#packetId[at] = packetId;
    this.#stored[at] = stored;
    this.#next = (at + 1) % this.#low.length;
    this.#size += 1;
  }

  forgetOldest(): void {
    if (this.#size === 0) return;
    this.#stored[this.#index(this.#size - 1)] = undefined;
    this.#size -= 1;
    if (this.#low.length > FIRST_CAPACITY && this.#size < this.#low.length / 4)
      this.#resize(this.#low.length / 2);
  }

  /** The newest with this content, and with this packet id if one is given. */
  find({ high, low }: Content, packetId?: number): Arrived | undefined {
    const isIt = (at: number) =>
      this.#high[at] === high && (packetId === undefined || this.#packetId[at] === packetId);
    // From the newest down to the start of the arrays, then from their end.
    for (const [from, to] of [
      [this.#next - 1, Math.max(0, this.#next - this.#size)],
      [this.#low.length - 1, this.#low.length + Math.min(0, this.#next - this.#size)],
    ] as const) {
      for (let at = from; at >= to; at -= 1) {
        at = this.#low.lastIndexOf(low, at);
        if (at < to) break;
        if (isIt(at)) return this.#arrived(at);
      }
    }
    return undefined;
  }

  #arrived(at: number): Arrived {
    return {
      atMs: this.#atMs[at] ?? 0,
      connection: this.#connection[at] ?? 0,
      packetId: this.#packetId[at] ?? 0,
      stored: this.#stored[at] ?? Promise.resolve(),
    };
  }

  /** Where the one stands that is so many before the newest. */
  #index(before: number): number {
    return (this.#next - 1 - before + 2 * this.#low.length) % this.#low.length;
  }

  #resize(capacity: number): void {
    const order = Array.from({ length: this.#size }, (_, position) => this.#index(this.#size - 1 - position));
    const numbers = <Kind extends Uint32Array | Float64Array | Uint16Array>(from: Kind, to: Kind): Kind => {
      for (const [position, at] of order.entries()) to[position] = from[at] ?? 0;
      return to;
    };
    this.#low = numbers(this.#low, new Uint32Array(capacity));
    this.#high = numbers(this.#high, new Uint32Array(capacity));
    this.#atMs = numbers(this.#atMs, new Float64Array(capacity));
    this.#connection = numbers(this.#connection, new Uint32Array(capacity));
    this.#packetId = numbers(this.#packetId, new Uint16Array(capacity));
    const stored = order.map((at) => this.#stored[at]);
    this.#stored = [...stored, ...new Array(capacity - stored.length).fill(undefined)];
    this.#next = this.#size % capacity;
  }
}
