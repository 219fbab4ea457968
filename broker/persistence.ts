import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Identity } from './acl.ts';
import { LastingSessions, type Subscription } from './lasting.ts';
import type { Outgoing, Waiting } from './outbox.ts';
import { Retained, type RetainedMessage } from './retained.ts';
import type { SavedRecord, SessionFile } from './session-file.ts';

type Qos = 0 | 1 | 2;

/** A client as aedes hands it to its persistence: its id is the session's key. */
interface AedesClient {
  readonly id: string;
  readonly clean?: boolean;
  readonly closed?: boolean;
}

/** A packet as aedes hands it to its persistence. */
interface AedesPacket {
  readonly cmd: string;
  readonly brokerId: string;
  readonly brokerCounter: number;
  readonly messageId?: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
}

/** The last will of somebody who was connected when the broker ended. */
export interface LeftWill extends RetainedMessage {
  readonly identity: Identity;
  readonly retain: boolean;
}

export interface PersistenceOptions {
  readonly file: SessionFile;
  /** Who speaks in the connected session of this key; undefined: nobody does. */
  readonly identityOf: (key: string) => Identity | undefined;
  /** Whether this session's filter was granted: aedes stores refused ones beside the granted. */
  readonly isGranted: (key: string, filter: string) => boolean;
  /** There was no room to retain a message. */
  readonly onFull: (topic: string) => void;
}

/** aedes tells from its filters whether a session was there before. For one without any this stands in; it is granted to nobody. */
export const NO_FILTER = '$none';
const NOTHING = new Uint8Array(0);
/** How often is looked whether a client that has come back was sent what waited for it. */
const CATCH_UP_MS = 5;
/** QoS 2 messages of one session that it has not released. */
const MOST_INCOMING = 2_000;

/**
 * What outlives a connection, and with a file the broker: lasting sessions, unfinished QoS 2 handshakes, retained messages
 * and the wills of who was connected. It stands in the place of aedes' persistence; the methods that aedes calls have the
 * names of aedes-persistence 11. What a publish changes is changed at once and saved soon after: aedes tells copies of
 * one message apart by numbers that must not overtake each other, so that nothing may be waited for between. Who
 * acknowledges waits for `saved`.
 */
export class Persistence {
  readonly sessions: LastingSessions;
  readonly #options: PersistenceOptions;
  /** Packet ids of QoS 2 messages between PUBREC and PUBREL, by session. */
  readonly #incoming = new Map<string, Set<number>>();
  readonly #retained = new Retained();
  readonly #wills = new Set<string>();
  readonly #leftWills = new Map<string, LeftWill>();
  readonly #caughtUp = new WeakSet<AedesClient>();
  /** Places of what has been handed to aedes to be sent again, and is not sent yet. */
  readonly #underWay = new WeakMap<AedesClient, Set<number>>();

