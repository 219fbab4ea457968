import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '@nongtin/service';
import { Aedes, type Client } from 'aedes';
import { writeToStream } from 'mqtt-packet';
import type { Identity } from './acl.ts';
import { sendAtOnce } from './command.ts';
import { deliverOnce } from './delivery.ts';
import { type Door, Doors, type Peer, type TlsCredentials } from './doors.ts';
import { type BrokerStats, sysTopics } from './figures.ts';
import { FrameGuard, guardReads } from './frame-guard.ts';
import { type Authenticate, type AuthenticatePeer, Gate } from './gate.ts';
import { type DurabilityHook, Inbox } from './inbox.ts';
import { hasConnack, keepAlive } from './keep-alive.ts';
import { type LaneEnds, PublishLane } from './lane.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { Pace } from './pace.ts';
import { Persistence } from './persistence.ts';
import type { CommandOptions, FarmBroker } from './port.ts';
import { causeOf, type RefusalCause, Refusals } from './refusals.ts';
import { noFile, sessionFile } from './session-file.ts';
import { Sessions } from './sessions.ts';
import { keepWritesFlowing } from './slow-consumers.ts';
import { refuseUnsound } from './sound.ts';

// Or it makes a buffer for every packet id there can be, 65,536 of them and 9 MiB, at the first packet.
writeToStream.cacheNumbers = false;

export interface BrokerOptions extends Door {
  /** The address that the doors listen on. */
  readonly host: string;
  /** Where the plain door listens alone: '127.0.0.1' leaves the network with TLS. */
  readonly plainHost?: string;
  /** MQTT over TLS; opened by `secure`. */
  readonly tls?: Door;
  /** Opened by `openWebSocket`. */
  readonly webSocket?: Door;
  readonly authenticate: Authenticate;
  /** For those who come with a certificate; without it a certificate is worth nothing. */
  readonly authenticatePeer?: AuthenticatePeer;
  /** Where sessions and retained messages outlive the process; without one they end with it. */
  readonly sessionsPath?: string;
  /** Without one, an acknowledgement means 'received', not 'durable'. */
  readonly hook?: DurabilityHook;
  readonly logger: Logger;
  readonly limits?: Partial<BrokerLimits>;
  readonly clock?: { nowMs(): number; monotonicMs?(): number };
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

/** The farm's (or the cloud's) MQTT 3.1.1 broker. Refuses everything that the topic table does not allow. */
export interface Broker extends FarmBroker {
  /** Throws a StartProblem when the port is taken; may then be called again. */
  start(): Promise<void>;
  /** Takes no more, waits for messages under way and acknowledges them, then closes every connection. */
  stop(): Promise<void>;
  /**
   * Publishes as the controller: neither access control nor hook. Absent subscribers never get it. At once: QoS 1, on the wire
   * before the call returns.
   */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions | CommandOptions,
  ): Promise<void>;
  /** Closes this identity's connections, as after its credential was revoked. */
  disconnect(identity: string): void;
  stats(): BrokerStats;
  /** Opens the doors for TLS, or shows clients that come from now on other credentials. Throws a StartProblem when the port is taken. */
  secure(credentials: TlsCredentials): Promise<void>;
  /** Opens the door for WebSockets, unless it is open. Throws a StartProblem when the port is taken. */
  openWebSocket(): Promise<void>;
  /** The port it listens on, once started. */
  readonly port: number;
  /** Likewise; undefined: there is no such door, or not yet. */
  readonly tlsPort: number | undefined;
  readonly webSocketPort: number | undefined;
}

export function createBroker(options: BrokerOptions): Broker {
  return new AedesBroker(options);
}

interface Parts {
  readonly aedes: Aedes;
  readonly sessions: Sessions;
  readonly persistence: Persistence;
  readonly gate: Gate;
}

interface Running extends Parts {
  readonly doors: Doors;
  readonly inbox: Inbox;
  readonly timers: readonly NodeJS.Timeout[];
}

const NO_HOOK: DurabilityHook = { receive: () => Promise.resolve() };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

