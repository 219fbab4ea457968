/** The little MQTT 3.1.1 that a load generator needs in its hot path; the rest is mqtt-packet's. */

const PUBLISH = 0x30;
const DUP = 0x08;
const PINGREQ = [0xc0, 0] as const;

/** Writes PUBLISH packets of one QoS on one topic, one behind the other, into a buffer that is used again and again. */
export class PublishWriter {
  readonly #topic: Buffer;
  readonly #qos: 0 | 1;
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #length = 0;

  constructor(topic: string, qos: 0 | 1) {
    this.#topic = Buffer.from(topic);
    this.#qos = qos;
  }

  /** `payload` is ASCII. At QoS 0 nothing carries the id. */
  add(packetId: number, payload: string, isResend: boolean): void {
    const rest = 2 + this.#topic.length + 2 * this.#qos + payload.length;
    this.#reserve(rest + 5);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = PUBLISH | (this.#qos << 1) | (isResend ? DUP : 0);
    let left = rest;
    while (left >= 128) {
      bytes[at++] = (left % 128) | 128;
      left = Math.floor(left / 128);
    }
    bytes[at++] = left;
    at = bytes.writeUInt16BE(this.#topic.length, at);
    at += this.#topic.copy(bytes, at);
    if (this.#qos > 0) at = bytes.writeUInt16BE(packetId, at);
    this.#length = at + bytes.write(payload, at, 'latin1');
  }

  addPing(): void {
    this.#reserve(PINGREQ.length);
    this.#bytes.set(PINGREQ, this.#length);
    this.#length += PINGREQ.length;
  }

  /** All that was added since the last time, in a buffer of its own. Empty when there is nothing. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + more);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Cuts a stream of bytes into packets and hands each to `onPacket`: its first byte, and what follows the length. */
export class PacketReader {
  readonly #onPacket: (head: number, body: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onPacket: (head: number, body: Buffer) => void) {
    this.#onPacket = onPacket;
  }

  /** After a new connection. */
  reset(): void {
    this.#rest = Buffer.alloc(0);
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const packet = packetAt(bytes, at);
      if (packet === undefined) break;
      this.#onPacket(bytes[at] ?? 0, bytes.subarray(packet.bodyAt, packet.end));
      at = packet.end;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Where the packet that begins at `at` has its body and ends; undefined while it is not all there. */
function packetAt(bytes: Buffer, at: number): { bodyAt: number; end: number } | undefined {
  let length = 0;
  for (let digit = 0; digit < 4; digit += 1) {
    const byte = bytes[at + 1 + digit];
    if (byte === undefined) return undefined;
    length += (byte & 127) * 128 ** digit;
    if (byte < 128) {
      const bodyAt = at + 2 + digit;
      return bodyAt + length <= bytes.length ? { bodyAt, end: bodyAt + length } : undefined;
    }
  }
  throw new Error('the broker sent a length of more than four bytes');
}
