/** First byte of a PUBLISH that is not to be retained: of QoS 0, and of QoS 1 without and with DUP (MQTT 3.1.1, 3.3.1). */
const PUBLISH_0 = 0x30;
const PUBLISH = 0x32;
const PUBLISH_DUP = 0x3a;
/** A larger one is a rarity and takes the usual way. */
const MOST_BYTES = 64 * 1024;
/** Of one connection: messages that wait for the disk. */
const MOST_WAITING = 2_000;
const PUBACK = 0x40;

/** What a connection's lane needs of its surroundings. */
export interface LaneEnds {
  /** Whether the client has proved who it is and was told so. */
  isOpen(): boolean;
  /** Resolves when the message is durable, rejects when it never will be; undefined: the frame goes the usual way. */
  take(message: LaneMessage): Promise<unknown> | undefined;
  /** Called when messages were taken, once for what came together: the client is alive. */
  onTaken(): void;
  write(bytes: Uint8Array): void;
  /** A message will never be durable: the client must not go on as if it were. */
  giveUp(error: unknown): void;
  /** There is room again, after `isFull`. */
  onRoom(): void;
}

export interface LaneMessage {
  readonly topic: string;
  /** Shares memory with what came with it. */
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** Undefined for QoS 0. */
  readonly packetId: number | undefined;
  readonly dup: boolean;
}

/** Messages of one connection that become durable by one promise. */
interface Together {
  readonly durable: Promise<unknown>;
  messages: number;
  /** Of those that are to be acknowledged. */
  readonly packetIds: number[];
}

/**
 * The short way of one connection's QoS 0 and 1 messages, which are nearly all that a farm's broker carries: from the bytes
 * to the durability hook, and back as PUBACKs, many in one write. Nobody hears these topics, so nothing of what
 * a broker does beyond that is left out. Whatever is not such a message, or not plainly right, is passed on to aedes.
 */
export class PublishLane {
  readonly #ends: LaneEnds;
  /** The beginning of a frame, until the rest of it has come. */
  #carry: Buffer | undefined;
  /** Bytes of a frame that was passed on, which have yet to follow. */
  #passing = 0;
  #waiting = 0;
  #hasRoomAgain = false;
  #newest: Together | undefined;
  #acknowledged: number[][] = [];

  constructor(ends: LaneEnds) {
    this.#ends = ends;
  }

  /** No more is to be read for now. */
  get isFull(): boolean {
    return this.#waiting >= MOST_WAITING;
  }

  /** Takes out what is the lane's own, and gives back the rest, whole frames and parts of them, in order. */
  sift(chunk: Buffer): Buffer {
    const bytes = this.#carry === undefined ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#carry = undefined;
    const isOpen = this.#ends.isOpen();
    const rest: Buffer[] = [];
    let restFrom = 0;
    let at = 0;
    let taken = 0;
    while (at < bytes.length) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, bytes.length - at);
        this.#passing -= passed;
        at += passed;
        continue;
      }
      const body = bodyAt(bytes, at);
      const end = body === undefined ? Number.POSITIVE_INFINITY : body.from + body.length;
      const isOurs = isOpen && isLaneFrame(bytes[at]) && (body?.length ?? 0) <= MOST_BYTES;
      if (body === undefined || (isOurs && end > bytes.length)) {
        // Copied: a few bytes must not keep a whole read in memory.
        this.#carry = Buffer.from(bytes.subarray(at));
        break;
      }
      if (isOurs && this.#take(bytes, at, body.from, end)) {
        if (restFrom < at) rest.push(bytes.subarray(restFrom, at));
        restFrom = end;
        at = end;
        taken += 1;
      } else this.#passing = end - at;
    }
    if (taken > 0) this.#ends.onTaken();
    const restEnd = bytes.length - (this.#carry?.length ?? 0);
    if (restFrom < restEnd) rest.push(bytes.subarray(restFrom, restEnd));
    const [only] = rest;
    return rest.length === 1 && only !== undefined ? only : Buffer.concat(rest);
  }

  #take(bytes: Buffer, start: number, from: number, end: number): boolean {
    const topicFrom = from + 2;
    const topicEnd = topicFrom + (bytes[from] ?? 0) * 256 + (bytes[from + 1] ?? 0);
    const qos = bytes[start] === PUBLISH_0 ? 0 : 1;
    const payloadFrom = topicEnd + 2 * qos;
    if (payloadFrom > end) return false;
    const packetId = qos === 0 ? undefined : (bytes[topicEnd] ?? 0) * 256 + (bytes[topicEnd + 1] ?? 0);
    if (packetId === 0) return false;
    const message: LaneMessage = {
      topic: bytes.toString('utf8', topicFrom, topicEnd),
      payload: bytes.subarray(payloadFrom, end),
      qos,
      packetId,
      dup: bytes[start] === PUBLISH_DUP,
    };
    const durable = this.#ends.take(message);
    if (durable === undefined) return false;
    this.#waiting += 1;
    const group = this.#newest?.durable === durable ? this.#newest : this.#watch(durable);
    group.messages += 1;
    if (packetId !== undefined) group.packetIds.push(packetId);
    return true;
  }

  #watch(durable: Promise<unknown>): Together {
    const group: Together = { durable, messages: 0, packetIds: [] };
    this.#newest = group;
    durable.then(
      () => {
        this.#settle(group);
        // What else becomes durable in this turn is acknowledged along with it.
        if (this.#acknowledged.length === 0) queueMicrotask(() => this.#acknowledge());
        this.#acknowledged.push(group.packetIds);
      },
      (error) => {
        this.#settle(group);
        this.#ends.giveUp(error);
      },
    );
    return group;
  }

  #settle(group: Together): void {
    if (this.#newest === group) this.#newest = undefined;
    const wasFull = this.isFull;
    this.#waiting -= group.messages;
    if (wasFull && !this.isFull) this.#hasRoomAgain = true;
  }

  #acknowledge(): void {
    const packetIds = this.#acknowledged.flat();
    this.#acknowledged = [];
    const bytes = Buffer.allocUnsafe(packetIds.length * 4);
    let at = 0;
    for (const packetId of packetIds) {
      bytes[at] = PUBACK;
      bytes[at + 1] = 2;
      bytes[at + 2] = packetId >> 8;
      bytes[at + 3] = packetId & 0xff;
      at += 4;
    }
    if (bytes.length > 0) this.#ends.write(bytes);
    if (!this.#hasRoomAgain) return;
    this.#hasRoomAgain = false;
    this.#ends.onRoom();
  }
}

function isLaneFrame(first: number | undefined): boolean {
  return first === PUBLISH || first === PUBLISH_0 || first === PUBLISH_DUP;
}

/** Where a frame's body stands; undefined while its header is incomplete. Lengths were checked by the frame guard. */
function bodyAt(bytes: Buffer, at: number): { from: number; length: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { from: at + 2 + index, length };
  }
  return { from: at + 5, length };
}
