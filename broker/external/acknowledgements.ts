/** First bytes of the answers to a message (MQTT 3.1.1, 2.2.1). */
export const PUBACK = 0x40;
export const PUBREC = 0x50;

/** Messages that become durable by one promise. */
interface Together {
  readonly durable: Promise<unknown>;
  /** Empty once it was refused. */
  answers: number[];
  messages: number;
  isSettled: boolean;
}

export interface AcknowledgementEnds {
  write(bytes: Uint8Array): void;
  /** Messages will never be durable: they stay unanswered, so that the broker keeps them. */
  onRefused(error: unknown): void;
  /** Fewer wait than before. */
  onRoom(): void;
}

/**
 * The answers to the messages of one connection, in the order in which these came (MQTT 3.1.1, 4.6) and only when they are
 * durable; all that one commit has made durable in one write. A message that is refused holds nobody up.
 */
export class Acknowledgements {
  readonly #ends: AcknowledgementEnds;
  #groups: Together[] = [];
  #waiting = 0;
  #isDue = false;

  constructor(ends: AcknowledgementEnds) {
    this.#ends = ends;
  }

  /** Messages without an answer yet. */
  get waiting(): number {
    return this.#waiting;
  }

  add(kind: typeof PUBACK | typeof PUBREC, packetId: number, durable: Promise<unknown>): void {
    const newest = this.#groups.at(-1);
    const group = newest?.durable === durable && !newest.isSettled ? newest : this.#watch(durable);
    group.answers.push(kind, 2, packetId >> 8, packetId & 0xff);
    group.messages += 1;
    this.#waiting += 1;
  }

  #watch(durable: Promise<unknown>): Together {
    const group: Together = { durable, answers: [], messages: 0, isSettled: false };
    this.#groups.push(group);
    const settle = () => {
      group.isSettled = true;
      if (this.#isDue) return;
      this.#isDue = true;
      // What else becomes durable in this turn is answered along with it.
      queueMicrotask(() => this.#answer());
    };
    durable.then(settle, (error) => {
      group.answers = [];
      settle();
      this.#ends.onRefused(error);
    });
    return group;
  }

  #answer(): void {
    this.#isDue = false;
    const first = this.#groups.findIndex(({ isSettled }) => !isSettled);
    const settled = this.#groups.splice(0, first === -1 ? this.#groups.length : first);
    if (settled.length === 0) return;
    for (const { messages } of settled) this.#waiting -= messages;
    const bytes = Uint8Array.from(settled.flatMap(({ answers }) => answers));
    if (bytes.length > 0) this.#ends.write(bytes);
    this.#ends.onRoom();
  }
}
