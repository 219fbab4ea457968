import { hash } from 'node:crypto';

/**
 * Which messages are a resend of one that is already in the journal, or on its way there.
 *
 * A device that got no PUBACK sends again: after a lost connection, after our restart, with the DUP flag or (many
 * clients) without, with the same packet id or with a new one. What tells a resend from a new reading of the same
 * value is what the payload itself carries:
 *
 *   a credible device time   the same bytes are the same reading, for a day; unless that time is long past and they
 *                            come over the same connection without DUP: then the device's clock stands still
 *   only a counter           the same bytes with DUP, for a day (a counter may start again when the device does);
 *                            without DUP for two minutes, unless they came over the same connection
 *   neither                  the same bytes from the same client with the same packet id and DUP, for five minutes:
 *                            longer, a sleepy device that always starts with packet id 1 would lose readings
 *
 * QoS 2 promises once: the same packet from before our restart is dropped without DUP too, since the client cannot
 * know that we forgot its packet ids. A resend that cannot be told is kept and flagged. Time during which the gateway was off does not count.
 */
type Marks = 'time' | 'counter' | 'none';

interface Arrival {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly clientId: string;
  readonly packetId: number | undefined;
  readonly dup: boolean;
  /** Names the network connection, when the broker tells it. */
  readonly connectionId?: string | undefined;
  readonly marks: Marks;
  /** The device's time is credible, but long past. */
  readonly late: boolean;
  readonly qos: 0 | 1 | 2;
  /** By the monotonic clock, so that setting the clock neither forgets nor drops anything. */
  readonly atMs: number;
  /** By the wall clock: kept with the key, because the monotonic one starts again with the gateway. */
  readonly receivedAtMs: number;
}

/** What is known of a message that was let in. */
interface Known {
  /** By the monotonic clock. */
  readonly atMs: number;
  readonly connectionId: string | undefined;
  readonly beforeRestart: boolean;
  /** Resolves when it is on the disk; undefined for what was there before our restart. */
  readonly stored: Promise<unknown> | undefined;
}

interface Duplicate {
  readonly isDuplicate: true;
  /** Resolves when the original is on the disk; undefined: it has been since before our restart. */
  readonly stored: Promise<unknown> | undefined;
}

interface Fresh {
  readonly isDuplicate: false;
  readonly isPossibleDuplicate: boolean;
  /** To be stored with the message, for reload(). */
  readonly key: Uint8Array;
  readonly content: string;
  readonly client: string;
  readonly packetId: number;
}

const DAY_MS = 86_400_000;
const COUNTER_MS = 120_000;
const PACKET_MS = 300_000;
const MOST_KEYS = 65_536;
const LOOKED_AT = 8;

/**
 * Bytes of a stored key: content hash 8, packet id 2, client hash 4, receive time 4 (seconds since 1970). Only a device's own
 * messages can be mistaken for each other (the topic is hashed along), once in some 10^14 messages.
 */
const KEY_BYTES = 18;
const CONTENT_DIGITS = 16;
const CLIENT_DIGITS = 8;

export class DuplicateWindow {
  readonly #contents = new Recent<Known>(MOST_KEYS);
  readonly #packets = new Recent<Known>(MOST_KEYS);
  readonly #clients = new Map<string, string>();

  /** Takes up the keys that were stored with the journal's entries, oldest first. */
  reload(keys: Uint8Array, atMs: number): void {
    const bytes = Buffer.from(keys.buffer, keys.byteOffset, keys.length);
    const whole = bytes.length - (bytes.length % KEY_BYTES);
    if (whole === 0) return;
    const timeOf = (offset: number) => bytes.readUInt32BE(offset + 14) * 1_000;
    // As if the newest had come just now: the time the gateway was off does not count.
    const shift = atMs - timeOf(whole - KEY_BYTES);
    for (let offset = 0; offset < whole; offset += KEY_BYTES) {
      const known = {
        atMs: timeOf(offset) + shift,
        connectionId: undefined,
        beforeRestart: true,
        stored: undefined,
      };
      const content = bytes.toString('hex', offset, offset + 8);
      const client = bytes.toString('hex', offset + 10, offset + 14);
      this.#contents.set(client, content, known);
      this.#rememberPacket(content, client, bytes.readUInt16BE(offset + 8), known);
    }
  }

  judge(arrival: Arrival): Duplicate | Fresh {
    const content = contentHash(arrival.topic, arrival.payload);
    const client = this.#clientHash(arrival.clientId);
    const packetId = arrival.packetId ?? 0;
    const sameContent = this.#contents.get(content);
    // A time or a counter tells without the packet id.
    const byPacket = arrival.marks === 'none' && packetId !== 0;
    const samePacket = byPacket ? this.#packets.get(packetKey(content, client, packetId)) : undefined;
    const original = resent(arrival, sameContent, samePacket);
    if (original !== undefined) return { isDuplicate: true, stored: original.stored };
    return {
      isDuplicate: false,
      isPossibleDuplicate: arrival.marks === 'none' && mayBeResent(arrival, sameContent, samePacket),
      content,
      client,
      packetId,
      key: storedKey(content, packetId, client, arrival.receivedAtMs),
    };
  }

