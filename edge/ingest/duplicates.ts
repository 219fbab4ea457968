import { hash } from 'node:crypto';
import { Arrivals, type Arrived, type Content } from './arrivals.ts';
import { StoredKeys, storedKey } from './stored-keys.ts';

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
 *   neither                  the same bytes of the same speaker with the same packet id and DUP, for five minutes:
 *                            longer, a sleepy device that always starts with packet id 1 would lose readings
 *
 * QoS 2 promises once: the same packet from before our restart is dropped without DUP too, since the client cannot
 * know that we forgot its packet ids. A resend that cannot be told is kept and flagged. Time during which the gateway was off does not count.
 */
type Marks = 'time' | 'counter' | 'none';

interface Arrival {
  /** Identity of who sent it. */
  readonly speaker: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly packetId: number | undefined;
  readonly dup: boolean;
  /** Names the network connection, when the broker tells it. */
  readonly connectionId?: string | undefined;
  readonly marks: Marks;
  /** The device's time, with marks 'time'. */
  readonly deviceMs?: number | undefined;
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
  /** 0: not known. */
  readonly connection: number;
  readonly packetId: number;
  readonly beforeRestart: boolean;
  /** Resolves when it is on the disk; undefined when it is there. */
  readonly stored: Promise<unknown> | undefined;
}

interface Duplicate {
  readonly isDuplicate: true;
  /** Resolves when the original is on the disk; undefined: it is there. */
  readonly stored: Promise<unknown> | undefined;
}

interface Fresh {
  readonly isDuplicate: false;
  readonly isPossibleDuplicate: boolean;
  /** To be stored with the message, for reload(). */
  readonly key: Uint8Array;
  readonly content: Content;
  readonly connection: number;
}

const DAY_MS = 86_400_000;
const COUNTER_MS = 120_000;
const PACKET_MS = 300_000;
const MOST_KEYS = 65_536;
/** Their numbers have 16 bits, and 0 is for those that are not known. */
const MOST_CONNECTIONS = 0xffff;
const LOOKED_AT = 8;

export class DuplicateWindow {
  readonly #speakers = new Map<string, Arrivals>();
  /** From before our restart, for as long as the longest of the rules asks. */
  #before: StoredKeys | undefined;
  #reloadedAtMs = 0;
  /** From their wall clock to our monotonic one. */
  #beforeShiftMs = 0;
  readonly #connections = new Map<string, number>();
  #lastConnection = 0;
  /** What is not on the disk yet, by the number of its group. */
  readonly #unstored = new Map<number, Promise<unknown>>();
  #lastGroup = 0;
  #size = 0;

  /** Takes up the keys that were stored with the journal's entries, oldest first. */
  reload(keys: Uint8Array, atMs: number): void {
    const stored = new StoredKeys(keys, MOST_KEYS);
    if (stored.newest === undefined) return;
    this.#before = stored;
    this.#reloadedAtMs = atMs;
    // As if the newest had come just now: the time the gateway was off does not count.
    this.#beforeShiftMs = atMs - stored.newest.receivedAtMs;
  }

