import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type Packet } from 'mqtt-packet';
import { FrameReader, type Published, publishedIn } from './frames.ts';
import { ReachError, reachErrorOf, refusalOf } from './reach.ts';

/** Where the broker is, and who we are there. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Undefined: plain TCP. `ca`: who signs the broker's certificate, PEM; undefined: those whom the system trusts. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

/** Milliseconds. */
export interface ConnectionTiming {
  /** From the first byte to the broker's answer. */
  readonly connectMs: number;
  /** So often we say that we are there; a broker that is silent for two of them is given up. */
  readonly pingMs: number;
}

export interface ConnectionEnds {
  /** The broker lets us in; `isKnown`: it has kept our session. */
  onOpen(isKnown: boolean): void;
  onPublish(message: Published): void;
  /** A message that cannot be taken: too large, or not as MQTT has it. Without a packet id nothing is to be answered. */
  onUnreadable(topic: string, qos: number, packetId: number | undefined): void;
  onRelease(packetId: number): void;
  /** Once, and nothing after it. */
  onEnd(error: ReachError): void;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBREL = 6;
const SUBACK = 9;
const REFUSED = 0x80;
/** For the broker to close its side. */
const GOODBYE_MS = 1_000;
/** Of one packet: few enough for brokers that bound it, few round trips for a thousand devices. */
const MOST_FILTERS = 200;

/** One connection to a broker as its client, MQTT 3.1.1, with a session that outlives it. Answers nothing by itself. */
export class WireConnection {
  readonly #ends: ConnectionEnds;
  readonly #timing: ConnectionTiming;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** SUBSCRIBEs without an answer, by packet id. */
  readonly #asked = new Map<number, PromiseWithResolvers<void>>();
  #timer: NodeJS.Timeout;
  #isOpen = false;
  #hasEnded = false;
  #quietPings = 0;
  #packetId = 0;