  constructor(options: PersistenceOptions) {
    this.#options = options;
    const { file } = options;
    this.sessions = new LastingSessions({ file, onForgotten: (key) => this.#forgetIncoming(key) });
  }

  /** Reads what was kept. */
  open(): void {
    const records = this.#options.file.open();
    for (const record of records) if (record.kind === 'session') this.sessions.restore(record);
    for (const record of records) this.#restore(record);
  }

  /** Nothing that happens from now on is kept: aedes clears up after each client when it ends. */
  close(): void {
    this.#options.file.close();
  }

  /** Resolves when what has happened so far is kept. */
  saved(): Promise<void> {
    return this.#options.file.saved();
  }

  get retained(): number {
    return this.#retained.size;
  }

  /** Whether the QoS 2 message is held for its PUBREL, so that its resend is not taken for a new one. */
  holds(key: string, packetId: number): boolean {
    return this.#incoming.get(key)?.has(packetId) === true;
  }

  /** What waits for this client, as far as this packet is among it. */
  waiting(client: AedesClient, packet: Pick<Outgoing, 'brokerId' | 'brokerCounter'>): Waiting | undefined {
    return this.sessions.outboxOf(client.id)?.find(packet);
  }

  /** Whether this client has been given what waited for it: until then what comes has to wait too, or it would overtake. */
  hasCaughtUp(client: AedesClient): boolean {
    return this.#caughtUp.has(client);
  }

  /** This one is back, whatever its client id: what it left behind is no longer true. */
  isBack({ id }: Identity): void {
    for (const [key, { identity }] of [...this.#leftWills]) if (identity.id === id) this.#dropWill(key);
  }

  /** The wills of those who have not come back; they are given once. */
  takeLeftWills(): LeftWill[] {
    const wills = [...this.#leftWills.values()];
    for (const key of [...this.#leftWills.keys()]) this.#dropWill(key);
    return wills;
  }

  async setup(): Promise<void> {}

  storeRetained(packet: AedesPacket): AtOnce<undefined> {
    this.#keepRetained(packet);
    return atOnce(undefined);
  }

  #keepRetained({ topic, payload, qos }: AedesPacket): void {
    const { file, onFull } = this.#options;
    if (!this.#retained.set({ topic, payload, qos })) {
      onFull(topic);
      return;
    }
    // What we tell of ourselves is told anew at each start.
    if (topic.startsWith('$')) return;
    if (payload.length > 0) file.put({ kind: 'retained', owner: '', name: topic, about: { qos }, payload });
    else file.remove('retained', '', topic);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(retainedPackets(this.#retained.matching(filters)));
  }

  async addSubscriptions(
    { id }: AedesClient,
    filters: readonly { topic: string; qos: Qos }[],
  ): Promise<void> {
    for (const { topic, qos } of filters)
      if (this.#options.isGranted(id, topic)) this.sessions.subscribe(id, topic, qos);
    await this.saved();
  }

  async removeSubscriptions({ id }: AedesClient, filters: readonly string[]): Promise<void> {
    for (const filter of filters) this.sessions.unsubscribe(id, filter);
    await this.saved();
  }

  async subscriptionsByClient({ id }: AedesClient): Promise<{ topic: string; qos: Qos }[]> {
    const filters = this.sessions.filtersOf(id);
    return filters.length === 0 && this.sessions.isReturnedTo(id) ? [{ topic: NO_FILTER, qos: 0 }] : filters;
  }

  subscriptionsByTopic(topic: string): AtOnce<Subscription[]> {
    return atOnce(this.sessions.wanting(topic));
  }

  /** Called when a session begins that is not to last: of an earlier one with its key nothing remains. */
  async cleanSubscriptions({ id }: AedesClient): Promise<void> {
    this.sessions.forget(id);
  }

  async cleanIncoming({ id }: AedesClient): Promise<void> {
    this.#forgetIncoming(id);
  }

  outgoingEnqueueCombi(subscriptions: readonly Subscription[], packet: AedesPacket): AtOnce<undefined> {
    const { brokerId, brokerCounter, topic, payload } = packet;
    for (const { clientId, qos } of subscriptions) {
      const least = Math.min(qos, packet.qos) as 1 | 2;
      this.sessions.keep(clientId, { cmd: 'publish', brokerId, brokerCounter, topic, payload, qos: least });
    }
    return atOnce(undefined);
  }

  /** A message is about to be sent under its id, or a PUBREL in place of one that the client has. */
  async outgoingUpdate(client: AedesClient, packet: AedesPacket): Promise<void> {
    const outbox = this.sessions.outboxOf(client.id);
    const { messageId = 0 } = packet;
    const changed =
      packet.cmd === 'pubrel' ? outbox?.released(messageId) : outbox?.sent(packet, messageId, client);
    if (changed === undefined) return;
    this.#underWay.get(client)?.delete(changed.place);
    this.sessions.keepSent(client.id, changed);
    // A QoS 2 message is delivered once only if both sides remember what was said.
    if (changed.packet.qos === 2) await this.saved();
  }

  async outgoingClearMessageId(client: AedesClient, packet: AedesPacket): Promise<AedesPacket | undefined> {
    if (packet.messageId === undefined) return undefined;
    const waiting = this.sessions.outboxOf(client.id)?.acknowledged(packet.messageId);
    if (waiting !== undefined) this.sessions.drop(client.id, waiting);
    return waiting?.packet;
  }

  /** Called once for each connection. */
  outgoingStream(client: AedesClient): Readable {
    return Readable.from(this.#resend(client));
  }

  async incomingStorePacket({ id, clean }: AedesClient, { messageId = 0 }: AedesPacket): Promise<void> {
    const held = this.#incomingOf(id);
    held.add(messageId);
    // One that never releases anything is not to fill the disk; what is resent of the oldest counts as new then.
    const [oldest = messageId] = held;
    if (held.size > MOST_INCOMING) await this.incomingDelPacket({ id }, { messageId: oldest });
    if (clean) return;
    const name = String(messageId);
    this.#options.file.put({ kind: 'incoming', owner: id, name, about: null, payload: NOTHING });
  }

  async incomingGetPacket(
    { id }: AedesClient,
    { messageId = 0 }: AedesPacket,
  ): Promise<{ messageId: number }> {
    if (!this.holds(id, messageId)) throw new Error('no such packet');
    return { messageId };
  }

  async incomingDelPacket(
    { id }: AedesClient,
    { messageId = 0 }: Pick<AedesPacket, 'messageId'>,
  ): Promise<void> {
    if (!this.#incoming.get(id)?.delete(messageId)) throw new Error('no such packet');
    this.#options.file.remove('incoming', id, String(messageId));
  }

  async putWill({ id: key }: AedesClient, packet: AedesPacket & { readonly retain: boolean }): Promise<void> {
    const identity = this.#options.identityOf(key);
    if (identity === undefined) return;
    const { topic, payload, qos, retain } = packet;
    this.#wills.add(key);
    const about = { identity, topic, qos, retain };
    this.#options.file.put({ kind: 'will', owner: key, name: '', about, payload: Buffer.from(payload) });
  }

  async delWill({ id: key }: AedesClient): Promise<void> {
    this.#dropWill(key);
  }

  /** The broker alone knows when those of an earlier life are to be told. */
  streamWill(): Readable {
    return Readable.from([]);
  }

  #restore(record: SavedRecord): void {
    const { kind, owner, name, about, payload } = record;
    switch (kind) {
      case 'incoming':
        this.#incomingOf(owner).add(Number(name));
        break;
      case 'retained':
        this.#retained.set({ topic: name, payload, qos: (about as { qos: Qos }).qos });
        break;
      case 'will':
        this.#wills.add(owner);
        this.#leftWills.set(owner, { ...(about as Omit<LeftWill, 'payload'>), payload });
        break;
      case 'session':
        break;
      default:
        this.sessions.restore(record);
    }
  }

  /**
   * What was sent before on another connection says so (MQTT 3.1.1, 3.3.1.1). It ends when all of it is sent, since streams
   * read ahead and what came now would overtake what they hold; what comes meanwhile is sent in its turn.
   */
  async *#resend(client: AedesClient) {
    const outbox = this.sessions.outboxOf(client.id);
    const underWay = new Set<number>();
    this.#underWay.set(client, underWay);
    for (;;) {
      for (const { place, packet, messageId } of outbox?.toSend(client) ?? []) {
        underWay.add(place);
        const dup = messageId !== undefined && packet.cmd === 'publish';
        yield { ...packet, retain: false, dup, messageId };
      }
      // What the client has acknowledged before it was sent, or was forgotten with the session, is under way no more.
      for (const place of underWay)
        if (!this.sessions.outboxOf(client.id)?.has(place)) underWay.delete(place);
      if (underWay.size === 0 || client.closed) break;
      await delay(CATCH_UP_MS);
    }
    this.#caughtUp.add(client);
  }

  #incomingOf(key: string): Set<number> {
    const known = this.#incoming.get(key) ?? new Set();
    this.#incoming.set(key, known);
    return known;
  }

  #forgetIncoming(key: string): void {
    for (const id of this.#incoming.get(key) ?? []) this.#options.file.remove('incoming', key, String(id));
    this.#incoming.delete(key);
  }

  #dropWill(key: string): void {
    if (!this.#wills.delete(key)) return;
    this.#leftWills.delete(key);
    this.#options.file.remove('will', key, '');
  }
}

/** What aedes takes for a promise, and is told without a turn between: messages keep the order in which they were numbered. */
interface AtOnce<T> {
  then(tell: (value: T) => void): void;
}

function atOnce<T>(value: T): AtOnce<T> {
  // biome-ignore lint/suspicious/noThenProperty: it is what aedes asks for.
  return { then: (tell) => tell(value) };
}

function* retainedPackets(messages: Iterable<RetainedMessage>) {
  for (const message of messages) yield { cmd: 'publish', retain: true, ...message };
}
