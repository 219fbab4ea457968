/** What a reader of frames tells. Bodies share memory with the read they came in. */
export interface FrameEnds {
  /** One packet: its first byte, and what follows the length. */
  onFrame(head: number, body: Buffer): void;
  /** One that is larger than allowed: the beginning of its body; the rest is passed over as it comes. */
  onTooLarge(head: number, beginning: Buffer): void;
}

/** A topic of the greatest length there is, the bytes that say so, and a packet id (MQTT 3.1.1, 3.3.2). */
const BEGINNING_BYTES = 2 + 65_535 + 2;

/**
 * Cuts an MQTT byte stream into packets. mqtt-packet's parser collects whatever a packet declares, up to 256 MiB; here a
 * packet that is too large is told of and passed over, so that it can be acknowledged: it would come again for ever.
 */
export class FrameReader {
  readonly #ends: FrameEnds;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #have = 0;
  /** As many bytes have to be there before it is worth looking. */
  #need = 2;
  #skip = 0;

  constructor(maxBytes: number, ends: FrameEnds) {
    this.#maxBytes = maxBytes;
    this.#ends = ends;
  }

  /** False when this is not MQTT: a length of more than four bytes (MQTT 3.1.1, 2.2.3). */
  push(chunk: Buffer): boolean {
    this.#parts.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need && this.#skip === 0) return true;
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    const rest = this.#cut(bytes);
    if (rest === undefined) return false;
    // Copied: a few bytes must not keep a whole read in memory.
    this.#parts = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#have = rest.length;
    return true;
  }

  #cut(bytes: Buffer): Buffer | undefined {
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      const body = bodyAt(bytes, at);
      if (body === 'invalid') return undefined;
      const isTooLarge = body !== undefined && body.length > this.#maxBytes;
      const wanted =
        body === undefined ? 0 : isTooLarge ? Math.min(body.length, BEGINNING_BYTES) : body.length;
      const end = body === undefined ? Number.POSITIVE_INFINITY : body.from + wanted;
      if (body === undefined || end > bytes.length) {
        this.#need = body === undefined ? bytes.length - at + 1 : end - at;
        return bytes.subarray(at);
      }
      const part = bytes.subarray(body.from, end);
      const head = bytes[at] ?? 0;
      this.#skip = body.length - wanted;
      at = end;
      if (isTooLarge) this.#ends.onTooLarge(head, part);
      else this.#ends.onFrame(head, part);
    }
  }
}

/** Where a packet's body stands; undefined while its header is incomplete. */
function bodyAt(bytes: Buffer, at: number): { from: number; length: number } | 'invalid' | undefined {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { from: at + 2 + index, length };
  }
  return 'invalid';
}

/** A PUBLISH as it came. */
export interface Published {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  readonly retain: boolean;
  /** Undefined for QoS 0. */
  readonly packetId: number | undefined;
}

/** Undefined when it is none: a QoS of 3, a topic longer than the packet, packet id 0 (MQTT 3.1.1, 3.3.1.2 and 2.3.1). */
export function publishedIn(head: number, body: Buffer): Published | undefined {
  const qos = (head >> 1) & 3;
  const topicEnd = body.length < 2 ? Number.POSITIVE_INFINITY : 2 + body.readUInt16BE(0);
  const payloadFrom = topicEnd + (qos === 0 ? 0 : 2);
  if (qos === 3 || payloadFrom > body.length) return undefined;
  const packetId = qos === 0 ? undefined : body.readUInt16BE(topicEnd);
  if (packetId === 0) return undefined;
  return {
    topic: body.toString('utf8', 2, topicEnd),
    payload: body.subarray(payloadFrom),
    qos: qos as 0 | 1 | 2,
    dup: (head & 0x08) !== 0,
    retain: (head & 0x01) !== 0,
    packetId,
  };
}