  /** To be called once a message is on its way to the disk, and only then: a resend of it is dropped from here on. */
  remember({ content, client, packetId }: Fresh, arrival: Arrival, stored: Promise<unknown>): void {
    const { atMs, connectionId, marks } = arrival;
    const known: Known = { atMs, connectionId, beforeRestart: false, stored };
    this.#contents.set(client, content, known);
    if (marks === 'none') this.#rememberPacket(content, client, packetId, known);
  }

  #rememberPacket(content: string, client: string, packetId: number, known: Known): void {
    if (packetId !== 0) this.#packets.set(client, packetKey(content, client, packetId), known);
  }

  #clientHash(clientId: string): string {
    const cached = this.#clients.get(clientId);
    if (cached !== undefined) return cached;
    if (this.#clients.size >= MOST_KEYS) this.#clients.clear();
    const hashed = hash('sha256', clientId).slice(0, CLIENT_DIGITS);
    this.#clients.set(clientId, hashed);
    return hashed;
  }
}

/** The rules at the top of this file. */
function resent(
  arrival: Arrival,
  sameContent: Known | undefined,
  samePacket: Known | undefined,
): Known | undefined {
  const within = (known: Known | undefined, ms: number) =>
    known !== undefined && arrival.atMs - known.atMs <= ms ? known : undefined;
  switch (arrival.marks) {
    case 'time': {
      const frozen = arrival.late && !arrival.dup && isSameConnection(arrival, sameContent);
      return frozen ? undefined : within(sameContent, DAY_MS);
    }
    case 'counter':
      if (arrival.dup) return within(sameContent, DAY_MS);
      return isSameConnection(arrival, sameContent) ? undefined : within(sameContent, COUNTER_MS);
    case 'none':
      return arrival.dup || (arrival.qos === 2 && samePacket?.beforeRestart === true)
        ? within(samePacket, PACKET_MS)
        : undefined;
  }
}

/** Without a connection's name two messages may have come over different ones. */
function isSameConnection(arrival: Arrival, known: Known | undefined): boolean {
  return arrival.connectionId !== undefined && arrival.connectionId === known?.connectionId;
}

/**
 * A resend, perhaps: with DUP; the same bytes shortly before our restart, under whatever client id; or the same packet id
 * and bytes surely over another connection, a short while ago.
 */
function mayBeResent(
  arrival: Arrival,
  sameContent: Known | undefined,
  samePacket: Known | undefined,
): boolean {
  const isRecent = (known: Known) => arrival.atMs - known.atMs <= COUNTER_MS;
  if (arrival.dup) return true;
  if (sameContent?.beforeRestart === true && isRecent(sameContent)) return true;
  if (samePacket === undefined || !isRecent(samePacket)) return false;
  return arrival.connectionId !== undefined && arrival.connectionId !== samePacket.connectionId;
}

const packetKey = (content: string, client: string, packetId: number) => `${content}${client}${packetId}`;

/** Reused: most messages fit, and allocating is half of the work. */
const scratch = Buffer.allocUnsafeSlow(4_096);

/** Of topic (which names the device) and payload; 16 hex digits. */
function contentHash(topic: string, payload: Uint8Array): string {
  const head = Buffer.byteLength(topic) + 1;
  const length = head + payload.length;
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  bytes.write(topic, 0);
  bytes[head - 1] = 0;
  bytes.set(payload, head);
  return hash('sha256', bytes).slice(0, CONTENT_DIGITS);
}

function storedKey(content: string, packetId: number, client: string, receivedAtMs: number): Uint8Array {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.write(content, 0, 'hex');
  key.writeUInt16BE(packetId, 8);
  key.write(client, 10, 'hex');
  const seconds = Math.trunc(receivedAtMs / 1_000);
  key.writeUInt32BE(Math.min(Math.max(0, seconds), 0xffffffff), 14);
  return key;
}

/**
 * The newest values by key, bounded. When it is full, a client that holds more than its share gives up its own oldest:
 * a busy one cannot push out what a quiet one sent last.
 */
class Recent<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();
  readonly #byClient = new Map<string, Set<string>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(client: string, key: string, value: Value): void {
    let own = this.#byClient.get(client);
    if (own === undefined) {
      own = new Set();
      this.#byClient.set(client, own);
    }
    own.delete(key);
    own.add(key);
    this.#values.set(key, value);
    while (this.#values.size > this.#limit) this.#forgetOne(client, own);
  }

  #forgetOne(client: string, own: Set<string>): void {
    const isOverShare = own.size > this.#limit / this.#byClient.size;
    const [from, keys] = isOverShare ? [client, own] : this.#largestOfSome(client, own);
    for (const oldest of keys) {
      keys.delete(oldest);
      this.#values.delete(oldest);
      break;
    }
    if (keys.size === 0) this.#byClient.delete(from);
  }

  /** Looks at a few clients, each time at others. */
  #largestOfSome(client: string, own: Set<string>): [string, Set<string>] {
    let largest: [string, Set<string>] = [client, own];
    let looked = 0;
    // What is put back comes to the end of the map, behind the ones still to be looked at.
    for (const [other, keys] of this.#byClient) {
      if (++looked > LOOKED_AT) break;
      this.#byClient.delete(other);
      this.#byClient.set(other, keys);
      if (keys.size > largest[1].size) largest = [other, keys];
    }
    return largest;
  }
}
