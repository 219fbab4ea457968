/** Sizes are of messages as they travel, packed. */
const LEAST_BYTES = 1024;
/** A second at 64 kbit/s: what is tried before anything is known. */
const FIRST_BYTES = 8 * 1024;
const MOST_BYTES = 128 * 1024;
/** What one message is to take on the wire: then live values come between within seconds, and a cut costs little. */
const WIRE_MS = 2_500;
/** Above what was lost before, each full message that arrives lets the next be so much larger. */
const STEP_BYTES = 2 * 1024;
const MOST_IN_FLIGHT = 4;
/** Of the newest measurement in the average. */
const WEIGHT = 0.25;
/** A smaller message tells of the latency, not of the link. */
const TELLING_BYTES = 2 * 1024;
/** Assumed before anything is measured. */
const UNKNOWN_BYTES_PER_SECOND = 4 * 1024;
/** An answer may take so many times what is expected: links stall, clouds are busy. */
const PATIENCE = 3;
const MOST_WAIT_MS = 10 * 60_000;

interface Sent {
  readonly bytes: number;
  readonly sentAtMs: number;
}

/**
 * How large messages are, how many are under way, and how long an answer may take: by what the link has carried. Times
 * are monotonic. The rules:
 *
 * - Goodput: bytes of a message over the time since the answer before it, or since it could have arrived; averaged.
 * - Size: what goodput carries in 2.5 s, 1 to 128 KiB. It grows by doubling up to half of what was lost last, from there
 *   by 2 KiB a message, and only when messages are as large as they may be. After a loss it is half as large.
 * - Under way: one until the link is known and after a loss; else two (one on the wire while the other is answered), up to
 *   four where the latency is longer than a message.
 * - Patience: three times what latency and goodput let expect of all that is under way, at least `leastWaitMs`, at most
 *   ten minutes, and twice as long after each silence. So what is too large for a slow link becomes smaller, and a single
 *   entry that cannot is waited for longer each time: neither is sent again for ever.
 */
export class Pace {
  readonly #leastWaitMs: number;
  #size = FIRST_BYTES;
  /** Where doubling ends. */
  #knownGood = Number.POSITIVE_INFINITY;
  #bytesPerSecond: number | undefined;
  #latencyMs = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  /** Something was lost since the last answer. */
  #isShaken = false;
  /** Of the losses since then, those without a word. */
  #silences = 0;

  constructor(leastWaitMs: number) {
    this.#leastWaitMs = leastWaitMs;
  }

  /** Of the next message. */
  get messageBytes(): number {
    return Math.round(this.#size);
  }

  /** Undefined before anything was measured. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** How many messages may be under way. */
  get mostInFlight(): number {
    if (this.#bytesPerSecond === undefined || this.#isShaken) return 1;
    const wireMs = (this.#size / this.#bytesPerSecond) * 1000;
    return Math.min(MOST_IN_FLIGHT, Math.max(2, Math.ceil(1 + this.#latencyMs / wireMs)));
  }

  /** How long the next answer may take, with so much under way. */
  waitMs(bytesInFlight: number): number {
    const wireMs = (bytesInFlight / (this.#bytesPerSecond ?? UNKNOWN_BYTES_PER_SECOND)) * 1000;
    const expectedMs = Math.max(this.#leastWaitMs, PATIENCE * (this.#latencyMs + wireMs));
    return Math.min(MOST_WAIT_MS, expectedMs * 2 ** Math.min(this.#silences, 10));
  }

  /** A connection is open; a small question and its answer took so long. */
  opened(roundTripMs: number): void {
    this.#latencyMs = roundTripMs;
    this.#answeredAtMs = Number.NEGATIVE_INFINITY;
  }

  answered({ bytes, sentAtMs }: Sent, nowMs: number): void {
    this.#isShaken = false;
    this.#silences = 0;
    this.#latencyMs = Math.min(this.#latencyMs, nowMs - sentAtMs);
    const wireMs = nowMs - Math.max(this.#answeredAtMs, sentAtMs + this.#latencyMs);
    this.#answeredAtMs = nowMs;
    const isTelling = bytes >= Math.min(TELLING_BYTES, this.#size / 2);
    if (!isTelling && this.#bytesPerSecond !== undefined) return;
    const measured = (bytes * 1000) / Math.max(1, wireMs);
    const before = this.#bytesPerSecond ?? measured;
    this.#bytesPerSecond = before + WEIGHT * (measured - before);
    this.#resize(bytes >= this.#size / 2);
  }

  /** The connection broke while a message was under way; or one was not answered in time. */
  lost(how: 'cut' | 'silence'): void {
    this.#isShaken = true;
    if (how === 'silence') this.#silences += 1;
    this.#size = Math.max(LEAST_BYTES, this.#size / 2);
    this.#knownGood = this.#size;
  }

  #resize(wasFull: boolean): void {
    const carried = ((this.#bytesPerSecond ?? 0) * WIRE_MS) / 1000;
    const wanted = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, carried));
    const reachable = this.#size < this.#knownGood ? this.#size * 2 : this.#size + STEP_BYTES;
    if (wanted < this.#size) this.#size = wanted;
    else if (wasFull) this.#size = Math.min(wanted, reachable);
  }
}
