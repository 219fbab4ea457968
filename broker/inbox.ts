import type { Identity } from './acl.ts';

/** A message as it came in, before anybody has it. */
export interface InboundMessage {
  readonly identity: Identity;
  /** As the client chose it; only together with the identity does it name a session. */
  readonly clientId: string;
  /** Differs for each connection of this broker's life: tells a resend after a reconnect from a repetition. */
  readonly connectionId?: string;
  readonly topic: string;
  /** May share memory with its neighbours of the same read: copy it to keep it. */
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** The client says it sent this packet before. */
  readonly dup: boolean;
  readonly retain: boolean;
  /** Undefined for QoS 0 and for last wills. */
  readonly packetId: number | undefined;
  readonly receivedAtMs: number;
  /**
   * Not said just now: 'kept' is what a broker elsewhere tells to whoever subscribes, the last word on a topic; 'waited' has
   * lain there, for nobody knows how long, while we were away.
   */
  readonly arrival?: 'kept' | 'waited';
}

/**
 * What makes a message durable. Called once for each message (a QoS 1 resend is a new call, with `dup`), many at a
 * time; PUBACK or PUBREC goes out when the promise resolves. It retries by itself: a rejection means it never will,
 * and the connection is dropped without an acknowledgement, so that the device keeps the message.
 */
export interface DurabilityHook {
  receive(message: InboundMessage): Promise<unknown>;
}

/** Messages that become durable by one promise. */
interface Together {
  readonly work: Promise<unknown>;
  messages: number;
}

/** Messages on their way to the hook. A QoS 2 message goes there once, however often it is sent. */
export class Inbox {
  readonly #hook: DurabilityHook;
  /** Whether the QoS 2 message is already held for its PUBREL. */
  readonly #isHeld: (sessionKey: string, packetId: number) => boolean;
  readonly #qos2 = new Map<string, Promise<unknown>>();
  #waiting = 0;
  #newest: Together | undefined;
  #onEmpty: (() => void)[] = [];

  constructor(hook: DurabilityHook, isHeld: (sessionKey: string, packetId: number) => boolean) {
    this.#hook = hook;
    this.#isHeld = isHeld;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Resolves when the message is durable. What becomes durable together may share one promise, and is then counted and
   * watched as one: at 50,000 messages a second a watcher for each would be a good part of all the work.
   */
  receive(message: InboundMessage, sessionKey: string): Promise<unknown> {
    const { qos, packetId } = message;
    const work =
      qos === 2 && packetId !== undefined
        ? this.#receiveOnce(message, sessionKey, packetId)
        : this.#call(message);
    this.#waiting += 1;
    if (this.#newest?.work === work) this.#newest.messages += 1;
    else this.#watch({ work, messages: 1 });
    return work;
  }

  /** Resolves when everything under way has its answer. */
  drain(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #watch(group: Together): void {
    this.#newest = group;
    const settle = () => {
      if (this.#newest === group) this.#newest = undefined;
      this.#waiting -= group.messages;
      if (this.#waiting > 0) return;
      for (const tell of this.#onEmpty.splice(0)) tell();
    };
    group.work.then(settle, settle);
  }

  /** A hook that throws at once is one that rejects. */
  #call(message: InboundMessage): Promise<unknown> {
    try {
      return this.#hook.receive(message);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #receiveOnce(message: InboundMessage, sessionKey: string, packetId: number): Promise<unknown> {
    const key = `${sessionKey}\n${packetId}`;
    const earlier = this.#qos2.get(key);
    if (earlier) return earlier;
    const work = this.#isHeld(sessionKey, packetId) ? Promise.resolve() : this.#call(message);
    this.#qos2.set(key, work);
    // Only in the next turn: by then aedes holds the packet, and #isHeld answers for it.
    const forget = () => setImmediate(() => this.#qos2.delete(key));
    work.then(forget, forget);
    return work;
  }
}
