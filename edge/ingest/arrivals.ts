/** What is known of one message that was let in. */
export interface Arrived {
  /** By the monotonic clock. */
  readonly atMs: number;
  /** Running number of the connection it came over, 16 bits; 0: not known. */
  readonly connection: number;
  readonly packetId: number;
  /** Running number of the group it was written to the disk with, 32 bits. */
  readonly group: number;
}

/** First 64 bits of a message's hash, as two unsigned numbers. */
export interface Content {
  readonly high: number;
  readonly low: number;
}

/** Of a record: low, high, group, connection and packet id, and the time as a float of eight bytes. */
const WORDS = 6;
const FLOATS = WORDS / 2;
const FIRST_CAPACITY = 16;
const GROWTH = 1.5;
/** A search looks at all of them, so that a device cannot make us slow; more than a device may have under way. */
const MOST_OF_A_SPEAKER = 4_096;

/**
 * The newest messages of one speaker, in a ring of flat records: as objects they would live just long enough to make the
 * garbage collector the busiest part of the gateway, and there are a thousand speakers.
 */
export class Arrivals {
  #words = new Uint32Array(FIRST_CAPACITY * WORDS);
  #floats = new Float64Array(this.#words.buffer);
  #capacity = FIRST_CAPACITY;
  /** Where the next one goes. */
  #next = 0;
  #size = 0;
  /** The latest device time among all that ever came. */
  newestDeviceMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  add({ high, low }: Content, { atMs, connection, packetId, group }: Arrived): void {
    if (this.#size === this.#capacity) {
      if (this.#size < MOST_OF_A_SPEAKER) this.#resize(Math.min(MOST_OF_A_SPEAKER, this.#capacity * GROWTH));
      else this.#size -= 1;
    }
    const word = this.#next * WORDS;
    this.#words[word] = low;
    this.#words[word + 1] = high;
    this.#words[word + 2] = group;
    this.#words[word + 3] = (connection << 16) | packetId;
    this.#floats[this.#next * FLOATS + 2] = atMs;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#size += 1;
  }

  forgetOldest(): void {
    if (this.#size === 0) return;
    this.#size -= 1;
    if (this.#capacity > FIRST_CAPACITY && this.#size < this.#capacity / 4)
      this.#resize(Math.max(FIRST_CAPACITY, this.#capacity / 2));
  }

  /** The newest with this content, and with this packet id if one is given. */
  find({ high, low }: Content, packetId?: number): Arrived | undefined {
    // From the newest down to the start of the ring, then from its end.
    for (const [from, to] of [
      [this.#next - 1, Math.max(0, this.#next - this.#size)],
      [this.#capacity - 1, this.#capacity + Math.min(0, this.#next - this.#size)],
    ] as const) {
      for (let word = from * WORDS; word >= to * WORDS; word -= 1) {
        word = this.#words.lastIndexOf(low, word);
        if (word < to * WORDS) break;
        // The same number may stand in another place of a record.
        if (word % WORDS !== 0 || this.#words[word + 1] !== high) continue;
        const found = this.#arrived(word);
        if (packetId === undefined || found.packetId === packetId) return found;
      }
    }
    return undefined;
  }

  #arrived(word: number): Arrived {
    const sender = this.#words[word + 3] ?? 0;
    return {
      atMs: this.#floats[word / 2 + 2] ?? 0,
      connection: sender >>> 16,
      packetId: sender & 0xffff,
      group: this.#words[word + 2] ?? 0,
    };
  }

  #resize(capacity: number): void {
    const words = new Uint32Array(Math.trunc(capacity) * WORDS);
    const oldest = (this.#next - this.#size + this.#capacity) % this.#capacity;
    const upToEnd = this.#words.subarray(oldest * WORDS, (oldest + this.#size) * WORDS);
    words.set(upToEnd);
    words.set(this.#words.subarray(0, this.#size * WORDS - upToEnd.length), upToEnd.length);
    this.#words = words;
    this.#floats = new Float64Array(words.buffer);
    this.#capacity = words.length / WORDS;
    this.#next = this.#size % this.#capacity;
  }
}
