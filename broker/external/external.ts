import type { Logger } from '@nongtin/service';
import type { Identity } from '../acl.ts';
import type { BrokerStats } from '../figures.ts';
import { type DurabilityHook, Inbox } from '../inbox.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { FarmBroker } from '../port.ts';
import { Refusals } from '../refusals.ts';
import type { Published } from './frames.ts';
import { type Arrival, Link, type LinkTiming } from './link.ts';
import type { Reach, ReachError } from './reach.ts';
import { SpeakersOfFarm } from './speakers-of-farm.ts';
import { CONNECTED_TOPIC, filtersOf, LINKS } from './subscriptions.ts';
import type { Target } from './wire-connection.ts';

export interface ExternalBrokerOptions {
  readonly target: Target;
  /** Fixed for this gateway: its sessions with the broker are kept under it. */
  readonly clientId: string;
  /** Whom the broker lets in, by our credentials; nobody else is heard. */
  readonly people: () => readonly Identity[];
  readonly hook: DurabilityHook;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
  readonly random?: () => number;
  readonly timing?: Partial<LinkTiming>;
  readonly packetBytes?: number;
  /** Time that stopping waits for messages under way, in milliseconds. */
  readonly drainMs?: number;
  /** Called when it is connected, and when it is not any more. */
  readonly onReach?: (reach: Reach) => void;
}

export interface ExternalBroker extends FarmBroker {
  /** Who may speak has changed. */
  refresh(): void;
  reach(): Reach;
}

const TIMING: LinkTiming = {
  connectMs: 10_000,
  pingMs: 15_000,
  retryMs: 500,
  mostRetryMs: 30_000,
  refusedMs: 30_000,
  markerMs: 60_000,
};
const DONE = Promise.resolve();

/** The broker that the farm's devices speak to is another one, such as Mosquitto; we are its client. */
export function createExternalBroker(options: ExternalBrokerOptions): ExternalBroker {
  return new ClientOfBroker(options);
}

class ClientOfBroker implements ExternalBroker {
  readonly port = 0;
  readonly #options: ExternalBrokerOptions;
  readonly #links: readonly Link[];
  readonly #inbox: Inbox;
  readonly #refusals: Refusals;
  readonly #speakers: SpeakersOfFarm;
  readonly #received: Record<0 | 1 | 2, number> = { 0: 0, 1: 0, 2: 0 };
  #reach: Reach;
  #connectedClients = 0;

  constructor(options: ExternalBrokerOptions) {
    this.#options = options;
    this.#speakers = new SpeakersOfFarm(options.people);
    this.#refusals = new Refusals(() => options.clock.nowMs(), options.logger);
    this.#links = Array.from({ length: LINKS }, (_, index) => this.#linkOf(index));
    this.#inbox = new Inbox(options.hook, (key, packetId) => {
      const [link = 0, session = 0] = key.split('/').map(Number);
      return this.#links[link]?.holds(session, packetId) === true;
    });
    const sinceMs = options.clock.nowMs();
    this.#reach = { url: shown(options.target), connected: false, sinceMs, problem: 'starting', detail: '' };
  }

  async start(): Promise<void> {
    this.refresh();
    for (const link of this.#links) link.start();
  }

  async stop(): Promise<void> {
    for (const link of this.#links) link.quiesce();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, this.#options.drainMs ?? DEFAULT_LIMITS.drainMs);
    await Promise.race([this.#inbox.drain(), late.promise]);
    clearTimeout(timer);
    // Acknowledgements are written in the turn after the hook's answer.
    await new Promise(setImmediate);
    await Promise.all(this.#links.map((link) => link.leave()));
  }

  async publish(topic: string, payload: string | Uint8Array): Promise<void> {
    this.#links[0]?.publish(topic, payload);
  }

  /** The broker alone can close its connections; until it has read its files anew, what this identity says is refused here. */
  disconnect(): void {
    this.refresh();
  }

  refresh(): void {
    this.#speakers.refresh();
    const filters = filtersOf(this.#options.people());
    for (const [index, link] of this.#links.entries()) link.listenTo(filters[index] ?? []);
  }

  reach(): Reach {
    return this.#reach;
  }

  stats(): BrokerStats {
    return {
      connected: this.#reach.connected ? this.#connectedClients : 0,
      publishReceived: { ...this.#received },
      waitingForHook: this.#inbox.waiting,
      // The other broker's own.
      lasting: { sessions: 0, away: 0, waiting: 0, dropped: 0 },
      retained: 0,
      refused: { ...this.#refusals.counts },
      lastRefusals: this.#refusals.last(),
      external: this.#reach,
    };
  }

  #linkOf(index: number): Link {
    const { target, clientId, logger, packetBytes = DEFAULT_LIMITS.packetBytes } = this.#options;
    return new Link({
      ...{ target, packetBytes, logger, clientId: `${clientId}-${index}` },
      timing: { ...TIMING, ...this.#options.timing },
      random: this.#options.random ?? Math.random,
      take: (message, arrival) => this.#take(index, message, arrival),
      onUnreadable: (topic) => this.#refusals.add('packet_too_large', '', topic),
      onRefused: () => this.#refusals.add('not_durable'),
      onReach: (error) => this.#tell(error),
    });
  }

  #take(link: number, message: Published, arrival: Arrival): Promise<unknown> {
    const { topic, payload, qos } = message;
    if (topic === CONNECTED_TOPIC) {
      this.#connectedClients = Math.max(0, Number.parseInt(payload.toString(), 10) - LINKS) || 0;
      return DONE;
    }
    const speaker = this.#speakers.of(topic, payload);
    // Our own command, which we hear where a device's name begins its topics.
    if (speaker === 'command') return DONE;
    if (typeof speaker === 'string') {
      this.#refusals.add('publish_not_allowed', speaker, topic);
      return DONE;
    }
    this.#received[qos] += 1;
    const { clientId, clock } = this.#options;
    const inbound = {
      ...{ identity: speaker, clientId, topic, payload, qos },
      ...{ dup: message.dup, retain: message.retain, packetId: message.packetId },
      receivedAtMs: clock.nowMs(),
      ...(arrival === undefined ? {} : { arrival }),
    };
    return this.#inbox.receive(inbound, `${link}/${this.#links[link]?.session}`);
  }

  /** Connected when all links are; what keeps the first of them away is told. */
  #tell(error: ReachError | undefined): void {
    const connected = error === undefined && this.#links.every(({ isUp }) => isUp);
    const before = this.#reach;
    if (error === undefined && !connected) return;
    const { logger, onReach, clock } = this.#options;
    const isNew = connected !== before.connected;
    const sinceMs = isNew ? clock.nowMs() : before.sinceMs;
    const [problem, detail] = error === undefined ? [null, ''] : [error.problem, error.message];
    this.#reach = { url: before.url, connected, sinceMs, problem, detail };
    if (!isNew && problem === before.problem) return;
    const { url } = before;
    if (connected) logger.info({ url }, 'connected to the external broker');
    else logger.warn({ url, problem, detail }, 'the external broker is not reached');
    onReach?.(this.#reach);
  }
}

function shown({ host, port, tls }: Target): string {
  return `${tls === undefined ? 'mqtt' : 'mqtts'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
