import type { Logger } from '@nongtin/service';
import { topics } from '../wire/index.ts';
import { Acknowledgements, PUBACK, PUBREC } from './acknowledgements.ts';
import type { Published } from './frames.ts';
import { ReachError } from './reach.ts';
import { type ConnectionTiming, type Target, WireConnection } from './wire-connection.ts';

/** Milliseconds. */
export interface LinkTiming extends ConnectionTiming {
  /** Before the first new attempt; doubled with each that fails. */
  readonly retryMs: number;
  readonly mostRetryMs: number;
  /** After a message that will never be durable: then it is asked for again. */
  readonly refusedMs: number;
  /** Without a word from the broker; a marker that has not come back then never will. */
  readonly markerMs: number;
}

/**
 * Since when the broker has a message: 'kept', one that it tells to whoever subscribes, or 'waited', for nobody knows how
 * long, while we were away; undefined: it comes as it is said.
 */
export type Arrival = 'kept' | 'waited' | undefined;

export interface LinkOptions {
  readonly target: Target;
  readonly clientId: string;
  readonly packetBytes: number;
  readonly timing: LinkTiming;
  readonly random: () => number;
  readonly logger: Logger;
  /** Resolves when the message is durable. */
  readonly take: (message: Published, arrival: Arrival) => Promise<unknown>;
  readonly onUnreadable: (topic: string) => void;
  /** Messages will never be durable. */
  readonly onRefused: () => void;
  /** Undefined: it is connected and subscribed. */
  readonly onReach: (problem: ReachError | undefined) => void;
}

/** Of one link: messages that wait for the disk; then no more is read. */
const MOST_WAITING = 2_000;
/** What has waited may take its time. */
const MOST_MARKER_TURNS = 10;
const MARKER = topics.marker.pattern;
const DONE = Promise.resolve();