  judge(arrival: Arrival): Duplicate | Fresh {
    const content = contentOf(arrival.topic, arrival.payload);
    const connection = this.#connectionOf(arrival.connectionId);
    const packetId = arrival.packetId ?? 0;
    const own = this.#speakers.get(arrival.speaker);
    const key = storedKey(content, packetId, arrival.receivedAtMs);
    // Later than anything this device ever sent: nothing can be the same.
    const isNewest = arrival.marks === 'time' && (arrival.deviceMs ?? 0) > (own?.newestDeviceMs ?? -1);
    const before = this.#storedBefore(arrival.atMs, content);
    if (isNewest && before === undefined) {
      return { isDuplicate: false, isPossibleDuplicate: false, key, content, connection };
    }
    const sameContent = isNewest ? before : (this.#known(own?.find(content)) ?? before);
    // A time or a counter tells without the packet id.
    const byPacket = arrival.marks === 'none' && packetId !== 0;
    const samePacket = byPacket
      ? (this.#known(own?.find(content, packetId)) ?? this.#storedBefore(arrival.atMs, content, packetId))
      : undefined;
    const original = resent(arrival, connection, sameContent, samePacket);
    if (original !== undefined) return { isDuplicate: true, stored: original.stored };
    const isPossibleDuplicate =
      arrival.marks === 'none' && mayBeResent(arrival, connection, sameContent, samePacket);
    return { isDuplicate: false, isPossibleDuplicate, key, content, connection };
  }

  /** To be called once a message is on its way to the disk, and only then: a resend of it is dropped from here on. */
  remember({ content, connection }: Fresh, arrival: Arrival, stored: Promise<unknown>): void {
    const { speaker, atMs, packetId = 0, deviceMs } = arrival;
    let own = this.#speakers.get(speaker);
    if (own === undefined) {
      own = new Arrivals();
      this.#speakers.set(speaker, own);
    }
    if (deviceMs !== undefined && deviceMs > own.newestDeviceMs) own.newestDeviceMs = deviceMs;
    const size = own.size;
    own.add(content, { atMs, connection, packetId, group: this.#groupOf(stored) });
    this.#size += own.size - size;
    while (this.#size > MOST_KEYS) this.#forgetOne(speaker, own);
  }

  /** When it is full, one that holds more than its share gives up its own oldest: a busy one pushes out no quiet one. */
  #forgetOne(speaker: string, own: Arrivals): void {
    const isOverShare = own.size > MOST_KEYS / this.#speakers.size;
    const from = isOverShare ? own : this.#largestOfSome(speaker, own);
    from.forgetOldest();
    this.#size -= 1;
  }

  /** Looks at a few speakers, each time at others. */
  #largestOfSome(speaker: string, own: Arrivals): Arrivals {
    let largest = own;
    let looked = 0;
    // What is put back comes to the end of the map, behind the ones still to be looked at.
    for (const [other, arrivals] of this.#speakers) {
      if (++looked > LOOKED_AT) break;
      this.#speakers.delete(other);
      if (arrivals.size > 0 || other === speaker) this.#speakers.set(other, arrivals);
      if (arrivals.size > largest.size) largest = arrivals;
    }
    return largest;
  }

  #connectionOf(id: string | undefined): number {
    if (id === undefined) return 0;
    const known = this.#connections.get(id);
    if (known !== undefined) return known;
    if (this.#connections.size === MOST_CONNECTIONS) {
      for (const [oldest] of this.#connections) {
        this.#connections.delete(oldest);
        break;
      }
    }
    this.#lastConnection = (this.#lastConnection % MOST_CONNECTIONS) + 1;
    this.#connections.set(id, this.#lastConnection);
    return this.#lastConnection;
  }

  /** Messages that are written together come with the same promise. */
  #groupOf(stored: Promise<unknown>): number {
    if (this.#unstored.get(this.#lastGroup) === stored) return this.#lastGroup;
    const group = (this.#lastGroup + 1) >>> 0;
    this.#lastGroup = group;
    this.#unstored.set(group, stored);
    stored.then(
      () => this.#unstored.delete(group),
      // Refused: so is a resend, which asks for the same promise.
      () => {},
    );
    return group;
  }

  #storedBefore(atMs: number, content: Content, packetId?: number): Known | undefined {
    if (this.#before === undefined) return undefined;
    if (atMs - this.#reloadedAtMs > DAY_MS) this.#before = undefined;
    const found = this.#before?.find(content, packetId);
    return (
      found && {
        atMs: found.receivedAtMs + this.#beforeShiftMs,
        connection: 0,
        packetId: found.packetId,
        beforeRestart: true,
        stored: undefined,
      }
    );
  }

  #known(arrived: Arrived | undefined): Known | undefined {
    return arrived && { ...arrived, beforeRestart: false, stored: this.#unstored.get(arrived.group) };
  }
}

/** The rules at the top of this file. */
function resent(
  arrival: Arrival,
  connection: number,
  sameContent: Known | undefined,
  samePacket: Known | undefined,
): Known | undefined {
  const within = (known: Known | undefined, ms: number) =>
    known !== undefined && arrival.atMs - known.atMs <= ms ? known : undefined;
  switch (arrival.marks) {
    case 'time': {
      const frozen = arrival.late && !arrival.dup && isSameConnection(connection, sameContent);
      return frozen ? undefined : within(sameContent, DAY_MS);
    }
    case 'counter':
      if (arrival.dup) return within(sameContent, DAY_MS);
      return isSameConnection(connection, sameContent) ? undefined : within(sameContent, COUNTER_MS);
    case 'none':
      return arrival.dup || (arrival.qos === 2 && samePacket?.beforeRestart === true)
        ? within(samePacket, PACKET_MS)
        : undefined;
  }
}

/** Without a connection's name two messages may have come over different ones. */
function isSameConnection(connection: number, known: Known | undefined): boolean {
  return connection !== 0 && connection === known?.connection;
}

/**
 * A resend, perhaps: with DUP; the same bytes shortly before our restart, under whatever client id; or the same packet id
 * and bytes surely over another connection, a short while ago.
 */
function mayBeResent(
  arrival: Arrival,
  connection: number,
  sameContent: Known | undefined,
  samePacket: Known | undefined,
): boolean {
  const isRecent = (known: Known) => arrival.atMs - known.atMs <= COUNTER_MS;
  if (arrival.dup) return true;
  if (sameContent?.beforeRestart === true && isRecent(sameContent)) return true;
  if (samePacket === undefined || !isRecent(samePacket)) return false;
  return connection !== 0 && connection !== samePacket.connection;
}

/** Reused: most messages fit, and allocating is half of the work. */
const scratch = Buffer.allocUnsafeSlow(4_096);

/** Of topic (which names the device) and payload. */
function contentOf(topic: string, payload: Uint8Array): Content {
  const head = Buffer.byteLength(topic) + 1;
  const length = head + payload.length;
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  bytes.write(topic, 0);
  bytes[head - 1] = 0;
  bytes.set(payload, head);
  // One character a byte: the shortest form in which it comes without a buffer of its own.
  const digest = hash('sha256', bytes, 'binary');
  return { high: uint32(digest, 0), low: uint32(digest, 4) };
}

function uint32(bytes: string, at: number): number {
  const [one, two] = [bytes.charCodeAt(at), bytes.charCodeAt(at + 1)];
  return ((one << 24) | (two << 16) | (bytes.charCodeAt(at + 2) << 8) | bytes.charCodeAt(at + 3)) >>> 0;
}
