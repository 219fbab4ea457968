/** A QoS 1 or 2 message on its way to one session, or the PUBREL that follows a QoS 2 one. */
export interface Outgoing {
  readonly cmd: 'publish' | 'pubrel';
  readonly brokerId: string;
  readonly brokerCounter: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 1 | 2;
}

export interface Waiting {
  /** Grows by one a message: its place in the queue. */
  readonly place: number;
  readonly packet: Outgoing;
  /** Under which the client was sent it; undefined: it was not. */
  readonly messageId?: number;
  /** The connection it was sent on; an earlier one's, or undefined, means that it is to be sent again. */
  readonly sentTo?: object;
}

const MOST_MESSAGES = 1_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** What a message takes besides its payload, roughly. */
const OVERHEAD_BYTES = 200;

/** What one session has yet to acknowledge, oldest first; bounded. */
export class Outbox {
  readonly #byPlace = new Map<number, Waiting>();
  readonly #placeOf = new Map<string, number>();
  readonly #placeOfMessage = new Map<number, number>();
  #bytes = 0;
  #next = 1;
  /** The packet id that was given last. */
  lastId: number | undefined;

  get size(): number {
    return this.#byPlace.size;
  }

  has(place: number): boolean {
    return this.#byPlace.has(place);
  }

  /** Puts it at the end, or where it was kept; gives it back with those that had to go for it: the oldest not yet sent. */
  add(packet: Outgoing, kept?: Pick<Waiting, 'place' | 'messageId'>): { added: Waiting; dropped: Waiting[] } {
    const added: Waiting = { place: this.#next, packet, ...kept };
    this.#next = Math.max(this.#next, added.place) + 1;
    this.#set(added);
    this.#bytes += bytesOf(packet);
    const dropped: Waiting[] = [];
    for (const candidate of this.#byPlace.values()) {
      if (this.#byPlace.size <= MOST_MESSAGES && this.#bytes <= MOST_BYTES) break;
      if (candidate.messageId !== undefined || candidate.sentTo !== undefined) continue;
      this.#delete(candidate);
      dropped.push(candidate);
    }
    return { added, dropped };
  }

  /** The message was sent under this id. */
  sent(
    key: Pick<Outgoing, 'brokerId' | 'brokerCounter'>,
    messageId: number,
    sentTo: object,
  ): Waiting | undefined {
    const waiting = this.find(key);
    return waiting && this.#set({ ...waiting, messageId, sentTo });
  }

  /** The client has it (PUBREC); what remains is to say PUBREL. */
  released(messageId: number): Waiting | undefined {
    const waiting = this.#at(this.#placeOfMessage.get(messageId));
    if (waiting === undefined) return undefined;
    this.#bytes -= waiting.packet.payload.length;
    const packet = { ...waiting.packet, cmd: 'pubrel' as const, payload: new Uint8Array(0) };
    return this.#set({ ...waiting, packet });
  }

  /** The client has it for good (PUBACK, PUBCOMP). */
  acknowledged(messageId: number): Waiting | undefined {
    const waiting = this.#at(this.#placeOfMessage.get(messageId));
    if (waiting) this.#delete(waiting);
    return waiting;
  }

  find(key: Pick<Outgoing, 'brokerId' | 'brokerCounter'>): Waiting | undefined {
    return this.#at(this.#placeOf.get(keyOf(key)));
  }

  /** What this connection has not been sent, with what comes while it is asked for; each counts as sent once it is given. */
  *toSend(connection: object): Generator<Waiting> {
    for (const waiting of this.#byPlace.values()) {
      if (waiting.sentTo === connection) continue;
      yield this.#set({ ...waiting, sentTo: connection });
    }
  }

  all(): Iterable<Waiting> {
    return this.#byPlace.values();
  }

  #at(place: number | undefined): Waiting | undefined {
    return place === undefined ? undefined : this.#byPlace.get(place);
  }

  #set(waiting: Waiting): Waiting {
    const earlier = this.#byPlace.get(waiting.place)?.messageId;
    if (earlier !== undefined) this.#placeOfMessage.delete(earlier);
    this.#byPlace.set(waiting.place, waiting);
    this.#placeOf.set(keyOf(waiting.packet), waiting.place);
    if (waiting.messageId === undefined) return waiting;
    this.lastId = waiting.messageId;
    this.#placeOfMessage.set(waiting.messageId, waiting.place);
    return waiting;
  }

  #delete({ place, packet, messageId }: Waiting): void {
    this.#byPlace.delete(place);
    this.#placeOf.delete(keyOf(packet));
    if (messageId !== undefined) this.#placeOfMessage.delete(messageId);
    this.#bytes -= bytesOf(packet);
  }
}

const keyOf = ({ brokerId, brokerCounter }: Pick<Outgoing, 'brokerId' | 'brokerCounter'>) =>
  `${brokerId} ${brokerCounter}`;
const bytesOf = ({ payload }: Outgoing): number => payload.length + OVERHEAD_BYTES;
