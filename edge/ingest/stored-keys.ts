import type { Content } from './arrivals.ts';

/** What a stored key says of its message. */
interface StoredArrival {
  readonly packetId: number;
  /** Whole seconds since 1970, by the wall clock. */
  readonly receivedAtMs: number;
}

/**
 * Bytes of a stored key: content hash 8, packet id 2, receive time 4 (seconds since 1970). Only a device's own messages
 * can be mistaken for each other (the topic is hashed along), once in some 10^14 messages.
 */
const KEY_BYTES = 14;
const PACKET_ID = 8;
const TIME = 10;
const NONE = -1;

export function storedKey({ high, low }: Content, packetId: number, receivedAtMs: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  putUint32(key, 0, high);
  putUint32(key, 4, low);
  key[PACKET_ID] = packetId >> 8;
  key[PACKET_ID + 1] = packetId & 0xff;
  putUint32(key, TIME, Math.min(Math.max(0, Math.trunc(receivedAtMs / 1_000)), 0xffffffff));
  return key;
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

/**
 * Keys that were stored before our restart, oldest first. They stay bytes: as an object each of them would be 200 bytes,
 * which is 12 MiB for as long as the gateway runs.
 */
export class StoredKeys {
  readonly #bytes: Buffer;
  /** Of the newest key with a low word (as a signed number, which a Map holds without an object). */
  readonly #newest = new Map<number, number>();
  /** Of each key: the one before it with the same low word. */
  readonly #before: Int32Array;

  /** The newest `most` of them; what is not a whole key at the end is left out. */
  constructor(keys: Uint8Array, most: number) {
    const count = Math.min(most, Math.trunc(keys.length / KEY_BYTES));
    const end = keys.length - (keys.length % KEY_BYTES);
    // Of its own: the rest of what was handed in can go.
    this.#bytes = Buffer.from(keys.subarray(end - count * KEY_BYTES, end));
    this.#before = new Int32Array(count);
    for (let index = 0; index < count; index++) {
      const low = this.#bytes.readInt32BE(index * KEY_BYTES + 4);
      this.#before[index] = this.#newest.get(low) ?? NONE;
      this.#newest.set(low, index);
    }
  }

  get newest(): StoredArrival | undefined {
    return this.#before.length === 0 ? undefined : this.#arrival(this.#before.length - 1);
  }

  /** The newest with this content, and with this packet id if one is given. */
  find({ high, low }: Content, packetId?: number): StoredArrival | undefined {
    for (let index = this.#newest.get(low | 0) ?? NONE; index !== NONE; index = this.#before[index] ?? NONE) {
      if (this.#bytes.readUInt32BE(index * KEY_BYTES) !== high) continue;
      const found = this.#arrival(index);
      if (packetId === undefined || packetId === found.packetId) return found;
    }
    return undefined;
  }

  #arrival(index: number): StoredArrival {
    const at = index * KEY_BYTES;
    return {
      packetId: this.#bytes.readUInt16BE(at + PACKET_ID),
      receivedAtMs: this.#bytes.readUInt32BE(at + TIME) * 1_000,
    };
  }
}