class AedesBroker implements Broker {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #refusals: Refusals;
  readonly #streams = new Set<Duplex>();
  #running: Running | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#refusals = new Refusals(this.#nowMs, options.logger);
  }

  get port(): number {
    return this.#running?.doors.port('plain') ?? this.#options.port;
  }

  get tlsPort(): number | undefined {
    return this.#running?.doors.port('tls');
  }

  get webSocketPort(): number | undefined {
    return this.#running?.doors.port('webSocket');
  }

  async start(): Promise<void> {
    const { authenticate, authenticatePeer, hook = NO_HOOK, logger } = this.#options;
    const sessions = new Sessions();
    const persistence = this.#openPersistence(sessions);
    const aedes = await this.#createAedes(persistence);
    const inbox = new Inbox(hook, (key, packetId) => persistence.holds(key, packetId));
    const { packetBytes, connectionsOfOne } = this.#limits;
    const gate = new Gate({
      ...{ aedes, sessions, inbox, persistence, refusals: this.#refusals },
      ...{ authenticate, packetBytes, connectionsOfOne, nowMs: this.#nowMs, logger },
      ...(authenticatePeer === undefined ? {} : { authenticatePeer }),
    });
    aedes.on('unsubscribe', (filters, client) => sessions.removeFilters(client, filters));
    // Who is put away takes with it whoever has come in its place meanwhile.
    const { clients } = aedes as unknown as { clients: Record<string, Client | undefined> };
    const registered = new WeakSet<Client>();
    aedes.on('client', (client) => registered.add(client));
    aedes.on('clientDisconnect', ({ id }) => {
      const current = sessions.byKey(id)?.client;
      if (current && registered.has(current) && !current.closed) clients[id] = current;
    });
    this.#countErrors(aedes, sessions);
    const doors = this.#createDoors({ aedes, sessions, persistence, gate });
    try {
      await doors.open();
    } catch (error) {
      persistence.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      throw error;
    }
    const timers = this.#startTimers({ aedes, sessions, persistence, gate });
    this.#running = { aedes, doors, sessions, persistence, gate, inbox, timers };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    const { aedes, doors, gate, inbox, persistence, timers } = running;
    for (const timer of timers) clearTimeout(timer);
    const closed = doors.close();
    gate.close();
    const late = AbortSignal.timeout(this.#limits.drainMs);
    await Promise.race([inbox.drain(), once(late, 'abort')]);
    // Acknowledgements are written in the turn after the hook's answer.
    await nextTurn();
    await nextTurn();
    persistence.close();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    for (const stream of this.#streams) stream.destroy();
    doors.destroyAll();
    await closed;
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions | CommandOptions = {},
  ): Promise<void> {
    const running = this.#running;
    if (!running) throw new Error('the broker is not running');
    if ('atOnce' in options) {
      sendAtOnce(running.sessions.all(), topic, payload);
      return;
    }
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
    const { qos = 0, retain = false } = options;
    await new Promise<void>((resolve, reject) => {
      running.aedes.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  disconnect(identity: string): void {
    for (const session of this.#running?.sessions.ofIdentity(identity) ?? []) session.client.close();
    this.#running?.persistence.sessions.forgetIdentity(identity);
  }

  async secure(credentials: TlsCredentials): Promise<void> {
    await this.#running?.doors.secure(credentials);
  }

  async openWebSocket(): Promise<void> {
    await this.#running?.doors.openWebSocket();
  }

  stats(): BrokerStats {
    const { sessions, persistence, gate, inbox } = this.#running ?? {};
    return {
      connected: sessions?.connected ?? 0,
      publishReceived: { ...(gate?.received ?? { 0: 0, 1: 0, 2: 0 }) },
      waitingForHook: inbox?.waiting ?? 0,
      lasting: persistence?.sessions.figures() ?? { sessions: 0, away: 0, waiting: 0, dropped: 0 },
      retained: persistence?.retained ?? 0,
      refused: { ...this.#refusals.counts },
      lastRefusals: this.#refusals.last(),
    };
  }

  readonly #nowMs = (): number => this.#options.clock?.nowMs() ?? Date.now();

  readonly #monotonicMs = (): number => this.#options.clock?.monotonicMs?.() ?? performance.now();

  #openPersistence(sessions: Sessions): Persistence {
    const { sessionsPath, logger } = this.#options;
    const persistence = new Persistence({
      file: sessionsPath === undefined ? noFile : sessionFile(sessionsPath, logger),
      identityOf: (key) => sessions.byKey(key)?.identity,
      isGranted: (key, filter) => sessions.byKey(key)?.filters.has(filter) === true,
      onFull: (topic) => this.#refusals.add('retained_full', '', topic),
    });
    persistence.open();
    return persistence;
  }

  #createAedes(persistence: Persistence): Promise<Aedes> {
    return Aedes.createBroker({
      persistence,
      connectTimeout: this.#limits.connectTimeoutMs,
      // Packets that arrive together with CONNECT, before it is answered (MQTT 3.1.1, 3.1.4 allows them).
      queueLimit: 1_000,
      // While it is given what waited for it; afterwards `unreadBytes` decides.
      drainTimeout: 10_000,
      // aedes announces itself to other brokers of a cluster and buries their wills; we are alone.
      heartbeatInterval: DAY_MS,
      // Who acknowledges or releases after publishing does so when what is kept of it is kept.
      published: (packet, _client, done) => {
        if (packet.qos === 0) done(null);
        else persistence.saved().then(() => done(null));
      },
    });
  }

  #startTimers({ aedes, sessions, persistence, gate }: Parts): NodeJS.Timeout[] {
    const beganMs = this.#monotonicMs();
    const tellOfSelf = () => {
      if (!sessions.isListenedTo) return;
      const told = sysTopics(this.stats(), (this.#monotonicMs() - beganMs) / 1_000);
      for (const [topic, text] of Object.entries(told))
        aedes.publish(
          { cmd: 'publish', topic, payload: Buffer.from(text), qos: 0, retain: true, dup: false },
          () => {},
        );
    };
    const tellWills = () => void gate.publishLeft(persistence.takeLeftWills());
    return [
      setTimeout(tellWills, this.#limits.leftWillMs).unref(),
      setInterval(() => persistence.sessions.passHour(), HOUR_MS).unref(),
      setInterval(tellOfSelf, this.#limits.sysEveryMs).unref(),
    ];
  }

  #createDoors(parts: Parts): Doors {
    const { host, plainHost = host, port, portVariable, tls, webSocket } = this.#options;
    const { connections, connectTimeoutMs: handshakeMs } = this.#limits;
    return new Doors(
      {
        ...{ host, handshakeMs, connections },
        plain: { port, host: plainHost, ...(portVariable === undefined ? {} : { portVariable }) },
        ...(tls === undefined ? {} : { tls }),
        ...(webSocket === undefined ? {} : { webSocket }),
      },
      {
        accept: (stream, peer) => this.#accept(stream, peer, parts),
        refuse: (cause) => this.#refusals.add(cause),
      },
    );
  }

  #accept(stream: Duplex, peer: Peer | undefined, parts: Parts): void {
    const { aedes, sessions, persistence } = parts;
    if (this.#streams.size >= this.#limits.connections) {
      this.#refusals.add('too_many_connections');
      stream.destroy();
      return;
    }
    const guard = new FrameGuard(this.#limits.unauthenticatedPacketBytes);
    const lane = new PublishLane(this.#laneEnds(stream, parts, () => client));
    const pace = new Pace(this.#limits.messagesPerSecond, this.#monotonicMs);
    let isToldTooFast = false;
    const refuse = (cause: RefusalCause) => {
      if (cause !== 'too_fast' || !isToldTooFast) this.#refusals.add(cause, sessions.of(client)?.identity.id);
      if (cause === 'too_fast') isToldTooFast = true;
      else stream.destroy();
    };
    guardReads(stream, guard, lane, pace, refuse);
    const client = aedes.handle(stream);
    deliverOnce(aedes, client);
    refuseUnsound(client);
    const isLive = () => client.connected;
    keepWritesFlowing(stream, this.#limits.unreadBytes, { isLive, onSlow: () => refuse('slow_consumer') });
    sessions.expect(client, guard, peer);
    this.#streams.add(stream);
    stream.once('close', () => {
      this.#streams.delete(stream);
      const session = sessions.end(client);
      if (session && !client.clean) persistence.sessions.end(session.key);
    });
  }

  #laneEnds(stream: Duplex, { sessions, gate }: Parts, client: () => Client): LaneEnds {
    return {
      isOpen: () => hasConnack(client()) && sessions.of(client()) !== undefined,
      take: (message) => {
        const session = sessions.of(client());
        return session && gate.takeFromLane(session, message);
      },
      onTaken: () => keepAlive(client()),
      write: (bytes) => {
        if (!stream.destroyed && !client().closed) stream.write(bytes);
      },
      giveUp: (error) => {
        const identity = sessions.of(client())?.identity.id;
        this.#options.logger.error({ err: error, identity }, 'not durable: connection dropped');
        this.#refusals.add('not_durable', identity);
        stream.destroy();
      },
      onRoom: () => stream.emit('readable'),
    };
  }

  #countErrors(aedes: Aedes, sessions: Sessions): void {
    for (const event of ['clientError', 'connectionError'] as const) {
      aedes.on(event, (client, error) => {
        const cause = causeOf(error);
        const session: { identity: Identity } | undefined = sessions.of(client);
        if (cause) this.#refusals.add(cause, session?.identity.id);
      });
    }
    const emitter: NodeJS.EventEmitter = aedes;
    emitter.on('error', (error: unknown) => this.#options.logger.error({ err: error }, 'broker fault'));
  }
}