/**
 * One lasting session with the broker, over as many connections as it takes, one at a time. The broker keeps what is said
 * meanwhile and what was not acknowledged; QoS 2 messages that are held for their PUBREL are remembered here.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #held = new Set<number>();
  #filters: ReadonlySet<string> = new Set();
  #connection: WireConnection | undefined;
  #acknowledgements: Acknowledgements | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isUp = false;
  #isStopped = true;
  /** Comes back behind all that has waited for us; '': it has. */
  #marker = '';
  #markers = 0;
  /** Tells our markers from those of an earlier start, which may have waited too. */
  readonly #start: string;
  #markerTimer: NodeJS.Timeout | undefined;
  #hasHeard = false;
  /** Running number of the session as the broker knows it: when it forgets one, packet ids begin anew. */
  #session = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#start = options.random().toString(36).slice(2);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get session(): number {
    return this.#session;
  }

  /** Whether the broker has yet to release this QoS 2 message. */
  holds(session: number, packetId: number): boolean {
    return session === this.#session && this.#held.has(packetId);
  }

  /** Returns at once; goes on trying until it is stopped. */
  start(): void {
    this.#isStopped = false;
    this.#connect();
  }

  /** Takes no more; what is under way is still acknowledged until `leave`. */
  quiesce(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#markerTimer);
    this.#connection?.pause();
  }

  async leave(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#isUp = false;
    await connection?.leave();
  }

  /** Throws when there is no connection: a command is for now. QoS 0, so that the broker keeps it for nobody who is away. */
  publish(topic: string, payload: string | Uint8Array): void {
    if (!this.#isUp) throw new ReachError('unreachable', 'no connection to the broker');
    this.#connection?.send({
      ...{ cmd: 'publish', topic, payload: Buffer.from(payload) },
      ...{ qos: 0, dup: false, retain: false },
    });
  }

  /** What it listens to from now on. */
  listenTo(filters: readonly string[]): void {
    const before = this.#filters;
    this.#filters = new Set([MARKER, ...filters]);
    if (!this.#isUp) return;
    const gone = [...before].filter((filter) => !this.#filters.has(filter));
    if (gone.length > 0) this.#connection?.unsubscribe(gone);
    const added = filters.filter((filter) => !before.has(filter));
    const connection = this.#connection;
    connection?.subscribe(added).catch((error) => connection.destroy(asReachError(error)));
  }

  #connect(): void {
    const { target, clientId, packetBytes, timing } = this.#options;
    const connection = new WireConnection(target, clientId, packetBytes, timing, {
      onOpen: (isKnown) => void this.#open(connection, isKnown),
      onPublish: (message) => this.#take(message),
      onUnreadable: (topic, qos, packetId) => {
        this.#options.onUnreadable(topic);
        this.#answer(qos, packetId, DONE);
      },
      onRelease: (messageId) => {
        this.#held.delete(messageId);
        connection.send({ cmd: 'pubcomp', messageId });
      },
      onEnd: (error) => this.#ended(connection, error),
    });
    this.#connection = connection;
    this.#acknowledgements = new Acknowledgements({
      write: (bytes) => connection.write(bytes),
      onRefused: (error) => this.#refused(connection, error),
      onRoom: () => {
        if (!this.#isStopped) connection.resume();
      },
    });
  }

  /**
   * Subscribes to everything anew, also where the broker has kept the session: so it tells what it keeps, and a device that
   * went offline while we were away is known to be. The marker tells where that ends and the present begins.
   */
  async #open(connection: WireConnection, isKnown: boolean): Promise<void> {
    if (!isKnown) {
      this.#held.clear();
      this.#session += 1;
    }
    this.#markers += 1;
    this.#marker = `${this.#options.clientId} ${this.#start} ${this.#markers}`;
    let filters: ReadonlySet<string>;
    try {
      do {
        filters = this.#filters;
        await connection.subscribe([...filters]);
        // Credentials may have changed meanwhile.
      } while (filters !== this.#filters);
    } catch (error) {
      connection.destroy(asReachError(error));
      return;
    }
    if (connection !== this.#connection) return;
    this.#isUp = true;
    connection.send({
      ...{ cmd: 'publish', topic: MARKER, payload: this.#marker, messageId: connection.nextPacketId() },
      ...{ qos: 1, dup: false, retain: false },
    });
    this.#awaitMarker(connection, MOST_MARKER_TURNS);
    this.#options.onReach(undefined);
  }

  /** An access list that keeps it from us must not let all that is said pass for old for ever. */
  #awaitMarker(connection: WireConnection, turns: number): void {
    this.#hasHeard = false;
    clearTimeout(this.#markerTimer);
    this.#markerTimer = setTimeout(() => {
      if (connection !== this.#connection || this.#marker === '') return;
      if (this.#hasHeard && turns > 1) this.#awaitMarker(connection, turns - 1);
      else
        connection.destroy(
          new ReachError('filter_refused', `the broker does not give us back what we say on ${MARKER}`),
        );
    }, this.#options.timing.markerMs);
  }

  #take(message: Published): void {
    const { topic, qos, packetId, retain } = message;
    this.#hasHeard = true;
    if (topic === MARKER) {
      if (message.payload.equals(Buffer.from(this.#marker))) this.#caughtUp();
      this.#answer(qos, packetId, DONE);
      return;
    }
    const arrival = retain ? 'kept' : this.#marker !== '' && qos > 0 ? 'waited' : undefined;
    this.#answer(qos, packetId, this.#options.take(message, arrival));
  }

  #caughtUp(): void {
    this.#marker = '';
    clearTimeout(this.#markerTimer);
    this.#failures = 0;
  }

  #answer(qos: number, packetId: number | undefined, durable: Promise<unknown>): void {
    const acknowledgements = this.#acknowledgements;
    if (packetId === undefined || acknowledgements === undefined) return;
    acknowledgements.add(qos === 2 ? PUBREC : PUBACK, packetId, durable);
    const session = this.#session;
    if (qos === 2)
      durable.then(
        () => session === this.#session && this.#held.add(packetId),
        () => {},
      );
    if (acknowledgements.waiting >= MOST_WAITING) this.#connection?.pause();
  }

  /** The others go on; later it is asked for again, over a new connection. One message that is never taken blocks nobody. */
  #refused(connection: WireConnection, error: unknown): void {
    this.#options.onRefused();
    if (connection !== this.#connection || this.#isStopped) return;
    this.#options.logger.error({ err: error }, 'not durable: left with the broker');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => connection.destroy(new ReachError('not_durable', 'a message was refused')),
      this.#options.timing.refusedMs,
    );
  }

  #ended(connection: WireConnection, error: ReachError): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#isUp = false;
    clearTimeout(this.#markerTimer);
    if (this.#isStopped) return;
    this.#options.onReach(error);
    const { retryMs, mostRetryMs } = this.#options.timing;
    const longest = Math.min(mostRetryMs, retryMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    clearTimeout(this.#timer);
    // Spread out, so that several do not come back in step.
    this.#timer = setTimeout(() => this.#connect(), longest * (0.5 + this.#options.random() / 2));
  }
}

function asReachError(error: unknown): ReachError {
  return error instanceof ReachError ? error : new ReachError('closed', String(error));
}
