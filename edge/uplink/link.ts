import { topicOf } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { connect, type MqttClient } from 'mqtt';

/** Another conversation over the same connection. */
export interface LinkGuest {
  /** Its topic is subscribed. What is published is lost with the connection. */
  connected(publish: (message: string) => void): void;
  disconnected(): void;
  onMessage(payload: Uint8Array): void;
}

/** The one about commands and their outcomes. */
export interface CommandGuest extends LinkGuest {
  /** Asked before each connection: what the cloud hears when it ends, however it does. */
  lastWill(): string;
}

type FromGateway = 'uplinkEntries' | 'uplinkLive' | 'gatewayOutcome' | 'neighbourQuestion';

export interface LinkTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface LinkOptions {
  readonly url: string;
  /** By which the cloud's broker knows our earlier connection, and ends it. */
  readonly clientId: string;
  /** The gateway's identity, also its user name in the cloud. */
  readonly gateway: string;
  readonly password: string;
  readonly tls: LinkTls;
  readonly monotonicMs: () => number;
  /** Answers will come; a small question and its answer took so long. */
  readonly onOpen: (roundTripMs: number) => void;
  /** Answers will never come: who we are is known, but not allowed. The connection stays. */
  readonly onDenied: (reason: string) => void;
  readonly onAnswer: (payload: Uint8Array) => void;
  readonly commands: CommandGuest | undefined;
  /** The one about what traps of other farms catch. */
  readonly neighbours?: LinkGuest | undefined;
  readonly logger: Logger;
  /** At most once, and not after `end`. */
  readonly onClosed: (reason: string) => void;
}

/**
 * Both sides end a connection of which they have seen no whole packet for one and a half times as long, and a single large
 * entry may be on its way for minutes at a few kbit/s.
 */
const KEEP_ALIVE_SECONDS = 600;
/** While nothing is under way: keeps the way through routers open, and tells whether the cloud is still there. */
const PING_EVERY_MS = 60_000;
/** Messages that the cloud's broker has not confirmed: more than are ever under way at once, for answers overtake. */
const MOST_UNCONFIRMED = 24;

/**
 * One connection to the cloud. The MQTT package keeps what was not confirmed and would send it again by itself; with its
 * client it goes, so that a cloud that stays silent costs no more memory than what was under way.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #client: MqttClient;
  #isOver = false;
  #unconfirmed = 0;
  #isPinged = false;
  #isAnswered = false;
  #pings: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { url, clientId, gateway, password, tls, commands } = options;
    const topic = topicOf('gatewayOutcome', gateway);
    const will = commands && {
      topic,
      payload: Buffer.from(commands.lastWill()),
      qos: 1 as const,
      retain: false,
    };
    this.#client = connect(url, {
      ...{ clientId, username: gateway, password, ...tls },
      ...{ clean: true, reconnectPeriod: 0, keepalive: KEEP_ALIVE_SECONDS },
      // The journal is the queue: what is not sent now is read again from there.
      queueQoSZero: false,
      ...(will ? { will } : {}),
    });
    this.#client.on('connect', () => this.#listen());
    const onCommand = topicOf('gatewayCommand', gateway);
    const onNeighbours = topicOf('neighbourAnswer', gateway);
    this.#client.on('message', (on, payload) => {
      if (this.#isOver) return;
      if (on === onCommand) commands?.onMessage(payload);
      else if (on === onNeighbours) options.neighbours?.onMessage(payload);
      else options.onAnswer(payload);
    });
    this.#client.on('packetreceive', () => {
      this.#isAnswered = true;
      this.#isPinged = false;
    });
    this.#client.on('close', () => {
      const isOfTls = !this.#isAnswered && url.startsWith('mqtt:');
      this.#close(isOfTls ? CLOSED_EARLY : 'the connection was closed');
    });
    this.#client.on('error', (error) => this.#close(reasonOf(error)));
  }

  /** Resolves when the cloud's broker has taken it: true; or the connection is over: false. */
  send(name: FromGateway, payload: Uint8Array): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    if (this.#unconfirmed >= MOST_UNCONFIRMED) {
      this.#close('messages are not confirmed');
      return Promise.resolve(false);
    }
    this.#unconfirmed += 1;
    const topic = topicOf(name, this.#options.gateway);
    return new Promise((resolve) => {
      this.#client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
        this.#unconfirmed -= 1;
        resolve(!error && !this.#isOver);
      });
    });
  }

  /** Forced: what is under way is not needed, the next connection begins at the cursor. */
  async end(): Promise<void> {
    if (!this.#isOver) {
      this.#options.commands?.disconnected();
      this.#options.neighbours?.disconnected();
    }
    this.#isOver = true;
    clearInterval(this.#pings);
    await this.#client.endAsync(true);
  }

  #listen(): void {
    const { gateway, monotonicMs, onOpen, onDenied } = this.#options;
    const askedAtMs = monotonicMs();
    this.#pings = setInterval(() => this.#ping(), PING_EVERY_MS);
    // QoS 0, here and for commands: a session that ends with its connection is sent nothing again (decision 0021).
    this.#client.subscribe(topicOf('uplinkAnswer', gateway), { qos: 0 }, (error, granted) => {
      if (this.#isOver) return;
      if (error || granted?.some((grant) => grant.qos >= 128)) onDenied('no answers without listening');
      else {
        onOpen(monotonicMs() - askedAtMs);
        const { commands, neighbours, logger } = this.#options;
        this.#hold(commands, 'gatewayCommand', 'gatewayOutcome', (err) =>
          logger.warn({ err }, 'uplink may not listen for commands'),
        );
        // A cloud of an earlier version ends the connection of who asks, but only refuses who listens.
        this.#hold(neighbours, 'neighbourAnswer', 'neighbourQuestion', () =>
          logger.info('this cloud does not tell what neighbours catch'),
        );
      }
    });
  }

  /** After the answers, so that entries wait for nothing. */
  #hold(
    guest: LinkGuest | undefined,
    hears: 'gatewayCommand' | 'neighbourAnswer',
    says: FromGateway,
    onDenied: (error: unknown) => void,
  ): void {
    if (guest === undefined) return;
    this.#client.subscribe(topicOf(hears, this.#options.gateway), { qos: 0 }, (error, granted) => {
      if (this.#isOver) return;
      if (error || granted?.some((grant) => grant.qos >= 128)) onDenied(error);
      else guest.connected((message) => void this.send(says, Buffer.from(message)));
    });
  }

  /** Not while a message is on the wire: a ping's answer cannot overtake it, and its own patience rules. */
  #ping(): void {
    if (this.#unconfirmed > 0) return;
    if (this.#isPinged) {
      this.#close('the cloud does not answer');
      return;
    }
    this.#isPinged = true;
    this.#client.sendPing();
  }

  #close(reason: string): void {
    if (this.#isOver) return;
    void this.end();
    this.#options.onClosed(reason);
  }
}

const CLOSED_EARLY =
  'the connection was closed before anything was answered; a door for TLS wants mqtts:// in its address';

/** In words that say what to do about a certificate; the rest as it comes. */
function reasonOf(error: Error & { code?: unknown }): string {
  const { code = '', message } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the uplink’s certificate is for other names than this address (${message})`;
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE|VERIFY/.test(String(code)))
    return `the uplink’s certificate is not trusted (${code}): who signed it stands in the enrolment, or in the file that NONGTIN_UPLINK_CA names`;
  // Node's error of a name with several addresses has no words of its own.
  return message || 'the cloud cannot be reached';
}