  constructor(
    target: Target,
    clientId: string,
    packetBytes: number,
    timing: ConnectionTiming,
    ends: ConnectionEnds,
  ) {
    this.#ends = ends;
    this.#timing = timing;
    this.#reader = new FrameReader(packetBytes, {
      onFrame: (head, body) => this.#frame(head, body),
      onTooLarge: (head, beginning) => this.#unreadable(head, beginning),
    });
    const { username, password } = target;
    this.#socket = socketTo(target, () =>
      this.send({
        ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: false, clientId },
        ...{ username, password: Buffer.from(password) },
        // Twice our own: a busy moment is no death.
        keepalive: Math.max(1, Math.ceil((timing.pingMs * 2) / 1_000)),
      }),
    );
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#end(reachErrorOf(error)));
    this.#socket.on('close', () =>
      this.#end(new ReachError('closed', 'the broker has closed the connection')),
    );
    this.#timer = setTimeout(
      () => this.#end(new ReachError('silent', `no answer within ${timing.connectMs} ms`)),
      timing.connectMs,
    );
  }

  send(packet: Packet): void {
    this.write(generate(packet));
  }

  write(bytes: Uint8Array): void {
    if (!this.#hasEnded) this.#socket.write(bytes);
  }

  nextPacketId(): number {
    this.#packetId = (this.#packetId % 0xffff) + 1;
    return this.#packetId;
  }

  /** Resolves when the broker has granted all of them; rejects when it refuses one, or the connection ends. */
  async subscribe(filters: readonly string[]): Promise<void> {
    for (let from = 0; from < filters.length; from += MOST_FILTERS) {
      const messageId = this.nextPacketId();
      const answer = Promise.withResolvers<void>();
      this.#asked.set(messageId, answer);
      const subscriptions = filters
        .slice(from, from + MOST_FILTERS)
        .map((topic) => ({ topic, qos: 2 as const }));
      this.send({ cmd: 'subscribe', messageId, subscriptions });
      if (this.#hasEnded) throw new ReachError('closed');
      await answer.promise;
    }
  }

  /** Its answer changes nothing, so nobody waits for it. */
  unsubscribe(filters: readonly string[]): void {
    for (let from = 0; from < filters.length; from += MOST_FILTERS)
      this.send({
        ...{ cmd: 'unsubscribe', messageId: this.nextPacketId() },
        unsubscriptions: filters.slice(from, from + MOST_FILTERS),
      });
  }

  /** From now on nothing is read, so that the broker has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says goodbye behind what is written; resolves when the connection is closed. What still comes is not taken. */
  async leave(): Promise<void> {
    if (this.#hasEnded) return;
    this.send({ cmd: 'disconnect' });
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const late = setTimeout(() => socket.destroy(), GOODBYE_MS);
    // Read to its end: closed with bytes unread, a socket takes back what it has sent last.
    if (this.#isOpen) socket.end().resume();
    else socket.destroy();
    await closed;
    clearTimeout(late);
  }

  destroy(error: ReachError): void {
    this.#end(error);
  }

  #read(chunk: Buffer): void {
    this.#quietPings = 0;
    if (this.#hasEnded) return;
    // Other protocols are told by their first byte; as a packet of MQTT they may never come to an end.
    const isOther = !this.#isOpen && chunk[0] !== CONNACK << 4;
    if (isOther || !this.#reader.push(chunk))
      this.#end(new ReachError('not_mqtt', 'what answers there is no MQTT'));
  }

  #frame(head: number, body: Buffer): void {
    if (this.#hasEnded) return;
    const kind = head >> 4;
    if (!this.#isOpen) this.#opened(kind, body);
    else if (kind === PUBLISH) {
      const message = publishedIn(head, body);
      if (message) this.#ends.onPublish(message);
      else this.#end(new ReachError('not_mqtt', 'a PUBLISH that is none'));
    } else if (kind === PUBREL && body.length >= 2) this.#ends.onRelease(body.readUInt16BE(0));
    else if (kind === SUBACK && body.length > 2) this.#granted(body);
    // PUBACK of our own messages, UNSUBACK, PINGRESP: that something came is all they say.
  }

  #opened(kind: number, body: Buffer): void {
    const [flags = 0, returnCode] = body;
    const isAnswer = kind === CONNACK && returnCode !== undefined;
    if (!isAnswer || returnCode !== 0) {
      this.#end(
        isAnswer ? refusalOf(returnCode) : new ReachError('not_mqtt', 'what answers there is no MQTT broker'),
      );
      return;
    }
    this.#isOpen = true;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#ping(), this.#timing.pingMs);
    this.#ends.onOpen((flags & 1) === 1);
  }

  #ping(): void {
    // What is not read because we hold it back is no silence of the broker's.
    if (this.#quietPings >= 2 && !this.#socket.isPaused()) {
      this.#end(new ReachError('silent', 'the broker has fallen silent'));
      return;
    }
    this.#quietPings += 1;
    this.send({ cmd: 'pingreq' });
  }

  #granted(body: Buffer): void {
    const asked = this.#asked.get(body.readUInt16BE(0));
    this.#asked.delete(body.readUInt16BE(0));
    if (!body.subarray(2).includes(REFUSED)) asked?.resolve();
    else asked?.reject(new ReachError('filter_refused', 'a subscription was refused (SUBACK 0x80)'));
  }

  #unreadable(head: number, beginning: Buffer): void {
    if (this.#hasEnded) return;
    const message = head >> 4 === PUBLISH ? publishedIn(head, beginning) : undefined;
    if (message) this.#ends.onUnreadable(message.topic, message.qos, message.packetId);
    else this.#end(new ReachError('not_mqtt', 'a packet that no broker sends'));
  }

  #end(error: ReachError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // One timer at a time: either clears both kinds.
    clearTimeout(this.#timer);
    this.#socket.destroy();
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    this.#ends.onEnd(error);
  }
}

function socketTo({ host, port, tls }: Target, onConnected: () => void): Socket {
  if (tls === undefined) return connectPlain({ host, port, noDelay: true }, onConnected);
  const ca = tls.ca === undefined ? {} : { ca: tls.ca };
  return connectTls(
    { host, port, servername: isIP(host) === 0 ? host : '', ...ca },
    onConnected,
  ).setNoDelay();
}
